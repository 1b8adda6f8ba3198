/** @returns a version as its project writes it: with a `v` for engines and AIBrix */
export function versionText(component: string, version: string): string {
  const hasV = component === 'engine' || component === 'aibrix'
  return hasV && /^\d/.test(version) ? `v${version}` : version
}
