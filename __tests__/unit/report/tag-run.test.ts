import { describe, expect, it } from '@jest/globals'
import { annotationsOfTagRun } from '../../../src/report/tag/tag-annotations.ts'
import { tagOutputs } from '../../../src/report/tag/tag-outputs.ts'
import type { TaggedImage, TagRun } from '../../../src/report/tag/tag-run.ts'
import { renderTagSummary } from '../../../src/report/tag/tag-summary.ts'
import type { Gate } from '../../../src/verify/gate.ts'
import { conditionalFacts, digest, makeOutcomeReport } from '../../support/reports.ts'
import { makeLeg } from '../../support/verified-leg.ts'

const from = `sha256:${'f'.repeat(64)}` as const
const report = makeOutcomeReport()

function makeTagged(changes: Partial<TaggedImage> = {}): TaggedImage {
  return {
    id: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1',
    engine: 'vllm',
    version: 'v0.21.0',
    repository: { registry: 'docker.io', path: 'aibrix/vllm-openai' },
    digest,
    platforms: [{ platform: 'linux/amd64', buildId: 'd'.repeat(64), digest, report }],
    tags: [
      { tag: 'stable', state: 'moved', from },
      { tag: 'new', state: 'created' },
      { tag: 'old', state: 'unchanged' },
    ],
    mirrors: [],
    ...changes,
  }
}

const run = (changes: Partial<TaggedImage> = {}, error?: string): TagRun => ({
  duration: 1500,
  image: makeTagged(changes),
  ...(error !== undefined && { error }),
})

const failing: Gate = {
  name: 'pip-check',
  expected: 'nothing new',
  actual: '1 problem',
  state: 'fail',
  hint: 'Look at it.',
}
const withGate = (gate: Gate) => {
  const gates = report.gates.map((each) => (each.name === gate.name ? gate : each))
  return { platforms: [{ ...(makeTagged().platforms[0] ?? never()), report: { ...report, gates } }] }
}
const never = (): never => {
  throw new Error('there is one')
}

describe('outputs of command: tag', () => {
  it('are those of a run', () => {
    const outputs = tagOutputs(run(), '/summary.md')
    const names = ['stable', 'new', 'old'].map((tag) => `aibrix/vllm-openai:${tag}`)
    expect(JSON.parse(outputs.tags)).toEqual(names)
    expect(JSON.parse(outputs.digests)).toEqual(Object.fromEntries(names.map((name) => [name, digest])))
    expect(outputs).toMatchObject({ changed: 'true', 'summary-path': '/summary.md', conditions: '{}' })
    expect(JSON.parse(outputs.images)).toEqual([
      {
        id: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1',
        engine: 'vllm',
        version: 'v0.21.0',
        state: 'published',
        repository: 'aibrix/vllm-openai',
        tags: names,
        digest,
        mirrors: [],
        legs: [
          {
            id: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64',
            platform: 'linux/amd64',
            buildId: 'd'.repeat(64),
            state: 'staged',
            digest,
            base: report.base,
          },
        ],
      },
    ])
    const components = JSON.parse(outputs.components) as Record<string, object>
    expect(components['vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64']).toMatchObject({ nixl: '0.7.1' })
  })

  it.each<[string, TagRun, string, string, string[]]>([
    ['nothing changed', run({ tags: [{ tag: 'old', state: 'unchanged' }] }), 'false', 'unchanged', ['old']],
    ['it was refused', run({ tags: [] }, 'No.'), 'false', 'failed', []],
    [
      'it broke off',
      run(
        {
          tags: [
            { tag: 'a', state: 'created' },
            { tag: 'b', state: 'left' },
          ],
        },
        'No.',
      ),
      'true',
      'failed',
      ['a'],
    ],
  ])('if %s', (_, of, changed, state, tags) => {
    const outputs = tagOutputs(of, '')
    expect(outputs.changed).toBe(changed)
    expect(JSON.parse(outputs.tags)).toEqual(tags.map((tag) => `aibrix/vllm-openai:${tag}`))
    expect(JSON.parse(outputs.images)).toMatchObject([{ state, digest: tags.length === 0 ? null : digest }])
  })

  it('are empty if no image was found', () => {
    expect(tagOutputs({ duration: 1, error: 'No.' }, '')).toEqual({
      ...{ images: '[]', tags: '[]', digests: '{}', components: '{}', conditions: '{}' },
      ...{ changed: 'false', 'summary-path': '' },
    })
  })
})

describe('the summary of command: tag', () => {
  it('has the tags, what they named before, the way back and the pull command', () => {
    const text = renderTagSummary(run())
    expect(text).toMatch(/^## ✅ vLLM v0\.21\.0 got 2 tags\n\n1\.5 s · \d+ of \d+ gates passed/)
    expect(text).toContain('docker pull aibrix/vllm-openai:stable')
    expect(text).toMatch(/:stable<\/code> \|.*✅ moved \|.*f{64}/s)
    expect(text).toMatch(/:new<\/code> .*✅ created \| nothing/)
    expect(text).toContain(
      `command: tag\nimage: aibrix/vllm-openai@${from}\ntags: |-\n  stable\noverwrite-tags: |-\n  stable`,
    )
    expect(text).toContain('<code>nixl-variant</code>')
  })

  it('has one way back for tags that named the same image, and one for each other', () => {
    const other = `sha256:${'0'.repeat(64)}` as const
    const text = renderTagSummary(
      run({
        tags: [
          { tag: 'a', state: 'moved', from },
          { tag: 'b', state: 'moved', from },
          { tag: 'c', state: 'moved', from: other },
        ],
      }),
    )
    expect(text.match(/command: tag/g)).toHaveLength(2)
    expect(text).toContain(`image: aibrix/vllm-openai@${from}\ntags: |-\n  a\n  b\n`)
  })

  it('has no way back if nothing was moved', () => {
    const text = renderTagSummary(run({ tags: [{ tag: 'old', state: 'unchanged' }] }))
    expect(text).toMatch(/^## ✅ vLLM v0\.21\.0 has its tags already, nothing changed\n/)
    expect(text).not.toContain('Roll back')
  })

  it('has the gates and the error if the image was refused', () => {
    const text = renderTagSummary(run({ ...withGate(failing), tags: [] }, 'A gate failed: pip-check.'))
    expect(text).toMatch(/^## ❌ vLLM v0\.21\.0 was not tagged\n/)
    expect(text).toContain('> A gate failed: pip-check.')
    expect(text).toMatch(/\| ❌ \| <code>pip-check<\/code> \| nothing new \| 1 problem \| Look at it\. \|/)
    expect(text).not.toContain('docker pull')
  })

  it('has what a user of the image must set', () => {
    const conditional = makeOutcomeReport(makeLeg(), conditionalFacts(makeLeg()))
    const platforms = makeTagged().platforms.map((one) => ({ ...one, report: conditional }))
    expect(renderTagSummary(run({ platforms }))).toContain('docker run --env VLLM_USE_V2_MODEL_RUNNER=0')
  })

  it('shows hostile text as text, and stays within its limit', () => {
    const hostile: Gate = { ...failing, hint: '<script>alert(1)</script> | x\n# y '.repeat(50) }
    const text = renderTagSummary(run({ ...withGate(hostile), tags: [] }, '<img src=x>\n# z'), 8000)
    expect(text).not.toMatch(/<script|<img|^# /m)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(8000)
  })

  it('says only what failed if no image was found', () => {
    expect(renderTagSummary({ duration: 100, error: 'It does not exist.' })).toBe(
      '## ❌ Nothing was tagged\n\n0.1 s\n\n> [!CAUTION]\n> It does not exist.\n',
    )
  })
})

describe('annotations of command: tag', () => {
  it.each<[string, TagRun, object[]]>([
    ['none if all is well', run(), []],
    [
      'the error',
      { duration: 1, error: 'It does not exist.' },
      [{ level: 'error', title: 'Tagging failed', message: 'It does not exist.' }],
    ],
    [
      'the gate that refuses it, instead of the sentence that it failed',
      run({ ...withGate(failing), tags: [] }, 'A gate failed.'),
      [
        {
          level: 'error',
          title: 'vLLM v0.21.0: gate pip-check failed',
          message: 'Look at it. Expected: nothing new. Actual: 1 problem.',
        },
      ],
    ],
    [
      'a waived gate',
      run(withGate({ ...failing, state: 'waived', reason: 'known' })),
      [{ level: 'warning', title: 'vLLM v0.21.0: gate pip-check waived', message: expect.any(String) }],
    ],
  ])('%s', (_, of, expected) => {
    expect(annotationsOfTagRun(of)).toEqual(expected)
  })
})
