import { familiarRepository, parseReference } from '../../registry/index.ts'
import type { LegReport } from '../../store/index.ts'
import { actionVersion } from '../../version.ts'

/** in-toto/attestation, spec/v1/resource_descriptor.md: it has `uri` or `digest` or both. */
export type ResourceDescriptor = {
  name: string
  uri?: string
  /** Algorithm → lower-case hexadecimal */
  digest?: Record<string, string>
  annotations?: Record<string, unknown>
}

/** The action in the form of SPDX's download locations, as the specification writes them */
const action = `git+https://github.com/aibrix/image-action@v${actionVersion}`

type Redact = (text: string) => string

/**
 * @param reports of the platforms of one image
 * @param redact takes secrets out of measured texts, which may quote anything
 * @returns what the gates were applied to, and what each of them expected and found
 */
export function configurationOf(reports: readonly LegReport[], redact: Redact): ResourceDescriptor[] {
  return [{ name: 'action', uri: action }, ...reports.flatMap((report) => ofPlatform(report, redact))]
}

function ofPlatform(report: LegReport, redact: Redact): ResourceDescriptor[] {
  const { platform, base, aibrix, ucx } = report
  const nameOf = (what: string): string => `${what} (${platform})`
  const source = (what: string, { ref, commit }: { ref: string; commit: string }): ResourceDescriptor => ({
    name: nameOf(what),
    digest: { gitCommit: commit },
    annotations: { ref },
  })
  return [
    {
      name: nameOf('base'),
      uri: packageUrl(base.name, platform),
      digest: { sha256: base.digest.replace(/^sha256:/, '') },
    },
    source('aibrix', aibrix),
    ...(ucx ? [source('ucx', ucx)] : []),
    { name: nameOf('gates'), uri: `${action}#docs/gates.md`, annotations: annotationsOf(report, redact) },
  ]
}

function annotationsOf(report: LegReport, redact: Redact): Record<string, unknown> {
  return {
    image: report.digest,
    buildId: report.buildId,
    // The action that built and measured; the first descriptor is the one that judged.
    builtBy: report.actionVersion ?? null,
    components: Object.fromEntries(
      report.components.map(({ name, measured }) => [name, measured === null ? null : redact(measured)]),
    ),
    gates: report.gates.map((gate) => ({
      name: gate.name,
      state: gate.state,
      expected: redact(gate.expected),
      actual: redact(gate.actual),
      ...('reason' in gate && { reason: redact(gate.reason) }),
    })),
    conditions: report.conditions.map(({ name, reason }) => ({ name, reason: redact(reason) })),
  }
}

/**
 * @param reference `vllm/vllm-openai:v0.10.2`
 * @returns the package URL of an image, as BuildKit's provenance has it (moby/buildkit, util/purl):
 *   `pkg:docker/vllm/vllm-openai@v0.10.2?platform=linux%2Famd64`
 */
function packageUrl(reference: string, platform: string): string {
  const { tag, ...repository } = parseReference(reference)
  const name = familiarRepository(repository).split('/').map(encodeURIComponent).join('/')
  const version = tag === undefined ? '' : `@${encodeURIComponent(tag)}`
  return `pkg:docker/${name}${version}?platform=${encodeURIComponent(platform)}`
}
