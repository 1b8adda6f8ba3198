import { recipeDigest } from './build-id.ts'

type Stage = { from: string; lines: string[] }

/** What the base holds is told by its facts, not by how it is named. */
const measured = 'base'

/**
 * What a stage's result is made with, apart from the base and the build arguments: the text of the stage and of those that
 * it is made from, and the scripts that these mount. Comments and default values of arguments are not in it, since the
 * action gives each argument its value, nor is any other stage.
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
