import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { LegReport } from '../../../src/report/leg-report.ts'
import type { ImageOutcome, Run } from '../../../src/report/outcome.ts'
import { renderSummary } from '../../../src/report/summary.ts'
import { waive } from '../../../src/verify/gate.ts'
import { makeFacts, makeLeg } from '../verify/factory.ts'
import { digest, makeOutcome, makeOutcomeReport, sglang } from './factory.ts'

function both(): ImageOutcome[] {
  const { leg, facts } = sglang()
  return [
    makeOutcome(),
    makeOutcome({ state: 'published', digest, report: makeOutcomeReport(leg, facts) }, leg),
  ]
}

function run(outcomes: ImageOutcome[], changes: Partial<Run> = {}): Run {
  return { outcomes, duration: 421_000, ...changes }
}

const tag = 'aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'

describe('the job summary', () => {
  const text = renderSummary(run(both()))

  it('begins with the verdict', () => {
    expect(text.split('\n')[0]).toBe('## ✅ 2 images published')
  })
  it('has the matrix, component by image, as measured', () => {
    for (const line of [
      '| Component | vLLM Image | SGLang Image |',
      '| Engine version | v0.21.0 | v0.5.11 |',
      '| CUDA | 13.0 | 13.0 |',
      '| Torch version | 2.11.0+cu130 | 2.11.0+cu130 |',
      '| aibrix_kvcache | v0.7.0+cu130 | v0.7.0+cu130 |',
      '| NIXL / CUDA plugin | 0.7.1 / cu13 | 0.7.1 / cu13 |',
      '| UCX | 1.19.0 | 1.19.0 |',
    ])
      expect(text).toContain(`${line}\n`)
    expect(text).not.toContain('↳ declared')
  })
  it.each([
    ['tags with digests', `| <code>${tag.replace('@', '')}</code> | <code>${digest}</code> | ✅ published |`],
    ['a pull command to copy', `docker pull ${tag}@${digest}`],
    ['passed gates, folded', '<details><summary>17 of 17 gates passed</summary>'],
    ['sizes', '| vLLM v0.21.0 | 8.0 GB | **+ 58.1 MB** | 8.1 GB |'],
    ['a timing chart', '```mermaid\ngantt\n'],
    [
      'how to use AIBrix',
      `vllm serve <model> --kv-transfer-config '{"kv_connector":"AIBrixPDReuseConnector"`,
    ],
    ['added packages', '| apt | perftest:amd64 | 4.5+0.17-1 |'],
    ['UCX modules', '<code>cma cuda ib ib_mlx5 rdmacm</code>'],
    ['a command to reproduce', 'docker buildx build \\\n  --file Dockerfile.vllm'],
  ])('has %s', (_, part) => {
    expect(text).toContain(part)
  })

  it('shows what was declared where something else was measured', () => {
    const facts = makeFacts()
    facts.image.nixl.distributions = { nixl: '0.7.0', 'nixl-cu13': '0.7.0' }
    const report = makeOutcomeReport(makeLeg(), facts)
    const failed = renderSummary(
      run([makeOutcome({ state: 'failed', error: 'Gate nixl-variant failed.', report })]),
    )
    expect(failed).toContain('| NIXL / CUDA plugin | 0.7.0 / cu13 |\n| ↳ declared | ⚠️ 0.7.1 |')
  })

  it('puts failed gates first, then waived and skipped ones, with what to do', () => {
    const facts = makeFacts()
    facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
    facts.image.pip.numpy = '2.3.0'
    facts.image.pipCheck = null
    const report = makeOutcomeReport(makeLeg(), facts)
    report.gates = waive(report.gates, new Map([['second-libucp', 'nothing loads it']]))
    const failed = renderSummary(run([makeOutcome({ state: 'failed', error: 'A gate failed.', report })]))
    expect(failed).toContain('## ❌ 1 of 1 image failed, no tag was published')
    expect(failed).toContain('**vLLM v0.21.0** ❌ 1 failed, 1 waived, 1 skipped, 14 passed')
    expect(failed).toMatch(
      /❌ \| <code>environment-untouched[^\n]*\n\| ⚠️ \| <code>second-libucp[^\n]*nothing loads it[^\n]*\n\| ⏭️ \| <code>pip-check/,
    )
    expect(failed).not.toContain('docker pull')
  })

  it.each<[string, Run, string]>([
    [
      'nothing to do',
      run([makeOutcome({ state: 'unchanged', digest, report: makeOutcomeReport() })]),
      '✅ 1 image unchanged, nothing to build',
    ],
    [
      'no push',
      run([makeOutcome({ state: 'built', report: makeOutcomeReport() })]),
      '✅ 1 image built and verified, not pushed',
    ],
    ['an error of the run', run([], { error: 'The registry refuses: 401' }), '❌ The run failed'],
    ['an early end', run([makeOutcome({ state: 'skipped' })]), '❌ The run ended early'],
    [
      'an error of a build',
      run([makeOutcome({ state: 'failed', error: 'no space left', report: undefined })]),
      '> **vLLM v0.21.0**: no space left',
    ],
  ])('tells of %s', (_, some, expected) => {
    expect(renderSummary(some)).toContain(expected)
  })

  it('does not show the times of an earlier run', () => {
    const unchanged = makeOutcome({ state: 'unchanged', digest, report: makeOutcomeReport() })
    expect(renderSummary(run([unchanged]))).not.toContain('mermaid')
  })
})

describe('a summary that is too long', () => {
  const whole = renderSummary(run(both()))
  it.each([0.99, 0.8, 0.6])('drops folded parts and never the tables, at %d of its length', (part) => {
    const limit = Math.floor(Buffer.byteLength(whole) * part)
    const text = renderSummary(run(both()), limit)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit)
    for (const kept of ['| Component | vLLM', '| Tag | Digest', '| Image, compressed', 'docker pull'])
      expect(text).toContain(kept)
    expect(text).toContain('Left out for length: ')
  })

  it('stays under GitHub’s limit with messages of any length in hundreds of images', () => {
    const report: LegReport = makeOutcomeReport()
    report.gates = report.gates.map((gate) => ({
      ...gate,
      state: 'fail',
      hint: '|'.repeat(900),
      actual: '<'.repeat(900),
    }))
    const outcome = makeOutcome({ state: 'failed', error: '`'.repeat(5000), report })
    const text = renderSummary(run(Array.from({ length: 100 }, () => outcome)))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024)
    expect(text).toContain('| Component | vLLM Image')
  })

  it('keeps its tables whole and within the limit, whatever the build said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (hint, actual) => {
        const report = makeOutcomeReport()
        report.gates = [{ name: 'extension', state: 'fail', expected: 'x', actual, hint }]
        report.warnings = [hint]
        const text = renderSummary(run([makeOutcome({ state: 'failed', error: hint, report })]), 200_000)
        const row = text.split('\n').find((line) => line.includes('<code>extension</code>'))
        expect(row?.split('|')).toHaveLength(7)
      }),
      { numRuns: 50 },
    )
  })
})
