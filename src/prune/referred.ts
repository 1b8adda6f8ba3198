import { remembered } from '../plan/index.ts'
import { type Digest, isDigest } from '../registry/index.ts'
import type { Content } from './content.ts'

/**
 * Finds what others refer to: by the registry's list, by tags that begin with `sha256-<hex>` (OCI
 * distribution specification 1.1, "Referrers Tag Schema"; cosign's end with `.sig` and the like), and
 * by the subjects of what is under tags of others. An index of which a part is referred to is, too.
 */
export function referredIn({ entries, tags, referred }: Content): Set<Digest> {
  const all = new Set(referred)
  for (const tag of tags.keys()) {
    const digest = tag.slice(0, 71).replace('sha256-', 'sha256:')
    if (isDigest(digest)) all.add(digest)
  }
  for (const subject of foreignSubjects(entries)) all.add(subject)
  const parents = parentsIn(entries)
  // A set may grow while it is walked through.
  for (const digest of all) for (const parent of parents.get(digest) ?? []) all.add(parent)
  return all
}

function foreignSubjects(entries: Content['entries']): Set<Digest> {
  const foreign = new Set([...entries.values()].filter(({ kind }) => kind === null))
  const subjects = new Set<Digest>()
  for (const { parts, subject } of foreign) {
    if (subject !== null) subjects.add(subject)
    for (const part of parts) {
      const named = entries.get(part)
      // What has tags of this action stays its own: its reports are about legs, too.
      if (named?.kind === 'part') foreign.add(named)
    }
  }
  return subjects
}

function parentsIn(entries: Content['entries']): Map<Digest, Digest[]> {
  const parents = new Map<Digest, Digest[]>()
  for (const { digest, parts } of entries.values())
    for (const part of parts) remembered(parents, part, (): Digest[] => []).push(digest)
  return parents
}
