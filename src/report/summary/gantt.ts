import type { StepTime } from '../../store/index.ts'

/** A line of bars under one heading. */
export type Section = { title: string; steps: StepTime[] }

/** Bars that fit on a screen, about 24 pixels each. With more legs each has one bar. */
const mostBars = 40

/** Keywords of Mermaid's lexer at the start of a task's name (gantt.jison, in any case). */
const keyword =
  /^(?:gantt|date|title|section|click|call|href|axis|tick|includes|excludes|inclusive|top|today|week|acc|done|active|crit|milestone|vert|\d{4}-)/i

/**
 * A text that Mermaid can only read as a name: `:` would end it, `#` and `;` would end the line, `%`
 * would begin a comment (including the character before it), and HTML would be rendered.
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

/** Milliseconds in which at least one of the steps ran. @param steps in order of their start */
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
 * Merges neighbours shorter than `shortest` into one bar, so that the long steps stand out. The bar is as
 * long as any of them ran, without the gaps between them.
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

/** Pixels of a character in a section's title, and Mermaid's default for leftPadding. */
const perCharacter = 7
const ownPadding = 75

/** Epoch milliseconds (`dateFormat x`), so that readers see the time in their own time zone. */
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
 * A Mermaid gantt chart of a build. Cached steps are omitted, and short ones merged, as many as the chart's
 * length requires.
 * @param sections one per leg; steps in the order in which they started
 * @param limit bytes. Default: Mermaid's limit for a diagram (maxTextSize), in characters
 * @returns undefined if nothing ran, or if not even one bar per leg fits
 */
export function gantt(sections: Section[], limit = 50_000): string | undefined {
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
