import { gateNames } from '../verify/gate.ts'
import { waivedLabel } from '../verify/labels.ts'

/**
 * The annotations of an index over platforms: the labels that all of its images have, with the same value. What differs, such
 * as the build id or the base's digest, is in each image's own labels; but gates that were waived for any of them are of the whole.
 * @param labels of the images, in any order
 */
export function commonLabels(labels: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = labels
  const waived = labels.flatMap((each) => waiversIn(each[waivedLabel] ?? ''))
  const common = Object.entries(first).filter(
    ([key, value]) =>
      /^(org\.opencontainers|io\.aibrix)\.image\./.test(key) &&
      key !== waivedLabel &&
      others.every((other) => other[key] === value),
  )
  const all: [string, string][] = [...common, [waivedLabel, [...new Set(waived)].sort().join('; ')]]
  return Object.fromEntries(
    all.filter(([, value]) => value !== '').sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

/** `gate=reason`; a reason may have the semicolon that stands between two of them. */
const between = new RegExp(`; (?=(?:${gateNames.join('|')})=)`)

function waiversIn(label: string): string[] {
  return label === '' ? [] : label.split(between)
}
