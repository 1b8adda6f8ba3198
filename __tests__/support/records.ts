import type { VerifiedRecord } from '../../src/store/verified.ts'
import { digest, makeOutcomeReport } from './reports.ts'

/** Returns the record of a verification in which every gate of a build passed. */
export function makeRecord(changes: Partial<VerifiedRecord> = {}): VerifiedRecord {
  return {
    ...{ format: 1, actionVersion: '1.4.0', scripts: '0f3c2b7a9d41', against: 'labels', gpus: null },
    image: { name: `docker.io/aibrix/vllm-openai@${digest}`, digest, platform: 'linux/amd64' },
    report: makeOutcomeReport(),
    ...changes,
  }
}
