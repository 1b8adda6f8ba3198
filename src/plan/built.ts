import type { Engine } from './engine.ts'
import { idOf, type ImageName, templateValues } from './combination.ts'
import { parseDeterminants } from './published/changes.ts'
import type { TemplateValues } from './published/tag.ts'

/** An image that exists: what its report has, and the label with its determinants. */
type Built = {
  engine: Engine
  /** As in the image's tag: `v0.10.2` */
  version: string
  aibrix: { ref: string; commit: string }
  determinants: string
}

/**
 * Names an image as the plan did that it was built for.
 * @param date of the tags, `YYYYMMDD`
 * @returns undefined if its label is unreadable
 */
export function nameBuilt(built: Built, date: string): { id: string; values: TemplateValues } | undefined {
  const known = parseDeterminants(built.determinants)
  const nixl = known?.get('nixl')
  if (!known || nixl === undefined) return undefined
  const { ref, commit } = built.aibrix
  const unnamed = ref === commit ? 'commit' : 'branch'
  const name: ImageName = {
    engine: built.engine,
    version: { tag: built.version },
    aibrix: { ref, commit, kind: known.has('aibrixTag') ? 'tag' : unnamed },
    nixl,
  }
  return { id: idOf(name), values: templateValues(name, known.get('ucxVersion') ?? null, date) }
}
