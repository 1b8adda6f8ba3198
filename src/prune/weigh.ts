import type { Digest } from '../registry/index.ts'
import type { Content, Entry } from './content.ts'

/** @returns bytes of all manifests and blobs, each counted once */
export function sizeOfAll({ entries, blobs }: Content): number {
  const manifests = [...entries.values()].reduce((sum, { size }) => sum + size, 0)
  return blobs.reduce((sum, bytes) => sum + bytes, manifests)
}

/**
 * @param gone in the order of deletion
 * @returns the bytes that each of them frees: of its manifest, and of blobs that nothing which stays
 *   names, and that were not counted for one before it
 */
export function weigh(
  { entries, blobs }: Pick<Content, 'entries' | 'blobs'>,
  gone: readonly Entry[],
  kept: { has: (digest: Digest) => boolean },
): number[] {
  const counted = new Set<number>()
  for (const entry of entries.values())
    if (kept.has(entry.digest)) for (const blob of entry.blobs) counted.add(blob)
  return gone.map((entry) => {
    let bytes = entry.size
    for (const blob of entry.blobs) {
      if (counted.has(blob)) continue
      counted.add(blob)
      bytes += blobs[blob] ?? 0
    }
    return bytes
  })
}
