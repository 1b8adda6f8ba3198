import { expect, it } from '@jest/globals'
import { compiledIn, compiledInPlain } from '../../../script/bench-run.ts'

it('reads the compiling steps that ran in the log of this action', () => {
  const log = [
    'vllm v0.10.2 | [wheel-builder 1/1] RUN build-wheel',
    'vllm v0.10.2 | [wheel-builder 1/1] RUN build-wheel 73.1 s',
    'sglang v0.5.11 | [wheel-builder 1/1] RUN build-wheel 73.1 s',
    '[ucx-builder 1/1] RUN build-ucx cached',
    '[image 3/5] RUN install-nixl 4.0 s',
  ]
  expect(compiledIn(log.join('\n'))).toEqual(['build-wheel'])
})

it('reads them in the plain progress of BuildKit, too', () => {
  const run = (step: string) =>
    `RUN --mount=type=tmpfs,target=/tmp ["/bin/sh", "/common/run", "step", "${step}"]`
  const log = [
    `#12 [ucx-builder 1/1] ${run('build-ucx')}`,
    '#12 0.123 configuring',
    `#13 [wheel-builder 1/1] ${run('build-wheel')}`,
    '#13 CACHED',
    `#14 [image 3/5] ${run('install-nixl')}`,
  ]
  expect(compiledInPlain(log.join('\n'))).toEqual(['build-ucx'])
})
