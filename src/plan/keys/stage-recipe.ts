import { recipeDigest } from './build-id.ts'

type Stage = { from: string; lines: string[] }

/** The stage of the base, whose facts determine what is in it */
const measured = 'base'

/**
 * The digest of what a stage is built with, apart from the base and the build arguments: the text
 * of the stage and of those that it needs, and the scripts that they mount. It leaves out comments
 * and the default values of arguments, because the action sets each argument.
 * @param scripts path below the Dockerfile's folder (`scripts/common/run`) → content
 * @returns 64 hexadecimal digits
 */
export function stageRecipe(
  dockerfile: string,
  name: string,
  scripts: ReadonlyMap<string, Uint8Array>,
): string {
  const stages = stagesOf(dockerfile)
  const wanted = new Set([name])
  for (const each of wanted)
    for (const needed of neededBy(stages.get(each))) if (stages.has(needed)) wanted.add(needed)
  wanted.delete(measured)
  const text = [...wanted].map((each) => (stages.get(each)?.lines ?? []).join('\n')).join('\n')
  const mounted = [...text.matchAll(/\bsource=(scripts\/[^,\s]+)/g)].map(([, folder = '']) => `${folder}/`)
  const used = [...scripts].filter(([path]) => mounted.some((folder) => path.startsWith(folder)))
  return recipeDigest(new Map([['', Buffer.from(text)], ...used]))
}

function stagesOf(dockerfile: string): Map<string, Stage> {
  const stages = new Map<string, Stage>()
  let current: Stage | undefined
  for (const line of dockerfile.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const [, from, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? []
    if (from !== undefined && name !== undefined) stages.set(name, (current = { from, lines: [] }))
    current?.lines.push(line.replace(/^(ARG \w+)=.*$/, '$1'))
  }
  return stages
}

function neededBy(stage: Stage | undefined): string[] {
  if (!stage || stage.from === measured) return []
  const others = stage.lines.flatMap((line) =>
    [...line.matchAll(/\bfrom=([^,\s]+)/g)].map(([, name = '']) => name),
  )
  return [stage.from, ...others]
}
