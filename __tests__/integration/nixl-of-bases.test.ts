import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { type ActionRun, errorsOf, failedGates, registry, runAction, tagsOf } from '../support/action.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

/**
 * A base that ships NIXL 1.5.0 in both variants; neither the catalogue nor a new cache repository
 * knows that.
 */
function act(name: string, more: Record<string, string>): Promise<ActionRun> {
  const base = world().standIns.baseRegistries['with-both-nixl'] ?? ''
  return runAction(
    world().inputs({
      ...{ engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' },
      ...{ 'base-registry': base, namespace: namespace(name), ...more },
    }),
  )
}

function namespace(name: string): string {
  return `${world().namespace}-${name}`
}

const tag = 'v0.21.0-aibrix-v0.7.0-nixl-1.5.0-20251123'
const noTools = { kind: 'tools', name: 'ucx-tools: none' }
const again = 'Planning again, with what was measured in the bases.'

function gatesOf({ summary }: ActionRun, gate: string): string[] {
  return summary.split('\n').filter((line) => line.includes(`\`${gate}\``) || line.includes(`>${gate}<`))
}

describe('the first run on a base that was never measured', () => {
  it(
    'publishes with the NIXL of the base in one run, and the second run has nothing to do',
    async () => {
      const first = await act('first', { 'nixl-version': 'default', push: 'true' })
      expect(errorsOf(first)).toEqual([])
      expect(first.code).toBe(0)
      expect(first.log.split(again)).toHaveLength(2)
      expect(await tagsOf(`${namespace('first')}/vllm-openai`)).toEqual([tag])
      expect(gatesOf(first, 'nixl-variant').join()).not.toContain('failed')
      expect(Object.values(JSON.parse(first.outputs.conditions ?? '{}') as object)).toMatchObject([[noTools]])
      expect(first.summary).toContain('it has <code>ucx-tools: none</code>')
      const image = `${registry}/${namespace('first')}/vllm-openai:${tag}`
      execFileSync('docker', ['pull', '--quiet', image])
      const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' })
      const label = '{{index .Config.Labels "io.aibrix.image.conditions"}}'
      expect(docker('image', 'inspect', '--format', label, image).trim()).toBe(noTools.name)
      const packages = docker('run', '--rm', '--entrypoint', 'python3', image, '-m', 'pip', 'list')
      expect(packages.match(/^nixl\S* +\S+/gm)?.map((line) => line.replace(/ +/, ' '))).toEqual([
        'nixl 1.5.0',
        'nixl-cu12 1.5.0',
        'nixl-cu13 1.5.0',
      ])
      docker('image', 'rm', image)
      for (const nixl of ['default', 'base']) {
        const second = await act('first', { 'nixl-version': nixl, push: 'true' })
        expect({ code: second.code, changed: second.outputs.changed }).toEqual({ code: 0, changed: 'false' })
        expect(second.log).not.toContain(again)
      }
    },
    8 * minutes,
  )

  it.each(['default', 'base'])(
    'also succeeds without a push, with nixl-version: %s',
    async (nixl) => {
      const run = await act('unpushed', { 'nixl-version': nixl, push: 'false' })
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      expect(run.log).toContain(again)
      expect(Object.keys(JSON.parse(run.outputs.components ?? '{}') as object)).toEqual([
        'vllm-v0.21.0-aibrix-v0.7.0-nixl-1.5.0-amd64',
      ])
      expect(await tagsOf(`${namespace('unpushed')}/image-cache`)).toEqual([])
    },
    5 * minutes,
  )
})

describe('on separate runners', () => {
  it(
    'the leg that measures ends before anything is compiled, and the next plan is correct',
    async () => {
      const wanted = { 'nixl-version': 'default', push: 'true' }
      const carryOut = async (): Promise<[ActionRun, ActionRun]> => {
        const plan = await act('many', { ...wanted, command: 'plan' })
        expect(errorsOf(plan)).toEqual([])
        const { include } = JSON.parse(plan.outputs.matrix ?? '{}') as { include: { leg: string }[] }
        const [only] = include
        const build = { command: 'build', plan: plan.outputs.plan ?? '', leg: only?.leg ?? '', push: 'true' }
        return [plan, await act('many', build)]
      }
      const [plan, leg] = await carryOut()
      expect(plan.summary).toContain('the NIXL of its base has not been measured yet')
      expect(errorsOf(leg).join()).toMatch(
        /its base ships NIXL 1\.5\.0 with UCX 1\.23\.0, but the plan could not know that; .* so the next plan is right: plan again/,
      )
      expect(leg.log).not.toMatch(/\[wheel-builder|\[ucx-builder/)
      expect(await tagsOf(`${namespace('many')}/vllm-openai`)).toEqual([])

      const [right, built] = await carryOut()
      expect(errorsOf(built)).toEqual([])
      const promoted = await act('many', {
        ...{ command: 'promote', plan: right.outputs.plan ?? '', push: 'true' },
      })
      expect(errorsOf(promoted)).toEqual([])
      expect(await tagsOf(`${namespace('many')}/vllm-openai`)).toEqual([tag])
    },
    8 * minutes,
  )
})

it('a NIXL that the engine refuses is an error of the plan', async () => {
  const run = await act('refused', {
    ...{ versions: 'v0.33.0', 'nixl-version': '0.7.1' },
    'base-registry': world().standIns.baseRegistries.demanding ?? '',
  })
  expect(errorsOf(run).join()).toMatch(
    /vLLM v0\.33\.0 refuses NIXL 0\.7\.1, because it needs 1\.5\.0 or later; set nixl-version: base \(which ships 1\.5\.0\), 1\.5\.0 or later/,
  )
  expect(failedGates(run)).toEqual([])
})
