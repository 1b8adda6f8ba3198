import type { Store, VerifiedRecord } from '../../store/index.ts'
import { gpuGates } from '../../verify/index.ts'

/**
 * Keeps what an earlier verification of the same image, by the same scripts, has found on a GPU: one
 * without GPUs must neither forget it nor hide that it failed.
 */
export async function keepGpuGates(
  record: VerifiedRecord,
  { verified }: { verified: Pick<Store['verified'], 'read'> },
): Promise<VerifiedRecord> {
  if (record.gpus !== null) return record
  const earlier = await verified.read({ digest: record.image.digest, scripts: record.scripts })
  if (earlier?.gpus == null) return record
  const gates = record.report.gates.map((gate) =>
    gpuGates.includes(gate.name)
      ? (earlier.report.gates.find(({ name }) => name === gate.name) ?? gate)
      : gate,
  )
  return { ...record, gpus: earlier.gpus, report: { ...record.report, gates } }
}
