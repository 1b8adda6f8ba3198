import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { sentenceOf } from '../../errors.ts'
import type { Verifying } from '../../inputs/index.ts'
import { annotationsOfVerifyRun, renderVerifySummary, tally, type VerifyRun } from '../../report/index.ts'
import { createStore, isPassing, isUnreadable } from '../../store/index.ts'
import { attempt } from '../../system/index.ts'
import { publishSummary, setOutputs, type ShowSettings } from '../show.ts'
import type { CommandTools } from '../world/tools.ts'
import { keepGpuGates } from './keep-gpu-gates.ts'
import { type Judged, verifyImage } from './verify-image.ts'

/** Verifies an image that exists, stores how it was judged, and shows it. @returns whether it is verified */
export async function verifyAndShow(
  verifying: Verifying,
  tools: CommandTools,
  settings: ShowSettings,
): Promise<boolean> {
  const run = await verify(verifying, tools)
  publishVerification({ ...run, retried: settings.retry.retried() }, settings)
  return run.error === undefined && run.image !== undefined && isPassing(run.image.record)
}

/** Failures are part of the result and are not thrown. */
async function verify(verifying: Verifying, tools: CommandTools): Promise<VerifyRun> {
  const { inputs, machine, registry } = tools
  const { timers, started, redact } = machine
  const { cacheRepository } = inputs.plan
  if (inputs.push) registry.pushesTo([cacheRepository])
  const store = createStore(registry, cacheRepository)
  const duration = () => timers.now() - started
  let judged: Judged | undefined
  try {
    judged = await verifyImage(verifying, tools, store)
    const { expected } = judged
    const record = inputs.push ? await keepGpuGates(judged.record, store) : judged.record
    if (inputs.push) await store.verified.write(record)
    const stored = inputs.push
      ? store.verified.nameOf({ ...record.image, scripts: record.scripts })
      : undefined
    return { duration: duration(), image: { record, base: expected.base.state, stored } }
  } catch (error) {
    machine.signal.throwIfAborted()
    const image = judged && { record: judged.record, base: judged.expected.base.state, stored: undefined }
    const why = redact(sentenceOf(error))
    // Whoever may not write learns the verdict all the same.
    if (image && isUnreadable(error)) machine.warn(`The verification is not stored: ${why}`)
    else return { duration: duration(), ...(image && { image }), error: why }
    return { duration: duration(), image }
  }
}

function publishVerification(run: VerifyRun, settings: ShowSettings): void {
  const { image } = run
  if (image) settings.log(`${image.record.image.name}: ${tally(image.record.report.gates)}`)
  const summaryPath = publishSummary(renderVerifySummary(run), settings)
  for (const { level, title, message } of annotationsOfVerifyRun(run))
    settings.annotate(level, message, title)
  const path = join(settings.workspace.root, 'verify.json')
  const isThere = attempt(settings.warn, 'The file verify.json', 'The output "verify-path" is empty.', () => {
    if (image) writeFileSync(path, settings.redact(`${JSON.stringify(image.record, null, 2)}\n`))
  })
  setOutputs(settings, {
    verified: String(image !== undefined && isPassing(image.record)),
    'verify-path': isThere && image ? path : '',
    'summary-path': summaryPath,
  })
}
