import * as v from 'valibot'

const differingFile = v.object({
  /** Absolute */
  path: v.string(),
  kind: v.picklist(['changed', 'vanished', 'came']),
  /** The distribution that the build installed and whose RECORD lists the file; null if none does */
  owner: v.nullable(v.string()),
})

/** Distribution → how many of its files differ, and the first of them */
const differing = v.record(v.string(), v.object({ count: v.number(), first: v.array(differingFile) }))

/**
 * The files of the base's Python packages in the finished image, without bytecode, files that a
 * patch changed, and those of NIXL, AIBrix and torch. `compared` is how many the base has. Of added
 * packages: their files, compared with their RECORDs.
 */
export const baseFiles = v.object({ compared: v.number(), differing })

type BaseFiles = v.InferOutput<typeof baseFiles>

/** The first differing file of a distribution, and how many there are. */
type FileChange = {
  distribution: string
  count: number
} & BaseFiles['differing'][string]['first'][number]

/** @param judgedElsewhere distributions whose files another finding explains */
export function fileChanges({ differing }: BaseFiles, judgedElsewhere: ReadonlySet<string>): FileChange[] {
  return Object.entries(differing).flatMap(([distribution, { count, first }]) => {
    const [file] = first
    return file && !judgedElsewhere.has(distribution) ? [{ distribution, count, ...file }] : []
  })
}

const verbs = { changed: 'changed', vanished: 'removed', came: 'added' } as const

/** @returns `/usr/…/vllm/envs.py of vllm changed` */
export function fileChangeText({ distribution, count, path, kind }: FileChange): string {
  return `${path} of ${distribution} ${kind}${others(count)}`
}

/** @returns which package or step changed it, without a full stop */
export function fileProblem({ distribution, count, path, kind, owner }: FileChange): string {
  const subject = owner === null ? 'A build step' : `The installed package ${owner}`
  return `${subject} ${verbs[kind]} ${path} of ${distribution}${others(count)}`
}

function others(count: number): string {
  return count === 1 ? '' : ` (and ${count - 1} more ${count === 2 ? 'file' : 'files'})`
}
