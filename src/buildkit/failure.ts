import { logLine } from '../text.ts'

/** What is known of a failed build; each list in the order in which it was printed. */
export type Failure = {
  /** Lines of the failed step that look like a cause, see `looksLikeCause`; they may be far from its end */
  suspects: readonly string[]
  /** The last lines of the failed step */
  lastLines: readonly string[]
  /** BuildKit's own message about the failed step */
  stepError: string | undefined
  /** What buildx and the docker CLI printed outside of steps */
  plain: readonly string[]
}

type Rule = {
  pattern: RegExp
  /** Which of several lines says it: compilers name the cause first, installers last */
  which: 'first' | 'last'
  sentence?: (match: RegExpExecArray, lines: readonly string[], index: number) => string
}

const unreachable =
  /Name or service not known|Temporary failure (?:in name resolution|resolving)|Could not resolve host|no such host|Network is unreachable|Connection refused|connection timed out/i
const untrusted =
  /CERTIFICATE_VERIFY_FAILED|certificate verify failed|certificate verification failed|certificate signed by unknown authority|SSL certificate problem/i

/** What explains an installer's "not found": the index could not be asked. */
function withNetwork(text: string, lines: readonly string[]): string {
  if (untrusted.test(text) || unreachable.test(text)) return text
  if (lines.some((line) => untrusted.test(line)))
    return `${text} (the server's certificate is not trusted: give its authority with ca-certificates)`
  const broken = lines.map((line) => unreachable.exec(line)?.[0]).find((found) => found !== undefined)
  return broken === undefined ? text : `${text} (the server could not be reached: ${broken})`
}

/** Strongest first. `__tests__/unit/buildkit/failure.test.ts` says which lines come from real builds. */
const rules: Rule[] = [
  { pattern: /image-action: error: (.+)/, which: 'last', sentence: (match) => match[1] ?? '' },
  { pattern: /no space left on device/i, which: 'first' },
  {
    pattern:
      /(?:Killed signal terminated program|died due to signal 9|cannot allocate memory|out of memory)/i,
    which: 'first',
  },
  { pattern: /^.*\S: fatal error: .+/, which: 'first' },
  { pattern: /^\S+[:(]\d+[:,)].*\berror\b ?(?:#\S*)?:.+/, which: 'first' },
  { pattern: /undefined reference to .+|cannot find -l\S+|nvcc (?:fatal|error)\s*:.+/, which: 'first' },
  {
    pattern: /CMake Error.*/,
    which: 'first',
    sentence: (match, lines, index) => withNextLine(match[0], lines, index),
  },
  { pattern: /^configure: error: .+/, which: 'first' },
  {
    pattern: /^E: (?!Failed to fetch|Some index files|Sub-process)(.+)/,
    which: 'first',
    sentence: (match, lines) => withNetwork(match[1] ?? '', lines),
  },
  { pattern: /^E: (.+)/, which: 'first', sentence: (match, lines) => withNetwork(match[1] ?? '', lines) },
  {
    pattern: /No matching distribution found for .+/,
    which: 'last',
    sentence: (match, lines) => withNetwork(match[0], lines),
  },
  {
    pattern: /^ERROR: (?!Could not find a version|Failed building|subprocess-exited|Command errored)(.+)/,
    which: 'last',
    sentence: (match, lines) => withNetwork(match[1] ?? '', lines),
  },
  { pattern: /^fatal: .+/, which: 'first', sentence: (match, lines) => withNetwork(match[0], lines) },
  { pattern: untrusted, which: 'first' },
  { pattern: /^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt)(?:: .+|$)/, which: 'last' },
  { pattern: /^(?:\/bin\/)?(?:ba|da)?sh: .+/, which: 'last' },
  // BuildKit prints so in a step that pushes what it tries again, cut off; what it says at the end is more.
  {
    pattern: /^ *(?:ERROR|error|Error|FAILED)[: ](?! ?failed (?:commit on ref|to push|to copy)).+/,
    which: 'last',
  },
]

/** One look at a line, so that 200 MB of output do not meet every rule. */
const suspect =
  /error|fatal|no space left|cannot|cannot find|undefined reference|^E: |No matching distribution|Killed|signal 9|out of memory|Exception|Traceback|certificate|resolv|not known|unreachable|refused|timed out|^(?:\/bin\/)?\w*sh: /i

export function looksLikeCause(line: string): boolean {
  return suspect.test(line)
}

const longestCause = 400

/**
 * The one line that says why a build failed.
 * @returns a line without a full stop of ours; undefined if nobody said anything
 */
export function causeOf(failure: Failure): string | undefined {
  const ownLines = [...new Set([...failure.suspects, ...failure.lastLines])].map((line) => logLine(line))
  const fromStep = strongest(ownLines)
  if (fromStep !== undefined) return shorten(fromStep)
  const plain = failure.plain.map((line) => logLine(line)).filter((line) => line !== '')
  const fromBuildx = buildxError(plain) ?? failure.stepError
  const code = /exit code: (\d+)/.exec(failure.stepError ?? fromBuildx ?? '')?.[1]
  const lastLine = ownLines.findLast((line) => line.trim() !== '')
  if (code === '137') return 'the step was killed (exit code 137), most likely because memory ran out'
  if (code !== undefined && lastLine !== undefined)
    return shorten(`exit code ${code} after "${lastLine.trim()}"`)
  if (code !== undefined) return `the step ended with exit code ${code} and printed nothing`
  const text = fromBuildx ?? plain.at(-1)
  return text === undefined ? undefined : shorten(text)
}

function strongest(lines: readonly string[]): string | undefined {
  for (const { pattern, which, sentence } of rules) {
    const index =
      which === 'first'
        ? lines.findIndex((line) => pattern.test(line))
        : lines.findLastIndex((line) => pattern.test(line))
    const line = lines[index]
    const match = line === undefined ? null : pattern.exec(line)
    if (line === undefined || match === null) continue
    return (sentence ? sentence(match, lines, index) : line).trim()
  }
  return undefined
}

/** CMake names the file first, and what is wrong below, indented. */
function withNextLine(text: string, lines: readonly string[], index: number): string {
  const next = lines.slice(index + 1, index + 4).find((line) => line.trim() !== '')
  return next === undefined || next.includes('CMake Error') ? text : `${text} ${next.trim()}`
}

/** `ERROR: failed to solve: x: failed to resolve source metadata for x: x: not found` → `x: not found` */
function buildxError(plain: readonly string[]): string | undefined {
  const line = plain.findLast((candidate) => /^(?:ERROR|error): /.test(candidate))
  const text = line?.replace(/^(?:ERROR|error): /, '').replace(/^failed to solve: /, '')
  return text === undefined ? undefined : explainRegistry(text)
}

function explainRegistry(text: string): string {
  const inner = /^(\S+): failed to (?:resolve source metadata|authorize|do request)[^:]* for \S+: (.+)$/.exec(
    text,
  )
  const core = inner ? `${inner[1] ?? ''}: ${(inner[2] ?? '').replace(`${inner[1] ?? ''}: `, '')}` : text
  if (/toomanyrequests|429 Too Many/i.test(core)) return `${core} (the registry's rate limit: log in)`
  if (
    /401 Unauthorized|authorization failed|authentication required|pull access denied|insufficient_scope|403 Forbidden/i.test(
      core,
    )
  )
    return `${core} (check that the name exists and that the credentials may use it)`
  return core
}

/** What a chain of errors is about is at its beginning, and why at its end. */
function shorten(line: string): string {
  const text = withoutQueries(line)
  if (text.length <= longestCause) return text
  return `${text.slice(0, longestCause / 2)} … ${text.slice(-longestCause / 2)}`
}

/** Registries keep the state of an upload in its address: hundreds of characters before the status that says why. */
function withoutQueries(text: string): string {
  return text.replace(/(https?:\/\/[^\s?"]+)\?[^\s:"]*/g, '$1')
}
