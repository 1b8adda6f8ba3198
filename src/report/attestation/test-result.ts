import { formatRepository, type Repository } from '../../registry/index.ts'
import type { LegReport } from '../../store/index.ts'
import { isBlocking } from '../../verify/index.ts'
import { configurationOf, type ResourceDescriptor } from './configuration.ts'

/** in-toto/attestation, spec/predicates/test-result.md */
export const predicateType = 'https://in-toto.io/attestation/test-result/v0.1'

/** in-toto/attestation, spec/v1/statement.md */
const statementType = 'https://in-toto.io/Statement/v1'

/** What a run published, and how it judged each of its platforms. */
export type TestedImage = {
  /** `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1`: unique in a run, and valid as the name of a file */
  id: string
  repository: Repository
  /** Of what the public tags name: an index of several platforms, or the image of one */
  digest: string
  /** Its public tags */
  tags: readonly string[]
  reports: readonly LegReport[]
}

/** The predicate */
export type TestResult = {
  result: 'PASSED' | 'WARNED' | 'FAILED'
  configuration: ResourceDescriptor[]
  /** Of the workflow run */
  url?: string
  passedTests: string[]
  warnedTests: string[]
  failedTests: string[]
}

export type Statement = {
  _type: typeof statementType
  subject: [{ name: string; digest: { sha256: string } }]
  predicateType: typeof predicateType
  predicate: TestResult
}

/**
 * States how a published image was judged, in the form that signing tools take. A gate that applies
 * to nothing in an image is in no list of tests, but in the annotations like all others.
 * @param run.url of the workflow run; undefined outside of GitHub
 * @param run.redact takes secrets out of measured texts, which may quote anything
 */
export function statementOf(
  { repository, digest, reports }: TestedImage,
  run: { url: string | undefined; redact: (text: string) => string },
): Statement {
  const tests = (of: (report: LegReport) => string[]): string[] =>
    reports.flatMap((report) => of(report).map((name) => `${name} (${report.platform})`))
  const passedTests = tests((report) => gatesIn(report, ({ state }) => state === 'pass'))
  const failedTests = tests((report) => gatesIn(report, isBlocking))
  const warnedTests = tests((report) => [
    // What follows from a waived gate did not pass, either.
    ...gatesIn(report, ({ state }) => state === 'waived' || state === 'follows'),
    ...report.conditions.map(({ name }) => `condition: ${name}`),
  ])
  const warned = warnedTests.length > 0 ? 'WARNED' : 'PASSED'
  return {
    _type: statementType,
    subject: [{ name: formatRepository(repository), digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType,
    predicate: {
      result: failedTests.length > 0 ? 'FAILED' : warned,
      configuration: configurationOf(reports, run.redact),
      ...(run.url !== undefined && { url: run.url }),
      passedTests,
      warnedTests,
      failedTests,
    },
  }
}

type Gate = LegReport['gates'][number]

function gatesIn({ gates }: LegReport, isOne: (gate: Gate) => boolean): string[] {
  return gates.filter(isOne).map(({ name }) => name)
}
