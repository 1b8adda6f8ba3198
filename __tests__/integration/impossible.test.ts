import { beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, changedAction, errorsOf, runAction, tagsOf } from '../support/action.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

/**
 * Returns the action with a catalogue that lists no bases, and by which AIBrix v0.7.0 needs a newer
 * torch than one base has.
 */
function ignorantAction(): string {
  return changedAction('dockerfiles/catalogue.json', (text) => {
    const catalogue = JSON.parse(text) as {
      bases: object
      releases: Record<string, { needs: { torch: string } }>
    }
    catalogue.bases = { vllm: [], sglang: [] }
    for (const release of Object.values(catalogue.releases)) release.needs.torch = '>=2.9'
    return JSON.stringify(catalogue)
  })
}

const wanted = { engine: 'vllm', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }
const reason = 'aibrix_kvcache v0.7.0 needs torch >=2.9, and the base vllm/vllm-openai:v0.10.2 has 2.8.0'

describe('a combination that only the facts of a base rule out', () => {
  let folder: string
  let run: ActionRun
  const act = (more: Record<string, string>, environment: NodeJS.ProcessEnv = {}) =>
    runAction(world().inputs({ ...wanted, ...more }), { folder, environment })

  beforeAll(async () => {
    folder = ignorantAction()
    run = await act({ versions: '>=0.10 <0.22' })
  }, 10 * minutes)

  it('is left out of a range, with the reason, before anything is compiled', async () => {
    expect(errorsOf(run)).toEqual([])
    expect(run.code).toBe(0)
    expect(run.log).toContain(reason)
    expect(run.summary).toContain('Not built')
    expect(run.log).toMatch(/^::group::vllm v0\.21\.0: compile$/m)
    expect(run.log).not.toMatch(/^::group::vllm v0\.10\.2: compile$/m)
    expect(await tagsOf(`${world().namespace}/vllm-openai`)).toEqual([
      'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123',
    ])
  })

  it(
    'is known to the next plan, which measures nothing',
    async () => {
      const without = withProgram(mkdtempSync(join(tmpdir(), 'path-')), 'docker', '#!/bin/sh\nexit 1\n')
      const plan = await act({ command: 'plan', versions: '>=0.10 <0.22' }, { PATH: without })
      expect(plan.code).toBe(0)
      expect(plan.log).toContain(reason)
      expect(plan.summary).toContain('Not built')
    },
    minutes,
  )

  it(
    'is an error for a version that was named, and for a range that becomes empty',
    async () => {
      const none = `${world().namespace}-none`
      const named = await act({ versions: 'v0.10.2', namespace: none, push: 'false' })
      expect(errorsOf(named).join()).toContain(reason)
      expect(named.code).toBe(1)
      const one = await act({ versions: '~0.10', namespace: none, push: 'false' })
      expect(errorsOf(one).join()).toContain(
        `with AIBrix v0.7.0 and NIXL 0.7.1 can't be built for linux/amd64: ${reason}`,
      )
      expect(one.code).toBe(1)
      const ranges = { versions: '~0.10', 'aibrix-version': '~0.7', 'nixl-version': '~0.7' }
      const range = await act({ ...ranges, namespace: none, push: 'false' })
      expect(errorsOf(range).join()).toContain('Nothing that was selected can be built')
      expect(range.code).toBe(1)
    },
    2 * minutes,
  )

  it(
    'is found by the runner of a leg and left out by the runner that promotes',
    async () => {
      const namespace = `${world().namespace}-many`
      const { outputs } = await act({ command: 'plan', versions: '>=0.10 <0.22', namespace })
      const { include } = JSON.parse(outputs.matrix ?? '') as { include: { leg: string }[] }
      expect(include).toHaveLength(2)
      for (const { leg } of include) {
        const built = await act({ command: 'build', plan: outputs.plan ?? '', leg, namespace })
        expect(errorsOf(built)).toEqual([])
        expect(built.code).toBe(0)
      }
      const promoted = await act({ command: 'promote', plan: outputs.plan ?? '', namespace })
      expect(promoted.code).toBe(0)
      expect(promoted.log).toContain(reason)
      expect(promoted.summary).toContain('Not built')
      expect(await tagsOf(`${namespace}/vllm-openai`)).toHaveLength(1)
    },
    5 * minutes,
  )
})

it(
  'the facts of the base reveal an error of the catalogue before anything is compiled',
  async () => {
    const folder = changedAction('dockerfiles/catalogue.json', (text) => {
      const catalogue = JSON.parse(text) as {
        bases: { vllm: object[] }
        releases: Record<string, { needs: { torch: string } }>
      }
      catalogue.bases.vllm.push({ versions: '==0.10.2', torch: '2.9.0', source: 'nobody' })
      for (const release of Object.values(catalogue.releases)) release.needs.torch = '>=2.9'
      return JSON.stringify(catalogue)
    })
    const namespace = `${world().namespace}-wrong`
    const act = (more: Record<string, string>) =>
      runAction(world().inputs({ ...wanted, versions: 'v0.10.2', namespace, ...more }), { folder })
    expect(errorsOf(await act({ command: 'plan' }))).toEqual([])
    const run = await act({})
    expect(run.code).toBe(1)
    expect(errorsOf(run).join()).toContain(reason)
    expect(run.log).not.toMatch(/^\[(?:extension|wheel|ucx)/m)
  },
  2 * minutes,
)
