// The sample of a summary of command: tag for script/render-summary.ts.
import { renderTagSummary } from '../src/report/tag/tag-summary.ts'
import { digest, makeOutcomeReport, makePlannedImage } from '../__tests__/support/reports.ts'

/** Returns the summary of `command: tag` that moved a tag, with a mirror. */
export function tagSample(): string {
  const { id, engine, version, repository, legs } = makePlannedImage()
  const [{ platform, buildId }] = legs
  const from = `sha256:${'f'.repeat(64)}` as const
  const image = {
    ...{ id, engine, version: version.tag, repository, digest },
    platforms: [{ platform, buildId, digest, report: makeOutcomeReport() }],
    tags: [
      { tag: 'stable', state: 'moved', from },
      { tag: version.tag, state: 'created' },
    ],
    mirrors: [
      {
        repository: { registry: 'ghcr.io', path: 'acme/vllm-openai' },
        tags: [
          { tag: 'stable', state: 'created' },
          { tag: version.tag, state: 'unchanged' },
        ],
      },
    ],
  } as const
  return renderTagSummary({ duration: 1900, image })
}
