import { listed, withoutFullStop } from '../text.ts'

/** Collects what could not be read, so that a thousand refusals are one sentence. */
export type Warnings = {
  /** @param what `docker.io/aibrix/vllm-openai:v1` @param why a sentence */
  add: (what: string, why: string) => void
  sentences: () => string[]
}

/** Sentences that are shown; each names a different reason */
const most = 20

/** @param redact takes secrets out of what is shown */
export function createWarnings(redact: (text: string) => string): Warnings {
  const byReason = new Map<string, string[]>()
  return {
    add: (what, why) => {
      const all = byReason.get(why) ?? []
      all.push(what)
      byReason.set(why, all)
    },
    sentences: () => {
      const all = [...byReason].map(([why, what]) => redact(`${listed(what, 3)}: ${withoutFullStop(why)}.`))
      const rest = all.length - most
      return rest > 0 ? [...all.slice(0, most), `${rest} more things could not be read.`] : all
    },
  }
}
