import { conditionsLabel, gateNames, waivedLabel } from '../verify/index.ts'

/**
 * The annotations of an index over platforms: the labels that its images share, with the same value.
 * Others, such as the build id, are in the image's own labels. Waived gates and conditions of any
 * image apply to the whole.
 * @param labels of the images, in any order
 */
export function commonLabels(labels: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = labels
  const waived = labels.flatMap((each) => (each[waivedLabel] ?? '').split(between)).filter(Boolean)
  const common = Object.entries(first).filter(
    ([key, value]) =>
      /^(org\.opencontainers|io\.aibrix)\.image\./.test(key) &&
      key !== waivedLabel &&
      key !== conditionsLabel &&
      others.every((other) => other[key] === value),
  )
  const conditions = labels.flatMap((each) => (each[conditionsLabel] ?? '').split('; ')).filter(Boolean)
  const joined = (some: readonly string[]): string => [...new Set(some)].sort().join('; ')
  const all: [string, string][] = [
    ...common,
    [waivedLabel, joined(waived)],
    [conditionsLabel, joined(conditions)],
  ]
  return Object.fromEntries(
    all.filter(([, value]) => value !== '').sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

/** Separates `gate=reason` from the next one; a reason may contain the separator's semicolon. */
const between = new RegExp(`; (?=(?:${gateNames.join('|')})=)`)
