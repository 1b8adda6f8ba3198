import { expect, it } from '@jest/globals'
import { prune } from '../../../../src/command/prune/prune.ts'
import { stagedTag } from '../../../../src/store/contents.ts'
import { inputsOf } from '../../../support/machine.ts'
import { now } from '../../../support/prune-content.ts'
import { legOnBase, longAgo, runLeg } from '../../../support/prune-store.ts'
import { createMemory, legOf } from '../../../support/published-images.ts'

const given = {
  ...{ command: 'prune', apply: 'true', keep: '0', engine: 'vllm', registry: 'harbor.example' },
  'prune-public': 'harbor.example:443/aibrix/vllm-openai',
}

it('a repository under another name of its registry is pruned, and no reason has a secret', async () => {
  const memory = createMemory()
  const leg = await legOnBase(memory, legOf('0.20.0'))
  await runLeg(memory, leg, { at: longAgo, tags: ['v0.20.0-20250801'] })
  const { command, plan } = inputsOf(given)
  if (command.kind !== 'prune') throw new Error('it is a prune')
  const run = await prune(command, plan, {
    ...{ registry: memory.client, signal: new AbortController().signal, now },
    ...{ log: () => undefined, elapsed: () => 0, redact: (text) => text.replaceAll('hunter2', '***') },
    deleterOf: () => ({
      check: () => Promise.resolve(),
      remove: () => Promise.resolve({ state: 'stays', reason: 'hunter2 is protected' }),
    }),
  })
  const names = ['harbor.example/aibrix/vllm-openai', 'harbor.example/aibrix/image-cache']
  expect(run.repositories.map(({ repository }) => repository)).toEqual(names)
  const gone = run.repositories.flatMap((one) => one.gone)
  const tags = gone.flatMap((one) => one.tags)
  expect(tags).toEqual(expect.arrayContaining(['v0.20.0-20250801', stagedTag(leg)]))
  expect(gone[0]?.fate).toEqual({ state: 'stays', why: '*** is protected' })
})
