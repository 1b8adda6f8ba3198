import * as v from 'valibot'

const differingFile = v.object({
  /** Absolute */
  path: v.string(),
  kind: v.picklist(['changed', 'vanished', 'came']),
  /** The distribution that came to the base and lists the file in its RECORD; null if none does */
  owner: v.nullable(v.string()),
})

/** By distribution: how many of its files are not as they were, and the first of them. */
const differing = v.record(v.string(), v.object({ count: v.number(), first: v.array(differingFile) }))

/**
 * Files of the base's Python packages in the finished image, but for NIXL's, AIBrix's, torch's, those that a patch changed, and
 * bytecode. `compared` is how many there were in the base.
 */
export const baseFiles = v.object({ compared: v.number(), differing })

export type BaseFiles = v.InferOutput<typeof baseFiles>

/** Files of one distribution that are not as they were. */
export type FileChange = {
  distribution: string
  count: number
} & BaseFiles['differing'][string]['first'][number]

/** @param judgedElsewhere distributions of which another change says it already */
export function fileChanges({ differing }: BaseFiles, judgedElsewhere: ReadonlySet<string>): FileChange[] {
  return Object.entries(differing).flatMap(
    ([
      distribution,
      {
        count,
        first: [file],
      },
    ]) => (file && !judgedElsewhere.has(distribution) ? [{ distribution, count, ...file }] : []),
  )
}

const verbs = { changed: 'changed', vanished: 'removed', came: 'added' } as const

/** @returns `/usr/…/vllm/envs.py of vllm changed` */
export function describeFile({ distribution, count, path, kind }: FileChange): string {
  return `${path} of ${distribution} ${kind}${others(count)}`
}

/** @returns who did what, a sentence without its end */
export function fileSentence({ distribution, count, path, kind, owner }: FileChange): string {
  const who = owner === null ? 'A step of the build' : `The package ${owner}, which was installed,`
  return `${who} ${verbs[kind]} ${path} of ${distribution}${others(count)}`
}

function others(count: number): string {
  return count === 1 ? '' : ` (and ${count - 1} more ${count === 2 ? 'file' : 'files'})`
}
