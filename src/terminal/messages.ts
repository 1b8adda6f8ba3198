import type { Paint, Style } from './paint.ts'
import { printable } from './printable.ts'

/** Workflow commands that are messages, and their colours */
const levels: Readonly<Record<string, Style>> = {
  error: 'red',
  warning: 'yellow',
  notice: 'blue',
  debug: 'dim',
}

/** A workflow command: `::error title=Gate x::text` (GitHub Docs, "Workflow commands for GitHub Actions") */
const command = /^::([a-z-]+)(?: ([^:]*))?::(.*)$/s

export type MessageOptions = {
  paint: Paint
  /** Whether all lines of a build are shown, and not those that tell how far it is only */
  verbose: boolean
  /** Whether messages for debugging are shown, as by a runner with RUNNER_DEBUG=1 */
  debug: boolean
  /** Whether there is a log besides messages: `history` logs what its summary shows */
  log: boolean
}

/** Shows what the action writes for a runner, line by line. */
export class Messages {
  readonly #masks = new Set<string>()
  readonly #options: MessageOptions

  constructor(options: MessageOptions) {
    this.#options = options
  }

  /** @returns the line for people, without secrets; undefined if they need not see it */
  translate(line: string): string | undefined {
    const [, name, properties = '', data = ''] = command.exec(line) ?? []
    if (name === undefined) return this.#logLine(line)
    if (name === 'add-mask') {
      const mask = unescaped(data)
      if (mask !== '') this.#masks.add(mask)
    }
    const { paint, debug, log } = this.#options
    if (name === 'group') return log ? paint('bold', `▸ ${this.redact(unescaped(data))}`) : undefined
    const style = levels[name]
    if (style === undefined || (name === 'debug' && !debug)) return undefined
    const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1]
    const text = title === undefined ? unescaped(data) : `${unescaped(title)}: ${unescaped(data)}`
    // Also several sentences are seen to belong together, and no line begins like a command.
    const lines = this.redact(text).trimEnd().split('\n')
    return lines.map((one) => `${paint(style, `${name}:`)} ${one}`).join('\n')
  }

  /** @returns a text as a terminal may show it: without secrets and escape sequences */
  redact(text: string): string {
    // In this order: an escape sequence could divide a secret.
    return this.#mask(printable(text))
  }

  /** @returns whether a text holds a secret */
  holdsSecret(text: string): boolean {
    return this.#mask(text) !== text
  }

  #mask(text: string): string {
    const longestFirst = [...this.#masks].sort((one, other) => other.length - one.length)
    return longestFirst.reduce((clean, mask) => clean.replaceAll(mask, '***'), text)
  }

  #logLine(line: string): string | undefined {
    const { verbose, log } = this.#options
    return log && (verbose || isProgress(line)) ? this.redact(line) : undefined
  }
}

/** @returns whether a line tells how far a build is: not the output of a program, no cached step */
export function isProgress(line: string): boolean {
  // Lines of parallel legs begin with the leg.
  const text = line.replace(/^[^|[]* \| /, '')
  return !/^(?:\[|…)/.test(text) || /^\[[^\]]+\] (?:RUN|image-action:) (?!.* cached$)/.test(text)
}

function unescaped(text: string): string {
  return text.replace(/%(25|0D|0A|3A|2C)/g, (escape) => decodeURIComponent(escape))
}
