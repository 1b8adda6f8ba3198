import { excerpt, listed, withoutFullStop } from '../text.ts'

/** Collects what could not be read, so that a thousand refusals are one sentence. */
export type Warnings = {
  /** @param what `docker.io/aibrix/vllm-openai:v1` @param why a sentence */
  add: (what: string, why: string) => void
  sentences: () => string[]
}

/** Sentences that are shown; each names a different reason */
const most = 20

/** Characters of a sentence, which may have texts of a registry or an image */
const longest = 2000

/** @param redact takes secrets out of what is shown */
export function createWarnings(redact: (text: string) => string): Warnings {
  const byReason = new Map<string, Set<string>>()
  return {
    add: (what, why) => {
      const all = byReason.get(why) ?? new Set()
      all.add(what)
      byReason.set(why, all)
    },
    sentences: () => {
      const all = [...byReason].map(([why, what]) =>
        excerpt(redact(`${listed([...what], 3)}: ${withoutFullStop(why)}.`), longest),
      )
      const rest = all.length - most
      return rest > 0 ? [...all.slice(0, most), `${rest} more things could not be read.`] : all
    },
  }
}
