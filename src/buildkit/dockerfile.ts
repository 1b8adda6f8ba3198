/** What the finished image is, and what is measured of it, are made from this stage. */
const image = 'image'

/** @param variables name → value @returns `ENV` lines in the order of the names, so that the same variables give the same image */
export function environmentLines(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `ENV ${name}=${literal(value)}`)
}

/**
 * Between double quotes BuildKit takes a backslash in front of these three for a sign that the character stands for itself, and else as
 * it is (docs.docker.com/reference/dockerfile, "Environment replacement"; moby/buildkit frontend/dockerfile/shell/lex.go).
 */
function literal(value: string): string {
  return `"${value.replace(/["$\\]/g, '\\$&')}"`
}

/**
 * Puts variables into the image at the end of its stage: behind all steps, none of which sees them, and before all that is made
 * from it.
 * @param dockerfile text of a Dockerfile with a stage `image`
 */
export function withEnvironment(dockerfile: string, variables: Readonly<Record<string, string>>): string {
  const added = environmentLines(variables)
  if (added.length === 0) return dockerfile
  const lines = dockerfile.split('\n')
  const begin = lines.findIndex((line) => new RegExp(`^FROM \\S+ AS ${image}$`).test(line))
  if (begin < 0) throw new Error(`the Dockerfile has no stage "${image}"`)
  const next = lines.findIndex((line, index) => index > begin && line.startsWith('FROM '))
  const end = lines.findLastIndex((line, index) => (next < 0 || index < next) && line.trim() !== '')
  return [...lines.slice(0, end + 1), ...added, ...lines.slice(end + 1)].join('\n')
}
