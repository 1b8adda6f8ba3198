import { type Digest, type ImageConfig, isDigest } from '../registry/index.ts'
import {
  copyTag,
  factsTag,
  layersTag,
  parseTag,
  type ReportHead,
  reportTag,
  type StoredTag,
} from '../store/index.ts'
import type { Entry } from './content.ts'
import type { Documents } from './documents.ts'
import { fits } from './forms.ts'
import type { Manifests, Read } from './manifests.ts'
import { storedKinds } from './model.ts'
import { latest, type PruneSettings, timeOf } from './settings.ts'

/** A manifest of the cache repository, with what documents say about it. */
export type Stored = Pick<Entry, 'digest' | 'tags'> &
  Said & {
    read: Read
  }

/** @returns all manifests of the cache repository, each as what its tags and its content say */
export function storedIn(manifests: Manifests, documents: Documents): Stored[] {
  return [...manifests.read].map(([digest, read]) => {
    const tags = manifests.byDigest.get(digest) ?? []
    const as = tags.flatMap((tag) => parseTag(tag) ?? []).filter((tag) => fits(tag, read.form, digest))
    const own = ownOf(digest, read, as, manifests, documents)
    // A leg with a tag of others stays, and runs find it: with its report.
    const foreign = { kind: null, families: [], engines: [], created: null, needs: own.needs }
    return { digest, read, tags, ...(as.length === tags.length ? own : foreign) }
  })
}

type Said = Pick<Entry, 'kind' | 'families' | 'engines' | 'created' | 'needs'>

function ownOf(
  digest: Digest,
  read: Read,
  as: readonly StoredTag[],
  manifests: Manifests,
  { reports, plans }: Documents,
): Said {
  const legs = as
    .flatMap((tag) => (tag.kind === 'build' ? [tag] : []))
    .map((leg) => {
      const tag = reportTag(leg)
      const found = reports.get(tag)
      const head = found?.buildId === leg.buildId ? found : undefined
      const stored = manifests.tags.get(tag)
      const isAbout = head?.digest === digest && stored !== undefined
      return { tag, head, created: isAbout ? (manifests.read.get(stored)?.annotated ?? null) : null }
    })
  // The annotations of an image are its builder's, or upstream's.
  const isDated = as.length > 0 && !as.some(({ kind }) => ['build', 'candidate', 'base'].includes(kind))
  const times = legs.map(({ created }) => created)
  return {
    kind: storedKinds.find((kind) => as.some((tag) => tag.kind === kind)) ?? 'part',
    families: [
      ...legs.map(({ head }) => (head ? familyOf(head) : 'build')),
      // A verification belongs to its image.
      ...as.flatMap(({ kind }) => (kind === 'build' || kind === 'verified' ? [] : [kind])),
    ],
    engines: legs.flatMap(({ head }) => head?.engine ?? []),
    created: isDated ? read.annotated : times.includes(null) ? null : latest(times),
    needs: [...legs.flatMap(({ tag, head }) => [tag, ...(head?.needs ?? [])]), ...(plans.get(digest) ?? [])],
  }
}

function familyOf({ engine, version, platform }: ReportHead): string {
  return `build ${engine} ${version} ${platform}`
}

/** A leg's says which base it is on; of others, it only matters when what has no date may go. */
export function mustReadConfig(stored: Stored, { undated }: PruneSettings): boolean {
  const { kind, created } = stored
  return isLeg(stored) || (undated && created === null && (kind === 'candidate' || kind === 'base'))
}

function isLeg({ tags, read: { form } }: Pick<Stored, 'tags' | 'read'>): boolean {
  return (form === 'image' || form === 'images') && tags.some((tag) => parseTag(tag)?.kind === 'build')
}

/** @param configs of the images in it, if they must be read */
export function entryOf(one: Stored, configs: readonly ImageConfig[]): Entry {
  const { read, ...stored } = one
  const { parts, subject, size, blobs } = read
  const needs = isLeg(one) ? [...stored.needs, ...configs.flatMap(tagsOfBase)] : stored.needs
  const configured = latest(configs.map(({ created }) => timeOf(created)))
  return { ...stored, needs, configured, parts, subject, size, blobs }
}

/** @returns the tags of what is stored about the base that an image says it is on */
export function tagsOfBase({ labels }: ImageConfig): string[] {
  const manifestDigest = labels['org.opencontainers.image.base.digest'] ?? ''
  if (!isDigest(manifestDigest)) return []
  return [factsTag, layersTag, copyTag].map((tagOf) => tagOf({ manifestDigest }))
}
