/**
 * The annotations of an index over platforms: the labels that all of its images have, with the same value. What differs, such
 * as the build id or the base's digest, is in each image's own labels.
 * @param labels of the images, in any order
 */
export function commonLabels(labels: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = labels
  return Object.fromEntries(
    Object.entries(first)
      .filter(
        ([key, value]) =>
          /^(org\.opencontainers|io\.aibrix)\.image\./.test(key) &&
          others.every((other) => other[key] === value),
      )
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}
