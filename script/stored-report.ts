// The reports that runs of this action left in the registry, for the scripts that measure it.
import { createRegistryClient, getArtifact } from '../src/registry/index.ts'
import { documents, reportTag } from '../src/store/contents.ts'
import { type LegReport, parseReport } from '../src/store/leg-report.ts'
import { type ActionRun, registry } from './runner.ts'

type Leg = { buildId: string; platform: string; state: string }
type Image = { digest: string | null; legs: Leg[] }

/** Returns the images in the outputs of a run. */
export function imagesOf({ outputs }: ActionRun): Image[] {
  return JSON.parse(outputs.images ?? '[]') as Image[]
}

/** Returns the stored report of a leg; undefined if there is none. */
export async function storedReport(
  { buildId, platform }: Leg,
  namespace: string,
): Promise<LegReport | undefined> {
  const client = createRegistryClient({
    credentials: () => Promise.resolve(undefined),
    signal: AbortSignal.timeout(60_000),
  })
  try {
    const tag = reportTag({ buildId, architecture: platform.split('/')[1] ?? '' })
    const cache = { registry, path: `${namespace}/image-cache` }
    const text = (await getArtifact(client, cache, tag, documents.report))?.toString('utf8')
    return text === undefined ? undefined : parseReport(text, 'the stored report')
  } finally {
    client.close()
  }
}
