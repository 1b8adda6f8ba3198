/** @returns `ENV` lines sorted by name, so that the same variables give the same image */
export function environmentLines(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `ENV ${name}=${literal(value)}`)
}

/**
 * In double quotes BuildKit reads a backslash as an escape in front of these three characters only
 * (docs.docker.com/reference/dockerfile, "Environment replacement"; moby/buildkit
 * frontend/dockerfile/shell/lex.go).
 */
function literal(value: string): string {
  return `"${value.replace(/["$\\]/g, '\\$&')}"`
}

/**
 * Adds variables at the end of the image's stage: after all its steps, which don't see them, and
 * before the stages that are built from it.
 * @param dockerfile text with a stage `image`, which is measured and which the final image is built
 *   from
 */
export function withEnvironment(dockerfile: string, variables: Readonly<Record<string, string>>): string {
  const added = environmentLines(variables)
  if (added.length === 0) return dockerfile
  const lines = dockerfile.split('\n')
  const begin = lines.findIndex((line) => /^FROM \S+ AS image$/.test(line))
  if (begin < 0) throw new Error('the Dockerfile has no stage "image"')
  const next = lines.findIndex((line, index) => index > begin && line.startsWith('FROM '))
  const end = lines.findLastIndex((line, index) => (next < 0 || index < next) && line.trim() !== '')
  return [...lines.slice(0, end + 1), ...added, ...lines.slice(end + 1)].join('\n')
}

/**
 * Removes the mounts of optional secrets that a build is not given. An absent secret is no error for
 * BuildKit, but some versions make each step that mounts one slow (engine/slow-secrets.ts).
 * @param dockerfile text with each of these mounts on a line of its own
 * @param given ids of the build's secrets
 */
export function withoutAbsentSecrets(dockerfile: string, given: ReadonlySet<string>): string {
  return dockerfile.replace(
    /^ *--mount=type=secret,id=([\w.-]+),required=false \\\n/gm,
    (line, id: string) => (given.has(id) ? line : ''),
  )
}
