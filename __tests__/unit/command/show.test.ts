import * as core from '@actions/core'
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  describePlan,
  publishHistory,
  publishLogsPath,
  publishPlan,
  publishRun,
  type ShownPlan,
  type ShowSettings,
} from '../../../src/command/show.ts'
import { createOutput } from '../../../src/system/github/output.ts'
import { gateNames } from '../../../src/verify/gate.ts'
import { remember } from '../../../src/system/github/state.ts'
import { createWorkspace } from '../../../src/system/workspace.ts'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import {
  digest,
  makeExcluded,
  makeFailure,
  makeOutcome,
  makeOutcomeReport,
  makePlan,
  makePlannedImage,
  makePlannedImages,
  makeRun,
  sglang,
} from '../../support/reports.ts'
import { useStep } from '../../support/step.ts'

const step = useStep()

const secret = 'hunter2'
const redact = (text: string): string => text.replaceAll(secret, '***')

function settings(more: Partial<ShowSettings> = {}): ShowSettings {
  const { folder, summaryFile } = step()
  const retry = { retried: () => [{ problem: `registry docker.io is busy, ${secret}`, times: 2 }] }
  return {
    ...createOutput(core, redact),
    workspace: createWorkspace(folder),
    redact,
    retry,
    summary: true,
    summaryFile,
    ...more,
  }
}

const fileOf = ({ workspace }: ShowSettings): string => join(workspace.root, 'summary.md')

describe('a plan in the log', () => {
  const image = makePlannedImage()
  const [leg] = image.legs
  const same = (missingTags: string[]): PlannedImage['published'] => ({
    kind: 'same',
    digest,
    tags: ['v0.21.0-old'],
    missingTags,
  })

  it('has the sources of each image, and its tags', () => {
    expect(describePlan(makePlan([image]), true)).toEqual([
      'vLLM v0.21.0 for linux/amd64: build, verify, publish',
      `  base    vllm/vllm-openai:v0.21.0@${leg.base.digest}`,
      `  aibrix  v0.7.0 (${leg.aibrix.commit}), nixl 0.7.1, ucx 1.19.0`,
      `  build   ${leg.buildId}`,
      expect.stringMatching(/^ {2}why {5}./),
      '  tag     aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123',
    ])
  })

  it.each<[string, Partial<PlannedLeg>, string]>([
    ['of the base', { nixl: '1.5.0', nixlFrom: 'base' }, 'nixl 1.5.0 of the base, ucx 1.19.0'],
    ['without tools', { ucxVersion: '1.23.0', ucx: null }, 'nixl 0.7.1, ucx 1.23.0 without its tools'],
    [
      'that is undetermined',
      { nixl: 'base', nixlFrom: 'base', ucxVersion: null, ucx: null },
      'nixl of the base, which is measured first',
    ],
  ])('names the NIXL %s', (_, changes, expected) => {
    const lines = describePlan(makePlan([{ ...image, legs: [{ ...leg, ...changes }] }]), true)
    expect(lines).toContain(`  aibrix  v0.7.0 (${leg.aibrix.commit}), ${expected}`)
  })

  it('has only once what the platforms of an image share', () => {
    const [first, second] = makePlannedImage(undefined, ['linux/amd64', 'linux/arm64']).legs
    if (!second) throw new Error('the image has one platform')
    const other = { ...second, buildId: 'e'.repeat(64) }
    expect(describePlan(makePlan([{ ...image, legs: [first, other] }]), true).slice(0, 6)).toEqual([
      'vLLM v0.21.0 for linux/amd64: build, verify, publish',
      'vLLM v0.21.0 for linux/arm64: build, verify, publish',
      `  base    vllm/vllm-openai:v0.21.0@${leg.base.digest}`,
      `  aibrix  v0.7.0 (${leg.aibrix.commit}), nixl 0.7.1, ucx 1.19.0`,
      `  build   ${leg.buildId}`,
      `  build   ${other.buildId}`,
    ])
  })

  it.each<[string, boolean, PlannedImage]>([
    ['build, verify, publish', true, image],
    ['build and verify', false, image],
    ['built and verified already, publish', true, { ...image, legs: [{ ...leg, existing: 'staged' }] }],
    ['published already', true, { ...image, published: same([]) }],
  ])('describes an image as %s', (fate, push, planned) => {
    expect(describePlan(makePlan([planned]), push)[0]).toBe(`vLLM v0.21.0 for linux/amd64: ${fate}`)
  })

  it('names the tags that a published image has, without those that it does not get', () => {
    const lines = describePlan(makePlan([{ ...image, published: same([]) }]), true)
    expect(lines.filter((line) => line.startsWith('  tag'))).toEqual([
      '  tag     aibrix/vllm-openai:v0.21.0-old',
    ])
  })

  it.each<[string, PlannedImage, string[]]>([
    ['ghcr.io/acme/x', image, ['a', 'b']],
    ['ghcr.io/acme/x', { ...image, published: same([]) }, []],
    ['ghcr.io/acme/x lacks a, b', { ...image, published: same([]) }, ['a', 'b']],
  ])('names its mirrors, and what they lack of a published image: %s', (expected, planned, missingTags) => {
    const mirrors = [{ repository: { registry: 'ghcr.io', path: 'acme/x' }, missingTags }]
    const lines = describePlan(makePlan([{ ...planned, mirrors }]), true)
    expect(lines.filter((line) => line.startsWith('  mirror'))).toEqual([`  mirror  ${expected}`])
  })

  it('has a line for each platform', () => {
    const both = makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'])
    const lines = describePlan(makePlan([both]), true)
    expect(lines.filter((line) => line.includes(' for linux/'))).toHaveLength(2)
  })

  it.each([
    [20, []],
    [23, ['and 3 more images']],
  ])('describes at most twenty of %d images', (count, more) => {
    const lines = describePlan(makePlan(makePlannedImages(count)), true)
    expect(lines.filter((line) => line.startsWith('vLLM'))).toHaveLength(20)
    expect(lines.filter((line) => line.startsWith('and '))).toEqual(more)
  })

  it('names what is left out, and why', () => {
    const lines = describePlan(makePlan([image], { excluded: [makeExcluded()] }), true)
    expect(lines.at(-1)).toMatch(/v0\.9\.2.* is left out: AIBrix v0\.5\.0 has no patch for it\.$/)
  })
})

describe('the result of a run', () => {
  it('has a line for the gates of each leg that an earlier run judged, but not for its own', () => {
    const staged = { state: 'staged', report: makeOutcomeReport() } as const
    publishRun(makeRun([makeOutcome({ state: 'unchanged', digest }, [staged])]), settings())
    publishRun(makeRun([makeOutcome()]), settings())
    expect(
      step()
        .log()
        .filter((line) => line.includes('gates passed')),
    ).toEqual([`vLLM v0.21.0: ${gateNames.length} of ${gateNames.length} gates passed when it was built`])
  })

  it('has the folder of the logs as its first output', () => {
    const shown = settings()
    publishLogsPath(shown.workspace, shown)
    expect(step().outputs()['logs-path']).toBe(shown.workspace.logs)
  })

  it('is in outputs, log and summary', () => {
    const shown = settings()
    publishRun(makeRun([makeOutcome(), makeFailure('It does not compile.')]), shown)
    const path = fileOf(shown)
    expect(step().outputs()).toMatchObject({ changed: 'true', 'summary-path': path })
    expect(JSON.parse(step().outputs().images ?? '')).toHaveLength(2)
    expect(
      step()
        .log()
        .filter((line) => line.startsWith('::error ')),
    ).toEqual([expect.stringMatching(/^::error title=.*v0\.21\.0.* failed::It does not compile\.$/)])
    expect(step().summary()).toContain('It does not compile.')
    expect(step().summary()).toContain('registry docker.io is busy')
    expect(readFileSync(path, 'utf8')).toBe(step().summary())
  })

  it('has errors, warnings and notices as annotations', () => {
    const report = makeOutcomeReport(undefined, undefined, { warnings: ['The facts are not stored.'] })
    const outcome = makeOutcome(undefined, [{ state: 'built', report }])
    publishRun(makeRun([outcome], { error: 'The registry is gone.', excluded: [makeExcluded()] }), settings())
    const levels = step()
      .log()
      .map((line) => /^::(\w+) /.exec(line)?.[1])
    expect(levels.filter((level) => level !== undefined)).toEqual(['error', 'warning', 'notice'])
  })

  it('shows no secret, and has unchanged outputs', () => {
    const shown = settings()
    const image = makePlannedImage(undefined, undefined, { tags: [`v1-${secret}`] })
    publishRun(makeRun([makeOutcome(undefined, [], image), makeFailure(`It says ${secret}.`)]), shown)
    const everything = [...step().log(), step().summary(), readFileSync(fileOf(shown), 'utf8')]
    for (const text of everything) expect(text).not.toContain(secret)
    expect(everything.join('\n')).toContain('***')
    expect(step().outputs().images).toContain(`v1-${secret}`)
  })

  it.each<[string, Partial<ShowSettings>]>([
    ['it is switched off', { summary: false }],
    ['this server has none', { summaryFile: undefined }],
  ])('is in a file, and in no summary if %s', (_, more) => {
    const shown = settings(more)
    publishRun(makeRun([makeOutcome()]), shown)
    expect(step().summary()).toBe('')
    expect(readFileSync(fileOf(shown), 'utf8')).toContain('v0.21.0')
    expect(step().outputs()['summary-path']).toBe(fileOf(shown))
  })

  it('is appended to the summary', () => {
    publishRun(makeRun([makeOutcome()]), settings())
    const once = step().summary()
    publishRun(makeRun([makeOutcome()]), settings())
    expect(step().summary()).toBe(once + once)
  })
})

describe('a plan for other runners', () => {
  const runners = new Map([['linux/amd64', 'big']])
  const shownPlan = (plan: Plan, more: Partial<ShownPlan> = {}): ShownPlan => {
    const stored = { reference: 'docker.io/aibrix/image-cache:plan-1' }
    return { plan, stored, warnings: [], ...more }
  }
  const withState = (
    kind: 'absent' | 'same',
    missingTags: string[],
    existing: 'staged' | 'nothing',
  ): Plan => {
    const image = makePlannedImage()
    const published = kind === 'absent' ? { kind } : { kind, digest, tags: image.tags, missingTags }
    return makePlan([{ ...image, published, legs: [{ ...image.legs[0], existing }] }])
  }

  const mirroredWithout = (missingTags: string[]): Plan => {
    const mirrors = [{ repository: { registry: 'ghcr.io', path: 'acme/x' }, missingTags }]
    const plan = withState('same', [], 'nothing')
    return { ...plan, images: plan.images.map((image) => ({ ...image, mirrors })) }
  }

  it('is in outputs and summary, with a row for each leg', () => {
    const shown = settings()
    const plan = makePlan([makePlannedImage(), makePlannedImage(sglang())])
    const warnings = [`The cache of ${secret} can't be read.`]
    publishPlan(shownPlan(plan, { warnings }), { runners }, shown)
    const { matrix = '', ...outputs } = step().outputs()
    expect(outputs).toEqual({
      plan: 'docker.io/aibrix/image-cache:plan-1',
      'verify-matrix': '',
      changed: 'true',
      'summary-path': fileOf(shown),
    })
    expect((JSON.parse(matrix) as { include: object[] }).include).toMatchObject([
      { leg: plan.images[0]?.legs[0].id, 'runs-on': 'big' },
      { leg: plan.images[1]?.legs[0].id, 'runs-on': 'big' },
    ])
    expect(step().summary()).toContain("The cache of *** can't be read.")
    expect(step().summary()).toContain('image-cache:plan-1')
  })

  it('is not in the summary if it is a file on this runner', () => {
    const stored = { reference: '/tmp/plan.json', why: 'nothing is pushed' }
    publishPlan(shownPlan(makePlan([makePlannedImage()]), { stored }), { runners }, settings())
    expect(step().outputs().plan).toBe('/tmp/plan.json')
    expect(step().summary()).not.toContain('/tmp/plan.json')
  })

  it.each<[string, Plan, string]>([
    ['something must be built', withState('absent', [], 'nothing'), 'true'],
    ['everything is built and has no tag yet', withState('absent', [], 'staged'), 'true'],
    ['a tag is missing', withState('same', ['latest'], 'nothing'), 'true'],
    ['a tag is missing in a mirror', mirroredWithout(['latest']), 'true'],
    ['everything is published', withState('same', [], 'nothing'), 'false'],
    ['everything is published and mirrored', mirroredWithout([]), 'false'],
    ['it has no image', makePlan([]), 'false'],
  ])('tells by its output changed whether anything is left to do: %s', (_, plan, expected) => {
    publishPlan(shownPlan(plan), { runners }, settings())
    expect(step().outputs().changed).toBe(expected)
  })
})

it('the history is in log, summary and a file', () => {
  const shown = settings()
  publishHistory('### v0.5.0\n', shown)
  expect(step().log()).toContain('### v0.5.0')
  expect(step().summary()).toBe('### v0.5.0\n')
  expect(step().outputs()).toEqual({ 'summary-path': fileOf(shown) })
})

describe("a file of the runner that can't be written", () => {
  /** @returns the commands to the runner */
  const commands = (): string[] =>
    step()
      .log()
      .filter((line) => line.startsWith('::'))
  const failed = makeRun([makeFailure('pip found no wheel')])

  it.each<[string, Partial<ShowSettings>]>([
    ['The job summary', { summaryFile: '/nowhere/summary' }],
    ['The summary file', { workspace: { root: '/nowhere', private: '', logs: '' } }],
  ])('is a warning, and the rest is not affected: %s', (what, changes) => {
    publishRun(failed, settings(changes))
    expect(commands()).toEqual([
      expect.stringMatching(new RegExp(`^::warning::${what} cannot be written: .*ENOENT: no such file`)),
      expect.stringMatching(/^::error .*pip found no wheel/),
    ])
    expect(step().outputs()).toHaveProperty('changed')
  })

  it('is a warning after the errors, if it is that of the outputs', () => {
    process.env.GITHUB_OUTPUT = '/nowhere/output'
    publishRun(failed, settings())
    expect(commands()).toEqual([
      expect.stringMatching(/^::error .*pip found no wheel/),
      expect.stringContaining(
        '::warning::An output cannot be written: Missing file at path: /nowhere/output. Later steps',
      ),
    ])
    expect(step().summary()).toContain('pip found no wheel')
  })

  it('stops neither a plan nor the history', () => {
    const nowhere = settings({ summaryFile: '/nowhere/summary' })
    const stored = { reference: 'plan.json', why: 'nothing is pushed' }
    publishPlan({ plan: makePlan([]), stored, warnings: [] }, { runners: new Map() }, nowhere)
    publishHistory('text', nowhere)
    expect(commands()).toEqual([
      expect.stringContaining('::warning::The job summary'),
      expect.stringContaining('::warning::The job summary'),
    ])
    expect(step().outputs().plan).toBe('plan.json')
  })

  it('is a warning, if it is that of the state', () => {
    process.env.GITHUB_STATE = '/nowhere/state'
    remember('builder', 'x', core.warning)
    expect(commands()).toEqual([
      expect.stringContaining(
        '::warning::The state of the step cannot be written: Missing file at path: /nowhere/state. If the run is cancelled',
      ),
    ])
  })
})
