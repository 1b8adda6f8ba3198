import { sentenceOf, UserError } from '../errors.ts'
import type { PlannedLeg } from '../plan/plan.ts'
import { readStoredReport } from '../promote/stage.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/reference.ts'
import { type LegReport, parseReport } from '../report/leg-report.ts'

/** @returns undefined, and says why, if there is none: what is verified stays right without the report about it */
export async function storedReport(
  leg: PlannedLeg,
  cacheRepository: Repository,
  registry: RegistryClient,
  log: (line: string) => void,
): Promise<LegReport | undefined> {
  try {
    const text = await readStoredReport(registry, cacheRepository, leg)
    if (text === undefined) throw new UserError('the cache repository does not have it.')
    return parseReport(text, 'the stored report')
  } catch (error) {
    log(`${leg.engine} ${leg.version.tag} | its report can't be shown: ${sentenceOf(error)}`)
    return undefined
  }
}
