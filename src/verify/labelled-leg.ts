import { valid } from '@renovatebot/pep440'
import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { parsed, recordOf } from '../json.ts'
import {
  type BaseImage,
  buildIdLabel,
  determinantsLabel,
  digestSchema,
  type Engine,
  engineNames,
  type Leg,
  parseEngineVersion,
  type PinnedSource,
} from '../plan/index.ts'
import { type Digest, familiarRepository, parseReference } from '../registry/index.ts'
import { integrationModes } from './facts.ts'

const text = v.string()
const commit = v.pipe(text, v.regex(/^[0-9a-f]{40}$/))

/** The label with the determinants; another version of the action may have others, too. */
const determinants = v.object({
  engine: v.picklist(engineNames),
  engineVersion: text,
  platform: text,
  base: digestSchema,
  baseRepository: v.optional(v.pipe(text, v.check(isRepository))),
  aibrixCommit: commit,
  aibrixTag: v.nullable(text),
  nixl: v.pipe(
    text,
    v.check((version) => valid(version) !== null),
  ),
  nixlFrom: v.optional(v.literal('base')),
  ucxVersion: v.nullable(text),
  ucxCommit: v.nullable(commit),
  integration: v.picklist(['auto', ...integrationModes]),
  gpuArchitectures: text,
  buildArguments: recordOf(text, text),
  environment: v.optional(recordOf(text, text), {}),
  extraPackages: v.optional(recordOf(text, text), {}),
  extraFiles: v.optional(v.pipe(text, v.regex(/^[0-9a-f]{64}$/))),
  recipe: text,
})

/** What the labels of an image say that it was built as, without its base, which has to be found. */
export type LabelledLeg = {
  engine: Engine
  baseDigest: Digest
  /** Of a base that is not the engine's own, as docker pull takes it */
  baseRepository: string | undefined
  legOn: (base: BaseImage, platform: string) => Leg
}

const limit = 64 * 1024

/** Where a source is fetched from is not in a label, and is not needed to judge what exists. */
const nowhere = { kind: 'url', url: '' } as const

/** @returns undefined for an image that this action did not build, by its labels */
export function readLabelledLeg(labels: Readonly<Record<string, string>>): LabelledLeg | undefined {
  const label = labels[determinantsLabel] ?? ''
  const known = label.length > limit ? undefined : parsed(determinants, label)
  const version = known && parseEngineVersion(known.engineVersion)
  if (!version) return undefined
  const { base: baseDigest, aibrixCommit, aibrixTag, ucxVersion, ucxCommit, gpuArchitectures } = known
  const { engine, nixl, nixlFrom, integration, buildArguments, environment, recipe } = known
  const { baseRepository, extraPackages, extraFiles } = known
  const ref = aibrixTag ?? aibrixCommit
  const kind = aibrixTag === null ? 'commit' : 'tag'
  const ucx: PinnedSource | null =
    ucxCommit === null ? null : sourceOf(`v${ucxVersion ?? ''}`, ucxCommit, 'tag')
  const legOn = (base: BaseImage, platform: string): Leg => ({
    // It names files, and labels can say anything.
    id: 'verify',
    ...{ engine, version, platform, nixl, ucxVersion, ucx },
    // Which tag of the base was planned is not in the labels.
    base: { ...base, tag: version.tag, ...(baseRepository !== undefined && { given: baseRepository }) },
    architecture: platform.split('/')[1] ?? platform,
    aibrix: sourceOf(ref, aibrixCommit, kind),
    nixlFrom: nixlFrom ?? 'index',
    ...{ integration, buildArguments, environment, recipe },
    extraPackages: Object.values(extraPackages),
    extraFiles: extraFiles === undefined ? null : { digest: extraFiles },
    gpuArchitectures: gpuArchitectures === 'auto' ? 'auto' : gpuArchitectures.split(' '),
    // Reports in the cache repository are found by it.
    buildId: /^[0-9a-f]{64}$/.exec(labels[buildIdLabel] ?? '')?.[0] ?? '',
  })
  return { engine, baseDigest, baseRepository, legOn }
}

function isRepository(name: string): boolean {
  try {
    return familiarRepository(parseReference(name)) === name
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

/** @returns a source that is only named, not fetched */
export function sourceOf(ref: string, sha: string, kind: PinnedSource['kind']): PinnedSource {
  return { repository: nowhere, ref, commit: sha, kind }
}
