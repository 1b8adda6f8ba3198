import { describe, expect, it } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { newlyPublished, newlyTagged } from '../../../src/report/attestation/newly-published.ts'
import { predicateType, statementOf, type TestedImage } from '../../../src/report/attestation/test-result.ts'
import type { ImageState, LegState } from '../../../src/report/outcome.ts'
import type { TaggedImage, TagFate } from '../../../src/report/tag/tag-run.ts'
import type { LegReport } from '../../../src/store/leg-report.ts'
import { gateNames } from '../../../src/verify/gate.ts'
import { actionVersion } from '../../../src/version.ts'
import {
  conditionalFacts,
  digest,
  makeOutcome,
  makeOutcomeReport,
  makePlannedImage,
} from '../../support/reports.ts'
import { makeLeg } from '../../support/verified-leg.ts'

type Step = { uses?: string; with?: Record<string, string>; run?: string }
type Workflow = { jobs: { attest: { steps: Step[] } } }

const schema = JSON.parse(readFileSync('__tests__/fixtures/in-toto.schema.json', 'utf8')) as object
const isStatement = new Ajv2020({ strict: false }).compile(schema)

const vllm = { registry: 'docker.io', path: 'aibrix/vllm-openai' }
const run = {
  url: 'https://github.com/acme/images/actions/runs/1/attempts/1',
  redact: (text: string) => text,
}

function imageOf(...reports: LegReport[]): TestedImage {
  return { id: 'vllm-v0.21.0', repository: vllm, digest, tags: ['v1'], reports }
}

/** A report of a leg whose gates all passed, changed in one of them. */
function withGate(name: string, change: object, report = makeOutcomeReport()): LegReport {
  const gates = report.gates.map((gate) => (gate.name === name ? { ...gate, ...change } : gate))
  return { ...report, gates }
}

const follows = { state: 'follows', from: 'as-it-runs', reason: 'what runs is not what was measured' }
const waived = withGate('pip-check', { state: 'waived', hint: 'Fix it.', reason: 'upstream lacks it' })

function conditional(platform = 'linux/amd64'): LegReport {
  const leg = makeLeg({ platform })
  return makeOutcomeReport(leg, conditionalFacts(leg))
}

const forArm = (report = makeOutcomeReport()): LegReport => ({ ...report, platform: 'linux/arm64' })

describe('the statement about an image', () => {
  it.each<[string, LegReport[], string, string[], string[]]>([
    ['whose gates all passed', [makeOutcomeReport()], 'PASSED', [], []],
    ['with a waived gate', [waived], 'WARNED', ['pip-check (linux/amd64)'], []],
    [
      'with a gate that follows from a waived one, and did not pass either',
      [
        withGate(
          'nixl-transfer',
          follows,
          withGate('as-it-runs', { state: 'waived', hint: 'Fix it.', reason: 'known' }),
        ),
      ],
      'WARNED',
      ['as-it-runs (linux/amd64)', 'nixl-transfer (linux/amd64)'],
      [],
    ],
    [
      'with a condition',
      [conditional()],
      'WARNED',
      ['condition: VLLM_USE_V2_MODEL_RUNNER=0 (linux/amd64)'],
      [],
    ],
    ['of two platforms', [makeOutcomeReport(), forArm()], 'PASSED', [], []],
    [
      'of two platforms, one with a waived gate and one with a condition',
      [waived, forArm(conditional())],
      'WARNED',
      ['pip-check (linux/amd64)', 'condition: VLLM_USE_V2_MODEL_RUNNER=0 (linux/arm64)'],
      [],
    ],
    [
      'with a gate that blocks',
      [withGate('extension', { state: 'fail', hint: 'Fix it.' }, waived)],
      'FAILED',
      ['pip-check (linux/amd64)'],
      ['extension (linux/amd64)'],
    ],
  ])('%s says so', (_, reports, result, warned, failed) => {
    const { predicate, ...statement } = statementOf(imageOf(...reports), run)
    expect(isStatement({ ...statement, predicate }) || isStatement.errors).toBe(true)
    expect(statement.subject).toEqual([
      { name: 'docker.io/aibrix/vllm-openai', digest: { sha256: 'e'.repeat(64) } },
    ])
    expect(predicate).toMatchObject({ result, warnedTests: warned, failedTests: failed, url: run.url })
    const passed = reports.flatMap(({ gates, platform }) =>
      gates.flatMap(({ name, state }) => (state === 'pass' ? [`${name} (${platform})`] : [])),
    )
    expect(predicate.passedTests).toEqual(passed)
    expect(passed.length).toBeGreaterThan(15)
  })

  it('names what was tested by digest and commit, and what each gate expected and found', () => {
    const leg = makeLeg()
    const report = makeOutcomeReport(leg)
    const { configuration } = statementOf(imageOf(report), run).predicate
    const action = `git+https://github.com/aibrix/image-action@v${actionVersion}`
    expect(configuration).toMatchObject([
      { name: 'action', uri: action },
      {
        name: 'base (linux/amd64)',
        uri: 'pkg:docker/vllm/vllm-openai@v0.21.0?platform=linux%2Famd64',
        digest: { sha256: leg.base.digest.slice('sha256:'.length) },
      },
      { name: 'aibrix (linux/amd64)', digest: { gitCommit: leg.aibrix.commit } },
      { name: 'ucx (linux/amd64)', digest: { gitCommit: leg.ucx?.commit } },
      {
        name: 'gates (linux/amd64)',
        uri: `${action}#docs/gates.md`,
        annotations: { image: digest, buildId: leg.buildId, components: { nixl: '0.7.1' } },
      },
    ])
    const { gates } = configuration.at(-1)?.annotations as { gates: object[] }
    expect(gates).toHaveLength(gateNames.length)
    const one = gates.find((gate) => 'name' in gate && gate.name === 'nixl-variant')
    const text: unknown = expect.stringMatching(/./)
    expect(one).toEqual({ name: 'nixl-variant', state: 'pass', expected: text, actual: text })
  })

  it('has no UCX of an image without its tools, and a base of another registry by its own name', () => {
    const report = { ...makeOutcomeReport(), ucx: null, base: { name: 'harbor.example:8443/x/y:v1', digest } }
    const { configuration } = statementOf(imageOf(report), run).predicate
    expect(configuration.map(({ name }) => name)).toEqual([
      ...['action', 'base (linux/amd64)', 'aibrix (linux/amd64)', 'gates (linux/amd64)'],
    ])
    expect(configuration[1]?.uri).toBe('pkg:docker/harbor.example%3A8443/x/y@v1?platform=linux%2Famd64')
  })

  it('has no secret that a gate quotes, and no address outside of GitHub', () => {
    const quoting = withGate('extension', { actual: 'https://me:hunter2@host' }, waived)
    const components = quoting.components.map((one) => ({ ...one, measured: 'hunter2' }))
    const report = { ...quoting, components }
    const redact = (text: string) => text.replaceAll('hunter2', '***')
    const statement = statementOf(imageOf(report), { url: undefined, redact })
    expect(JSON.stringify(statement)).toContain('https://me:***@host')
    expect(JSON.stringify(statement)).not.toContain('hunter2')
    expect(statement.predicate).not.toHaveProperty('url')
    expect(isStatement(statement)).toBe(true)
  })
})

it('the example and the policy in docs/operations.md name this predicate', () => {
  const example = parse(readFileSync('examples/attest.yml', 'utf8')) as Workflow
  const [step] = example.jobs.attest.steps.filter(({ uses }) => uses?.startsWith('actions/attest@'))
  expect(step?.with?.['predicate-type']).toBe(predicateType)
  const [verify] = example.jobs.attest.steps.flatMap(({ run: script }) => script ?? [])
  expect(verify).toContain(`--predicate-type ${predicateType}`)
  const [, policy = ''] =
    /<!-- policy -->\s*```yaml\n([^]*?)```/.exec(readFileSync('docs/operations.md', 'utf8')) ?? []
  expect(parse(policy)).toMatchObject({ spec: { authorities: [{ attestations: [{ predicateType }] }] } })
})

describe('what a run has published', () => {
  const isNew: ImageState = { state: 'published', digest, isNew: true, tags: ['v1', 'stable'] }
  const lost: LegState = { state: 'staged', report: undefined }

  it.each<[string, ImageState, LegState[], number]>([
    ['is new if this run made it public', isNew, [], 1],
    ['is not if it only got another tag', { state: 'published', digest }, [], 0],
    ['is not if it is unchanged', { state: 'unchanged', digest }, [], 0],
    ['is nothing if nothing was pushed', { state: 'built' }, [], 0],
    ['is nothing if it is only staged', { state: 'staged' }, [], 0],
    ['is nothing if the image failed', { state: 'failed' }, [], 0],
    ['is not attested if a leg has no report', isNew, [lost], 0],
  ])('%s', (_, state, legs, count) => {
    expect(newlyPublished([makeOutcome(state, legs)])).toHaveLength(count)
  })

  it('has the reports of all platforms, and its public tags', () => {
    const image = makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'])
    const [one] = newlyPublished([makeOutcome(isNew, [], image)])
    expect(one).toMatchObject({ id: image.id, repository: vllm, digest, tags: ['v1', 'stable'] })
    expect(one?.reports.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64'])
  })
})

describe('an image of command: tag', () => {
  const report = makeOutcomeReport()
  const created: TagFate = { tag: 'stable', state: 'created' }
  const tagged = (tags: TagFate[], changes: Partial<TaggedImage> = {}): TaggedImage => ({
    ...{ id: 'vllm-v0.21.0', engine: 'vllm', version: 'v0.21.0', repository: vllm, digest, mirrors: [] },
    platforms: [{ platform: 'linux/amd64', buildId: 'b', digest, report }],
    tags,
    ...changes,
  })

  it.each<[string, TaggedImage | undefined, string[]]>([
    ['that was public got another tag, and is not new', tagged([created]), []],
    [
      'that was public has a tag of another image, and is not new',
      tagged([{ ...created, state: 'moved', from: digest }]),
      [],
    ],
    ['that was staged got a public tag, and is new', tagged([created], { isStaged: true }), ['stable']],
    [
      'that was staged keeps its tags, and is not new',
      tagged([{ ...created, state: 'unchanged' }], { isStaged: true }),
      [],
    ],
    [
      'that was staged got no tag, and is not new',
      tagged([{ ...created, state: 'left' }], { isStaged: true }),
      [],
    ],
    ['that was refused is not new', tagged([], { isStaged: true }), []],
    ['that was not found is not new', undefined, []],
  ])('%s', (_, image, tags) => {
    expect(newlyTagged(image).flatMap((one) => one.tags)).toEqual(tags)
  })
})
