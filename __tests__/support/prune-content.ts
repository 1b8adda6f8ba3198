import { sha256 } from '../../src/plan/canonical.ts'
import type { Content, Entry } from '../../src/prune/content.ts'
import type { PruneSettings } from '../../src/prune/settings.ts'
import type { Digest } from '../../src/registry/content/digest.ts'
import { parseTag } from '../../src/store/contents.ts'
import { cache } from './memory-client.ts'

export const now = new Date('2025-12-01T00:00:00Z')
export const settings: PruneSettings = { engines: ['vllm'], keepDays: 30, keep: 0, undated: false }

/** Returns the digest of what a test calls by a name. */
export const digestFor = (name: string): Digest => `sha256:${sha256(name)}`

/** Returns the time so many days before `now`. */
export const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString()

/** Kind and key, as in `build-0…0a-amd64`. */
export const tagFor = (kind: string, key: string): string => {
  const suffix = { build: '-amd64', report: '-amd64', candidate: '-amd64-0123abcd' }[kind] ?? ''
  return `${kind}-${Buffer.from(key).toString('hex').padStart(64, '0')}${suffix}`
}

/**
 * A manifest of a store. Default: 100 days old, of the kind that its first tag says. `days`: its age,
 * null: undated. `parts` and `subject`: names. `blobs`: name → bytes
 */
export type Given = Partial<Pick<Entry, 'tags' | 'kind' | 'families' | 'engines' | 'needs'>> & {
  days?: number | null
  configured?: number
  parts?: readonly string[]
  subject?: string
  blobs?: Readonly<Record<string, number>>
}

/** Returns the content of a repository from its manifests by their names. Each manifest has 1 byte. */
export function contentOf(store: Readonly<Record<string, Given>>, referred: readonly string[] = []): Content {
  const positions = new Map<string, number>()
  const blobs: number[] = []
  const entries = Object.entries(store).map(([name, given]): Entry => {
    const { tags = [], days = 100, configured, parts = [], needs = [], subject } = given
    const kind = given.kind === undefined ? kindOf(tags) : given.kind
    return {
      ...{ digest: digestFor(name), tags, kind, needs, size: 1 },
      families: given.families ?? (kind === null || kind === 'part' ? [] : [kind]),
      engines: given.engines ?? [],
      created: days === null ? null : daysAgo(days),
      configured: configured === undefined ? null : daysAgo(configured),
      parts: parts.map(digestFor),
      subject: subject === undefined ? null : digestFor(subject),
      blobs: Object.entries(given.blobs ?? {}).map(([blob, bytes]) => {
        const position = positions.get(blob) ?? blobs.push(bytes) - 1
        positions.set(blob, position)
        return position
      }),
    }
  })
  return {
    repository: cache,
    tags: new Map(entries.flatMap(({ tags, digest }) => tags.map((tag) => [tag, digest] as const))),
    entries: new Map(entries.map((entry) => [entry.digest, entry])),
    blobs,
    referred: new Set(referred.map(digestFor)),
  }
}

function kindOf([first]: readonly string[]): Entry['kind'] {
  if (first === undefined) return 'part'
  return parseTag(first)?.kind ?? null
}
