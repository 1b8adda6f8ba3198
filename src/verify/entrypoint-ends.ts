import type { Ended, Start } from './functional-facts.ts'
import type { LegFacts } from './facts.ts'

/** @returns how it ended, as text */
export function endText({ end, line }: Ended): string {
  const why = line === null ? '' : ` (${line})`
  switch (end.kind) {
    case 'exit':
      return `exit code ${end.code}${why}`
    case 'signal':
      return `killed by ${end.signal}`
    case 'late':
      return `still running after ${end.seconds} s`
    case 'not started':
      return `does not start${why}`
  }
}

/** What differs between runs: addresses, temporary files, times, processes, lines of files. */
const variable: [RegExp, string][] = [
  [/0x[0-9a-f]+/gi, '0x…'],
  [/\/tmp\/[^\s'":,)]+/g, '/tmp/…'],
  [/\b(?:\d{4}-)?\d\d-\d\d[T ](?=\d\d:\d\d:)/g, ''],
  [/\b\d\d:\d\d:\d\d(?:[.,]\d+)?/g, '…'],
  [/\b(pid|process|thread)([ =:]+)\d+/gi, '$1$2…'],
  [/\bline \d+|(?<=\.(?:py|so|c|cc|cpp|cu)):\d+/g, ' line …'],
  [/\b\d+(?:\.\d+)? ?(?=(?:ms|s|seconds?)\b)/g, '… '],
]

function normalised(ended: Ended): string {
  return variable.reduce((text, [what, instead]) => text.replace(what, instead), endText(ended))
}

/** Whether a base's message differs each time, so that only exit codes and signals count. */
function isUnstable({ again, ...first }: Start): boolean {
  return again !== null && normalised(first) !== normalised(again)
}

function isSameEnd(one: Ended, other: Ended): boolean {
  return endText({ end: one.end, line: null }) === endText({ end: other.end, line: null })
}

/** The package that Python did not find; undefined if the start ended for another reason. */
function missingPackage({ line }: Start): string | undefined {
  const found = /^ModuleNotFoundError: No module named '(\w+)/.exec(line ?? '')
  return found?.[1]?.toLowerCase().replaceAll('_', '-')
}

function has(pip: Readonly<Record<string, string>>, name: string): boolean {
  return pip[name] !== undefined || pip[`py${name}`] !== undefined
}

export type Comparison = 'alike' | 'different' | 'further'

/**
 * @returns `further` where the base lacks a package that the build adds, so that the image gets
 * further than the base; `alike` if it then lacks a package that the base lacks too
 */
export function compareEnds(base: Start, image: Start, facts: LegFacts): Comparison {
  if (image.end.kind === 'exit' && image.end.code === 0) return 'alike'
  if (normalised(base) === normalised(image)) return 'alike'
  if (isUnstable(base) && isSameEnd(base, image)) return 'alike'
  const [lacked, missing] = [missingPackage(base), missingPackage(image)]
  if (lacked === undefined || lacked === missing) return 'different'
  if (has(facts.base.pip, lacked) || !has(facts.image.pip, lacked)) return 'different'
  if (missing === undefined) return 'further'
  return has(facts.base.pip, missing) || /^(?:aibrix|nixl)/.test(missing) ? 'different' : 'alike'
}
