/**
 * @param text of a file that @actions/core writes outputs or state to (`GITHUB_OUTPUT`,
 *   `GITHUB_STATE`): `name<<delimiter`, lines, delimiter
 * @returns the last value of each name
 */
export function parseFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const match of text.matchAll(/^([\w-]+)<<(\S+)\n([^]*?)\n?\2\n/gm))
    values[match[1] ?? ''] = match[3] ?? ''
  return values
}
