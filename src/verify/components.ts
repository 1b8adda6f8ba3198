import * as v from 'valibot'
import { engines, isSameRelease, type Leg } from '../plan/index.ts'
import { engineOf, type LegFacts } from './facts.ts'
import { nixlVariants } from './nixl.ts'

export const componentNames = ['engine', 'torch', 'cuda', 'python', 'aibrix_kvcache', 'nixl', 'ucx'] as const

/**
 * One line of the matrix. `declared` is what was requested (null: the base's), `measured` what is in
 * the image.
 */
export const componentSchema = v.object({
  name: v.picklist(componentNames),
  title: v.string(),
  declared: v.nullable(v.string()),
  measured: v.nullable(v.string()),
  /** Whether the measured version is the declared one; true where nothing was declared */
  agrees: v.boolean(),
})

export type ComponentName = (typeof componentNames)[number]
export type Component = v.InferOutput<typeof componentSchema>

function component(
  name: ComponentName,
  title: string,
  declared: string | null,
  measured: string | null,
): Component {
  const agrees = declared === null || (measured !== null && isSameRelease(declared, measured))
  return { name, title, declared, measured, agrees }
}

/** @returns the components of an image, declared and measured, in the order of the matrix */
export function componentsOf(leg: Leg, { image }: LegFacts): Component[] {
  const { aibrix, engine, version } = leg
  // A branch or a commit declares no version to compare with.
  const aibrixVersion = aibrix.kind === 'tag' ? aibrix.ref : null
  const found = engineOf(leg, image)?.version ?? null
  return [
    component('engine', engines[engine].title, version.release, found),
    component('torch', 'Torch', null, image.torch?.version ?? null),
    component('cuda', 'CUDA', null, image.torch?.cuda ?? null),
    component('python', 'Python', null, image.python.version),
    component('aibrix_kvcache', 'aibrix_kvcache', aibrixVersion, image.aibrix?.version ?? null),
    component('nixl', 'NIXL', leg.nixl, nixlVersion(image.nixl.distributions)),
    component('ucx', 'UCX', leg.ucxVersion, image.bundledUcx?.version ?? null),
  ]
}

/** @returns the version of the package with NIXL's code: the variant's if there is one */
function nixlVersion(distributions: Record<string, string>): string | null {
  const variant = Object.keys(distributions).find((name) => name.startsWith('nixl-cu'))
  return distributions[variant ?? 'nixl'] ?? null
}

/** @returns NIXL's CUDA plugin, `cu13`; null if there is none */
export function nixlPlugin({ image }: LegFacts): string | null {
  const plugins = nixlVariants(image).map((variant) => variant.replace('nixl-', ''))
  return plugins.join(', ') || null
}
