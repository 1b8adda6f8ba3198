import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { createRawJsonParser } from '../../../src/buildkit/rawjson.ts'
import {
  addSteps,
  cleanName,
  createStepTable,
  failedStep,
  repeatedSteps,
  type Step,
  uncachedSteps,
} from '../../../src/buildkit/steps.ts'

function table(name: string): Step[] {
  const steps = createStepTable()
  const parser = createRawJsonParser((event) => {
    if (event.kind === 'step') steps.update(event)
    if (event.kind === 'output') steps.addLine(event.step, event.data.toString('utf8').trimEnd())
  })
  parser.write(readFileSync(new URL(`fixtures/${name}.rawjson`, import.meta.url)))
  return steps.list()
}

const event = (
  step: string,
  name: string,
  more: { started?: number; completed?: number; cached?: boolean; error?: string } = {},
) =>
  ({
    kind: 'step',
    step,
    name,
    started: more.started,
    completed: more.completed,
    cached: more.cached ?? false,
    error: more.error,
  }) as const

describe('the table of steps', () => {
  it('of a repeated build has only cached steps', () => {
    const steps = table('repeated')
    expect(steps.filter((step) => step.cached).map((step) => step.name.slice(0, 16))).toEqual([
      '[image 3/3] RUN ',
      '[image 2/3] COPY',
      '[wheel 1/1] RUN ',
      '[image 1/3] COPY',
    ])
    expect(uncachedSteps(steps)).toEqual([])
  })

  it('of a failed build has the failed step and its output', () => {
    const step = failedStep(table('failed'))
    expect(step).toMatchObject({
      instruction: 'RUN',
      lastLines: ['some', 'ERROR: No matching distribution found for nixl==9.9.9'],
      suspects: ['ERROR: No matching distribution found for nixl==9.9.9'],
    })
  })

  it('leaves a finished step unchanged when a request for its checksum is cancelled', () => {
    const steps = createStepTable()
    steps.update(event('a', '[x 1/2] RUN a', { started: 1, completed: 5 }))
    const error = 'failed to calculate checksum of ref x::y: context canceled'
    steps.update(event('a', '[x 1/2] RUN a', { started: 7, completed: 8, error }))
    expect(steps.list()).toMatchObject([{ started: 1, completed: 5, error: undefined }])
  })

  it('names a step of our own by what it does', () => {
    const run = (words: string) =>
      `RUN --mount=type=tmpfs,target=/tmp     ["/bin/sh", "/run/image-action/common/run", ${words}]`
    expect(cleanName(`[ucx-builder 1/1] ${run('"step", "build-ucx"')}`)).toBe(
      '[ucx-builder 1/1] RUN build-ucx',
    )
    expect(cleanName(`[m 1/1] ${run('"measure", "base", "/facts/base.json"')}`)).toBe(
      '[m 1/1] RUN measure base /facts/base.json',
    )
  })

  it('does not report a step that was cancelled because of another one', () => {
    const steps = createStepTable()
    steps.update(
      event('a', '[x 1/2] RUN a', { started: 1, completed: 2, error: 'exit code: 137: context canceled' }),
    )
    steps.update(event('b', '[y 1/2] RUN b', { started: 1, completed: 2, error: 'exit code: 1' }))
    expect(failedStep(steps.list())?.id).toBe('b')
  })

  it('counts the first start and the last end of a step that starts twice', () => {
    const steps = createStepTable()
    for (const times of [{ started: 10, completed: 11 }, { started: 20 }, { started: 20, completed: 30 }])
      steps.update(event('a', '[internal] load build definition', times))
    expect(steps.get('a')).toMatchObject({
      started: 10,
      completed: 30,
      stage: undefined,
      instruction: undefined,
    })
  })

  it.each([
    ['a RUN that ran', '[image 1/2] RUN x', { started: 1, completed: 2 }, true],
    ['a COPY that ran', '[image 1/2] COPY x y', { started: 1, completed: 2 }, true],
    ['a COPY for one platform', '[linux/arm64 image  1/12] COPY x y', { started: 1, completed: 2 }, true],
    ['a RUN that is still running', '[1/2] RUN x', { started: 1 }, true],
    ['a RUN from the cache', '[image 1/2] RUN x', { started: 1, completed: 1, cached: true }, false],
    ['a RUN that was not needed', '[image 1/2] RUN x', {}, false],
    ['FROM', '[base 1/1] FROM docker.io/x', { started: 1, completed: 2 }, false],
    ['an export', 'exporting to image', { started: 1, completed: 2 }, false],
    ['a login', '[auth] library/x:pull token for registry', { started: 1, completed: 2 }, false],
    ['a context', '[context aibrix-source] load from client', { started: 1, completed: 2 }, false],
  ])('%s', (_, name, times, expected) => {
    const steps = createStepTable()
    steps.update(event('a', name, times))
    expect(uncachedSteps(steps.list()).length === 1).toBe(expected)
  })

  it('has a bounded size, whatever BuildKit reports', () => {
    const steps = createStepTable({ stepLimit: 3, lineLimit: 2 })
    for (let index = 0; index < 10; index += 1)
      steps.update(event(String(index), `[a 1/1] RUN ${index}`, { started: 1 }))
    for (let index = 0; index < 100; index += 1) steps.addLine('0', `error ${index} ${'x'.repeat(10_000)}`)
    steps.addLine('9', 'nobody')
    expect(steps.list()).toHaveLength(3)
    expect(steps.get('0')?.lastLines.map((line) => line.slice(0, 9))).toEqual(['error 98 ', 'error 99 '])
    expect(steps.get('0')?.lastLines[0]?.length).toBeLessThan(1000)
    expect(steps.get('0')?.suspects.length).toBeLessThanOrEqual(50)
    steps.update(event('0', '', { started: 1, completed: 2 }))
    expect(steps.get('0')?.lastLines).toEqual([])
  })

  it.each([
    [
      '[image 3/7] RUN --mount=type=secret,id=a,required=false   pip install \\\n  x',
      '[image 3/7] RUN pip install \\ x',
    ],
    [`[base 1/1] FROM docker.io/a/b:1@sha256:${'a'.repeat(64)}`, '[base 1/1] FROM docker.io/a/b:1'],
    ['[a 1/1] RUN \u001b[31mred\u001b[0m\u0007', '[a 1/1] RUN red'],
    [`[a 1/1] RUN ${'x'.repeat(500)}`, `[a 1/1] RUN ${'x'.repeat(146)} …`],
  ])('cleans the name %j', (name, expected) => {
    expect(cleanName(name)).toBe(expected)
  })
})

describe('a step that another build on the engine runs at the same time', () => {
  const callOf = (start: number, ...more: ReturnType<typeof event>[]) => {
    const steps = createStepTable()
    steps.update(
      event('d', '[internal] load build definition from Dockerfile', { started: start, completed: start }),
    )
    for (const each of more) steps.update(each)
    return steps.list()
  }
  const other = event('x', '[image 1/5] RUN a', { started: 10, completed: 50 })
  const own = event('y', '[image 1/5] RUN a', { started: 110, completed: 150 })

  it.each<[string, Step[], Step[], number]>([
    ['is no repetition if it was reported to the measurement too', callOf(20, other), callOf(60, other), 0],
    ['is a repetition if it was not reported to the measurement', callOf(20), callOf(60, other), 1],
    ['is a repetition if it began after this call', callOf(20, own), callOf(60, own), 1],
  ])('%s', (_, measured, built, repeated) => {
    expect(repeatedSteps(built, measured)).toHaveLength(repeated)
  })

  it('is added once for two parallel calls', () => {
    const steps: Step[] = []
    for (const call of [callOf(20, other), callOf(21, other)]) addSteps(steps, call)
    expect(steps.filter(({ id }) => id === 'x')).toHaveLength(1)
  })
})
