/** Variables of a marker, with those of PEP 345 that pip still takes */
const variables = [
  'os_name',
  'sys_platform',
  'platform_(?:machine|python_implementation|release|system|version)',
  'python_(?:version|full_version|implementation)',
  'implementation_(?:name|version)',
  'extra',
  'os\\.name',
  'sys\\.platform',
  'platform\\.(?:version|machine|python_implementation)',
]

const operand = `(?:"[^"]*"|'[^']*'|\\b(?:${variables.join('|')})\\b)`
const comparison = new RegExp(
  `${operand}\\s*(?:===|[<>=!~]=|[<>]|(?:\\bnot\\s+|\\b)in\\b)\\s*${operand}`,
  'g',
)

/**
 * @param text without `#`
 * @returns whether it is a marker of a requirement (PEP 508), which pip would otherwise refuse in the
 *   middle of a build: `python_version >= "3.12" and (os_name == "posix" or extra == "x")`
 */
export function isMarker(text: string): boolean {
  let left = text.replace(comparison, '#')
  for (;;) {
    const shorter = left.replace(/\(\s*#\s*\)/g, '#').replace(/#\s*\b(?:and|or)\b\s*#/g, '#')
    if (shorter === left) return left.trim() === '#'
    left = shorter
  }
}
