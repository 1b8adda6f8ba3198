import { describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { unreviewedEvents, unreviewedRefs } from '../../src/inputs/push.ts'
import { actionDefaults, readAction } from '../../script/action-defaults.ts'
import { inputsOf } from '../support/machine.ts'

type Step = { uses?: string; run?: string; with?: Record<string, unknown> }
type Job = {
  if?: string
  needs?: string | string[]
  uses?: string
  with?: Record<string, string>
  secrets?: Record<string, string>
  steps?: Step[]
}
type Workflow = { on: unknown; permissions?: unknown; jobs: Record<string, Job> }
type Called = {
  inputs: Record<string, { default: unknown }>
  secrets: Record<string, unknown>
  outputs: Record<string, unknown>
}

const folders = ['.github/workflows', 'examples']
const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
const ci = readWorkflow('.github/workflows/ci.yml')
const images = readWorkflow('.github/workflows/images.yml')
const called = (images.on as { workflow_call: Called }).workflow_call

function readWorkflow(file: string): Workflow {
  return parse(readFileSync(file, 'utf8')) as Workflow
}

function stepsOf({ jobs }: Workflow): Step[] {
  return Object.values(jobs).flatMap(({ steps = [] }) => steps)
}

function ownSteps(workflow: Workflow): Step[] {
  return stepsOf(workflow).filter(({ uses }) => uses?.startsWith('aibrix/image-action@'))
}

it('the last job of CI needs every other one', () => {
  const { passed, ...others } = ci.jobs
  expect(passed?.needs).toEqual(Object.keys(others))
})

describe.each(files)('%s', (file) => {
  const workflow = readWorkflow(file)

  it('grants only permissions that a job names', () => {
    // The jobs of a called workflow have the caller's permissions
    expect(workflow.permissions).toEqual(file.endsWith('images.yml') ? undefined : {})
  })

  it('names the version of each action that it pins', () => {
    const uses = [...readFileSync(file, 'utf8').matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(([, value]) => value)
    for (const value of uses)
      expect(value).toMatch(
        /^(\.\/|aibrix\/image-action(\/[\w./-]+)?@v1$|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/,
      )
  })

  it('has no expression in a script', () => {
    for (const { run = '' } of stepsOf(workflow)) expect(run).not.toContain('${{')
  })

  it('uses only inputs that the action and images.yml have', () => {
    const inputs = Object.keys(readAction().inputs)
    for (const step of ownSteps(workflow))
      expect(inputs).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})))
    for (const job of Object.values(workflow.jobs).filter(({ uses }) => uses?.includes('/images.yml'))) {
      expect(Object.keys(called.inputs)).toEqual(expect.arrayContaining(Object.keys(job.with ?? {})))
      expect(Object.keys(called.secrets)).toEqual(expect.arrayContaining(Object.keys(job.secrets ?? {})))
    }
  })
})

describe.each(readdirSync('examples'))('examples/%s', (name) => {
  const workflow = readWorkflow(join('examples', name))
  const text = readFileSync(join('examples', name), 'utf8')

  it('states the namespace to which it publishes', () => {
    const called = Object.values(workflow.jobs).filter(({ uses }) => uses?.includes('/images.yml'))
    const given = [...ownSteps(workflow), ...called]
    expect(given.length).toBeGreaterThan(0)
    for (const one of given) expect(one.with?.namespace).toMatch(/^[a-z]/)
  })

  it('states which runners must be replaced because not everybody has them', () => {
    const lines = text.split('\n')
    const own = lines.filter((line) => /self-hosted|-cores/.test(line) && !line.trim().startsWith('#'))
    for (const line of own) {
      const before = lines
        .slice(0, lines.indexOf(line))
        .findLast((each) => !/^ *linux\/|runners: \|/.test(each))
      expect(/replace/i.test(line) ? line : before).toMatch(/# .*replace/i)
    }
  })
})

describe('images.yml', () => {
  const own = ['small-runner', 'timeout-minutes', 'release-notes']
  const shared = Object.entries(called.inputs).filter(([name]) => !own.includes(name))
  const defaults = actionDefaults()

  it.each(shared)("has the action's default for %s", (name, input) => {
    expect(String(input.default)).toBe(defaults[name])
  })

  it.each([
    ...shared.map(([name]) => [name, `\${{ inputs.${name} }}`] as const),
    ...Object.keys(called.secrets).map((name) => [name, `\${{ secrets.${name} }}`] as const),
  ])('passes %s on, and nothing else under that name', (name, expression) => {
    // A job that verifies has the platform of its image.
    const steps = ownSteps(images).filter((step) => name !== 'platforms' || step.with?.command !== 'verify')
    const given = steps.flatMap((step) => (name in (step.with ?? {}) ? [step.with?.[name]] : []))
    expect(given.length).toBeGreaterThan(0)
    expect(new Set(given)).toEqual(new Set([expression]))
  })

  it('has every input of the action except those of its own jobs, of one machine, and of one value', () => {
    const left = [
      ...['command', 'plan', 'leg', 'image', 'github-token', 'summary', 'verify', 'where'],
      ...['builder', 'buildkit-image', 'network', 'parallel', 'ca-certificates', 'extra-files'],
      ...['ucx-version'],
      ...['apply', 'keep-days', 'keep', 'undated', 'prune-public'],
    ]
    const there = [...shared.map(([name]) => name), ...Object.keys(called.secrets)]
    expect([...there, ...left].sort()).toEqual(Object.keys(defaults).sort())
  })

  it('tells a verification where the base is, without which it could not compare the image', () => {
    const [verify] = ownSteps(images).filter((step) => step.with?.command === 'verify')
    expect(verify?.with).toMatchObject({
      'base-registry': expect.anything(),
      'base-image': expect.anything(),
      'cache-repository': expect.anything(),
    })
  })

  it('overwrites artifacts of the same name, for two calls in one run and a job that is run again', () => {
    const uploads = stepsOf(images).filter(({ uses }) => uses?.startsWith('actions/upload-artifact@'))
    expect(uploads.map((step) => step.with?.overwrite)).toEqual([true, true])
  })

  it('promotes exactly for the events on which the action pushes by default', () => {
    const condition = images.jobs.promote?.if ?? ''
    expect(JSON.parse(/fromJSON\('(.*?)'\)/.exec(condition)?.[1] ?? '')).toEqual(unreviewedEvents)
    expect(condition).toContain(`!startsWith(github.ref, '${unreviewedRefs}')`)
  })

  it('has the outputs of the action under their names', () => {
    expect(Object.keys(readAction().outputs)).toEqual(expect.arrayContaining(Object.keys(called.outputs)))
  })
})

it('examples/release-tags.yml builds the repository that contains it, also in a fork', () => {
  const [step] = ownSteps(readWorkflow('examples/release-tags.yml'))
  expect(step?.with?.['aibrix-repository']).toBe('${{ github.server_url }}/${{ github.repository }}')
})

it.each(['by-hand.yml', 'many-runners.yml'])(
  'the one-line form of examples/%s explains how to write the versions of both engines',
  (name) => {
    const text = readFileSync(join('examples', name), 'utf8')
    const [, versions = ''] = /"(vllm: [^";]*; sglang: [^"]*)"/.exec(text) ?? []
    const read = inputsOf({ versions }).plan.engines.map((one) => [one.engine, one.versions.include.length])
    expect(read).toEqual([
      ['vllm', 2],
      ['sglang', 1],
    ])
  },
)

it('docs/workflows.md shows each example and has no broken link', () => {
  const text = readFileSync('docs/workflows.md', 'utf8')
  const links = [...text.matchAll(/\]\(((?!https?:|#)[^)#]+)/g)].map((match) => join('docs', match[1] ?? ''))
  expect(links.filter((link) => !existsSync(link))).toEqual([])
  const examples = readdirSync('examples').map((name) => join('examples', name))
  expect(links).toEqual(expect.arrayContaining(examples))
})
