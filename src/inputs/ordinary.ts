import type { IsOrdinary } from '../system/index.ts'
import { engineNames } from '../plan/index.ts'
import { allGateNames } from '../verify/index.ts'

/** Masking shorter texts, such as a line "}" of a JSON key, would only make output unreadable. */
const shortest = 4

/** Words of the outputs, the summary and the log */
const words = `
  true false null none auto default latest published unchanged staged built building failed passed skipped waived excluded missing
  images digests tags repository versions components platforms linux amd64 arm64 ubuntu docker registry builds cached bases engines
  python torch cuda nixl ucx aibrix_kvcache vllm-openai sglang sha256 https localhost github main master error warning notice
  password username secrets token admin root user test stages reports plans promote history bytes layers build-args connector
  basic bearer authorization index.docker.io docker.io ghcr.io quay.io nvcr.io branch commit release recipe module patch integration provenance
`

/** A version, date, time or count, or a part of a digest */
const number = /^(?:v?[\d.:-]{1,10}|[0-9a-f]{1,7})$/i

/**
 * @returns whether a text cannot be masked: it is too short, or part of what must stay readable
 * @param shown texts that are shown in any case, such as inputs that are not secrets
 */
export function ordinaryWords(shown: readonly string[]): IsOrdinary {
  const known = [words, ...engineNames, ...allGateNames, ...shown].map((text) => text.toLowerCase())
  return (text) => {
    const wanted = text.trim().toLowerCase()
    return wanted.length < shortest || number.test(wanted) || known.some((each) => each.includes(wanted))
  }
}
