import { logLine } from '../text.ts'

/** What a failed build printed; each list in the order in which it was printed. */
export type FailedOutput = {
  /** Lines of the failed step that match a rule; they may be far from its end */
  suspects: readonly string[]
  /** The last lines of the failed step */
  lastLines: readonly string[]
  /** BuildKit's own message about the failed step */
  stepError: string | undefined
  /** What buildx and the docker CLI printed outside of steps */
  plain: readonly string[]
}

/** The reason is the pattern's group, or the whole line if it has none. */
type Rule = { pattern: RegExp; which: 'first' | 'last' }

/**
 * Strongest first. The steps of the Dockerfiles find the line of the compiler, pip, apt or git
 * themselves (dockerfiles/scripts/common/process.py) and print it as the first rule reads it;
 * the others are for what ends a step before it can.
 */
const rules: Rule[] = [
  { pattern: /image-action: error: (.+)/, which: 'last' },
  { pattern: /no space left on device/i, which: 'first' },
  {
    pattern:
      /(?:Killed signal terminated program|died due to signal 9|cannot allocate memory|out of memory)/i,
    which: 'first',
  },
  { pattern: /^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt)(?:: .+|$)/, which: 'last' },
  { pattern: /^(?:\/bin\/)?(?:ba|da)?sh: .+/, which: 'last' },
  // A step that pushes prints retried errors like this, cut off; its final message has more.
  {
    pattern: /^ *(?:ERROR|error|Error)[: ] *(?!failed (?:commit on ref|to push|to copy))(\S.*)/,
    which: 'last',
  },
]

export function looksLikeReason(line: string): boolean {
  return rules.some(({ pattern }) => pattern.test(line))
}

const longestReason = 400

/** @returns one line without a full stop of ours; undefined if nothing was printed */
export function reasonOf({ suspects, lastLines, stepError, plain }: FailedOutput): string | undefined {
  const ownLines = [...new Set([...suspects, ...lastLines])].map((line) => logLine(line))
  const fromStep = strongest(ownLines)
  if (fromStep !== undefined) return shorten(fromStep)
  const plainLines = plain.map((line) => logLine(line)).filter((line) => line !== '')
  const fromBuildx = buildxError(plainLines) ?? stepError
  const code = /exit code: (\d+)/.exec(stepError ?? fromBuildx ?? '')?.[1]
  const lastLine = ownLines.findLast((line) => line.trim() !== '')
  if (code === '137') return 'the step was killed (exit code 137), most likely because memory ran out'
  if (code !== undefined && lastLine !== undefined)
    return shorten(`exit code ${code} after "${lastLine.trim()}"`)
  if (code !== undefined) return `the step ended with exit code ${code} and printed nothing`
  const text = fromBuildx ?? plainLines.at(-1)
  return text === undefined ? undefined : shorten(text)
}

function strongest(lines: readonly string[]): string | undefined {
  for (const { pattern, which } of rules) {
    const matches = lines.flatMap((line) => {
      const match = pattern.exec(line)
      return match ? [match[1] ?? line] : []
    })
    const text = matches.at(which === 'first' ? 0 : -1)
    if (text !== undefined) return text.trim()
  }
  return undefined
}

/** `ERROR: failed to solve: x: failed to authorize for x: x: denied` → `x: denied` */
function buildxError(plain: readonly string[]): string | undefined {
  const line = plain.findLast((candidate) => /^(?:ERROR|error): /.test(candidate))
  const text = line?.replace(/^(?:ERROR|error): /, '').replace(/^failed to solve: /, '')
  return text === undefined ? undefined : withRegistryAdvice(text)
}

const resolving = /^(\S+): failed to (?:resolve source metadata|authorize|do request)[^:]* for \S+: (.+)$/
const unauthorised =
  /401 Unauthorized|authorization failed|authentication required|pull access denied|insufficient_scope|403 Forbidden/i

function withRegistryAdvice(text: string): string {
  const [, name = '', inner = ''] = resolving.exec(text) ?? []
  const reason = name === '' ? text : `${name}: ${inner.replace(`${name}: `, '')}`
  if (/toomanyrequests|429 Too Many/i.test(reason)) return `${reason} (the registry's rate limit: log in)`
  return unauthorised.test(reason)
    ? `${reason} (check that the name exists and that the credentials may use it)`
    : reason
}

/** A chain of errors begins with its subject and ends with its reason: the middle is cut. */
function shorten(line: string): string {
  // Registries keep the state of an upload in its URL: hundreds of characters before the status.
  const text = line.replace(/(https?:\/\/[^\s?"]+)\?[^\s:"]*/g, '$1')
  if (text.length <= longestReason) return text
  return `${text.slice(0, longestReason / 2)} … ${text.slice(-longestReason / 2)}`
}
