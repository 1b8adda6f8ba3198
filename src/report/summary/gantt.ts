import type { StepTime } from '../../store/index.ts'

/** A line of bars under one heading. */
export type Section = { title: string; steps: StepTime[] }

/** Mermaid's own limit for the text of a diagram (maxTextSize) is 50,000 characters. */
const defaultLimit = 50_000

/** Bars that fit on a screen, of about 24 pixels each. With more legs than this each has one bar. */
const mostBars = 40

/** Words that Mermaid's lexer takes for something else where a task's name begins (gantt.jison, in any case). */
const keyword =
  /^(?:gantt|date|title|section|click|call|href|axis|tick|includes|excludes|inclusive|top|today|week|acc|done|active|crit|milestone|vert|\d{4}-)/i

/**
 * A text that Mermaid can take for nothing but a name: `:` ends a name, `#` and `;` end a line, `%` begins a comment (one
 * character before it included), and HTML would be rendered.
 */
function ganttName(text: string, limit = 70): string {
  const plain = text
    .replace(/[^\p{L}\p{N} ._/+=@()[\]-]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  const kept = plain.length > limit ? `${Array.from(plain).slice(0, limit).join('').trimEnd()} …` : plain
  return keyword.test(kept) ? `. ${kept}` : kept || '(unnamed)'
}

type Bar = { name: string; started: number; ended: number; failed: boolean }

/** Milliseconds in which at least one of the steps ran; they are in the order in which they started. */
function busyTime(steps: readonly StepTime[]): number {
  let busy = 0
  let until = 0
  for (const { started, duration } of steps) {
    busy += Math.max(0, started + duration - Math.max(started, until))
    until = Math.max(until, started + duration)
  }
  return busy
}

/**
 * Neighbours that are shorter than `shortest` become one bar, so that what took the time can be seen. It is as long as
 * any of them ran, and not the time from the first to the last, in which others did.
 */
function bars(steps: StepTime[], shortest: number): Bar[] {
  const result: Bar[] = []
  let short: StepTime[] = []
  const flush = (): void => {
    const first = short[0]
    if (first) {
      const ended = first.started + busyTime(short)
      const name = short.length === 1 ? first.name : `${short.length} steps`
      result.push({ name, started: first.started, ended, failed: false })
    }
    short = []
  }
  for (const step of steps.filter(({ cached }) => !cached)) {
    if (step.duration < shortest && !step.failed) {
      short.push(step)
      continue
    }
    flush()
    result.push({ ...step, ended: step.started + step.duration })
  }
  flush()
  return result
}

/** Pixels of a character of a section's title, and of Mermaid's own space for it (leftPadding). */
const perCharacter = 7
const ownPadding = 75

/** Epoch milliseconds (`dateFormat x`), so that a reader sees the wall clock of their own time zone. */
function render(sections: { title: string; bars: Bar[] }[]): string {
  const longest = Math.max(...sections.map(({ title }) => ganttName(title).length))
  const leftPadding = Math.max(ownPadding, longest * perCharacter)
  const lines = [
    `%%{init: ${JSON.stringify({ gantt: { leftPadding } })}}%%`,
    'gantt',
    'dateFormat x',
    'axisFormat %H:%M:%S',
  ]
  for (const { title, bars } of sections) {
    lines.push(`section ${ganttName(title)}`)
    for (const { name, started, ended, failed } of bars) {
      const seconds = ((ended - started) / 1000).toFixed(1)
      const tags = failed ? 'crit, ' : ''
      lines.push(
        `${ganttName(name)} ${seconds} s :${tags}${Math.round(started)}, ${Math.max(1, Math.round(ended - started))}ms`,
      )
    }
  }
  return lines.join('\n')
}

/**
 * A Mermaid gantt chart of what a build did and how long it took. Steps from the cache are left out, short ones are
 * merged, more of them the longer the chart would be.
 * @param sections a section for each leg; steps in the order in which they started
 * @param limit bytes
 * @returns undefined if nothing ran, or if not even one bar for each leg fits
 */
export function gantt(sections: Section[], limit = defaultLimit): string | undefined {
  const busy = sections.filter(({ steps }) => steps.some(({ cached }) => !cached))
  if (busy.length === 0) return undefined
  const longest = Math.max(...busy.flatMap(({ steps }) => steps.map(({ duration }) => duration)))
  for (let shortest = Math.max(1000, longest / 200); ; shortest *= 2) {
    const shown = busy.map(({ title, steps }) => ({ title, bars: bars(steps, shortest) }))
    const count = shown.reduce((sum, section) => sum + section.bars.length, 0)
    const text = render(shown)
    const fits = Buffer.byteLength(text) <= limit
    if (fits && (count <= mostBars || shortest > longest)) return text
    if (shortest > longest) return undefined
  }
}
