import { UserError } from '../../errors.ts'
import type { Leg, PlannedLeg } from '../../plan/index.ts'
import { formatReference, getPlatformImage, withoutUserInformation } from '../../registry/index.ts'
import { makeReport } from '../../report/index.ts'
import { isUnreadable, type Store, type VerifiedRecord } from '../../store/index.ts'
import {
  type Candidate,
  completed,
  type ExistingFacts,
  type Expectation,
  judgeExisting,
  waive,
} from '../../verify/index.ts'
import { excerpt } from '../../text.ts'
import { actionVersion } from '../../version.ts'
import type { Verifying } from '../../inputs/index.ts'
import { findImage } from '../tag/find-image.ts'
import type { CommandTools } from '../world/tools.ts'
import { expectationOf, type Subject } from './expectation.ts'
import { measuringScripts } from '../world/measuring-scripts.ts'
import { runProbes } from './run-probes.ts'

/** Shown characters of an instruction */
const longestTrigger = 120

/** An image that was measured and judged, and how it was compared. */
export type Judged = { record: VerifiedRecord; expected: Expectation }

/**
 * Measures and judges an image that exists, on this runner, with the scripts and gates of a build.
 * @throws UserError if it does not exist, nothing says what it should be, or it can't be measured
 */
export async function verifyImage(verifying: Verifying, tools: CommandTools, store: Store): Promise<Judged> {
  const { inputs, machine, registry } = tools
  const subject = await findSubject(verifying, tools)
  const first = await expectationOf(subject, inputs.plan, registry)
  const { manifest, config } = subject.image
  const name = formatReference({ ...subject.repository, digest: manifest.digest })
  machine.log(
    `${name} for ${subject.platform} is compared with ${first.labelled ? 'its labels' : 'the versions that were given'}`,
  )
  const { facts, gpu } = await measure(subject, first, verifying.gpus, tools, store)
  const expected = completed(first, facts)
  const { layers } = manifest.parsed
  const candidate: Candidate = { known: 'manifest', mediaType: manifest.mediaType, config, layers }
  const judged = judgeExisting(expected, { facts, candidate, gpu }, { addedBytes: inputs.addedBytesLimit })
  const gates = waive(judged, inputs.waivers)
  const report = makeReport(expected.leg, {
    ...{ facts, candidate, digest: manifest.digest, gates, steps: [], warnings: [] },
  })
  const record: VerifiedRecord = {
    format: 1,
    actionVersion,
    scripts: measuringScripts(machine.dockerfiles),
    image: { name, digest: manifest.digest, platform: subject.platform },
    against: expected.labelled ? 'labels' : 'versions',
    gpus: verifying.gpus ?? null,
    report: expected.base.state === 'measured' ? report : withoutBase(report),
  }
  return { record, expected }
}

function withoutBase(report: VerifiedRecord['report']): VerifiedRecord['report'] {
  return { ...report, base: { name: 'unknown', digest: '' }, sizes: null }
}

/** @throws UserError if there is no image for the platform, or building on it, to measure it, would change it */
export async function findSubject(
  { image }: Pick<Verifying, 'image'>,
  { inputs, registry }: Pick<CommandTools, 'inputs' | 'registry'>,
): Promise<Subject> {
  const { platforms } = inputs.plan
  const { repository, top } = await findImage(image, inputs.plan, registry)
  const found = await getPlatformImage(registry, repository, top.digest, platforms[0])
  const name = formatReference({ ...repository, digest: top.digest })
  // Attestations have a configuration, too, for unknown/unknown.
  if (found?.image?.config.os !== 'linux')
    throw new UserError(`image: ${name} holds no image for ${platforms[0]}; set platforms.`)
  const { os, architecture, onBuild } = found.image.config
  const [trigger] = onBuild
  if (trigger !== undefined)
    throw new UserError(
      `image: ${name} has ONBUILD instructions (the first is "${excerpt(withoutUserInformation(trigger), longestTrigger)}"), which would change it before it is measured; build it again without them.`,
    )
  const platform = `${os}/${architecture}`
  return { repository, reference: image.reference, platform, top, image: found.image }
}

/** Labels can say anything, so nothing of them reaches BuildKit, nor names a file. */
export function measuredLeg({ leg }: Expectation): PlannedLeg {
  const source = { ...leg.aibrix, ref: '', commit: '', repository: { kind: 'url', url: '' } } as const
  const { given: _, ...base } = leg.base
  const safe: Leg = {
    ...{ ...leg, id: 'verify', base, version: { tag: '', release: '' }, aibrix: source, nixl: '' },
    ...{ ucx: null, ucxVersion: null, integration: 'auto', gpuArchitectures: 'auto', nixlFrom: 'index' },
    ...{ buildArguments: {}, environment: {}, extraPackages: [], extraFiles: null },
  }
  return { ...safe, existing: 'nothing', newerThan: null, feasibility: 'forced', named: [] }
}

async function measure(
  subject: Subject,
  expected: Expectation,
  gpus: string | undefined,
  tools: CommandTools,
  store: Store,
): Promise<Pick<ExistingFacts, 'facts' | 'gpu'>> {
  const leg = measuredLeg(expected)
  const { digest } = subject.image.manifest
  const image = formatReference({ ...subject.repository, digest })
  const { inputs } = tools
  // BuildKit pushes nothing here, so that any builder will do.
  const build = { ...inputs.build, provenance: 'false', sbom: 'false' }
  const { openDocker } = await import('../build-with-docker.ts')
  const session = await openDocker([leg], { ...tools, inputs: { ...inputs, push: false, build } }, store)
  try {
    const restoreUcx = (folder: string) => restoreUcxOf(expected, subject, folder, store)
    const facts = await session.measureExisting({ leg, image, restoreUcx })
    const { engine } = expected.leg
    const probed = gpus === undefined ? undefined : { image, platform: subject.platform, engine, gpus }
    return { facts, gpu: probed && (await runProbes(probed, session.machine)) }
  } finally {
    await session.close()
  }
}

/** Of what a build has left nothing is needed, so what cannot be read is left out. */
async function restoreUcxOf(
  { labelled }: Expectation,
  { top }: Subject,
  folder: string,
  store: Store,
): Promise<void> {
  try {
    const found = labelled && (await store.legs.report(labelled.leg, top))
    const needs = found && 'report' in found ? (found.report.needs ?? []) : []
    const name = needs.find((one) => one.startsWith('ucx-'))
    if (name !== undefined) await store.artifacts.restore(name, folder)
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
}
