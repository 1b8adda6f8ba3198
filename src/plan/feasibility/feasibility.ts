import type { PinnedSource } from '../pinned.ts'
import type { NixlOrigin, IntegrationChoice } from '../plan.ts'
import { explain, ge, lt, satisfies } from '@renovatebot/pep440'
import { type Catalogue, type CatalogueRelease, whyNoUcx } from './catalogue.ts'
import { type Engine, engines } from '../engine.ts'
import type { KnownBase } from './known-base.ts'
import { isNixlKnown } from '../nixl/nixl-choice.ts'
import { tagObjection } from '../versions/variant.ts'
import { type EngineVersion, isSameRelease, majorOf } from '../versions/version.ts'

/** `impossible` has a reason, and `unknown` says what is not known: sentences without their end. */
export type Feasibility =
  { state: 'possible' } | { state: 'impossible'; reason: string } | { state: 'unknown'; reason: string }

export type Wanted = {
  engine: Engine
  version: EngineVersion
  aibrix: Pick<PinnedSource, 'kind' | 'ref'>
  nixl: string
  nixlFrom: NixlOrigin
  integration: IntegrationChoice
  /** `linux/amd64` */
  platform: string
}

/** The versions of NIXL with wheels for a base; `absent` says in a sentence without its end that the index has nothing of it at all. */
export type Offered = { versions: readonly string[]; absent?: string }

/**
 * Whether an image can be built, as far as it can be told without building it. What is called impossible here fails in the
 * build or at a gate, but for one: `auto` with a vLLM that AIBrix has nothing for would be built without integration.
 * @param nixlVersions those with wheels for this base, or `unknown` where pip was not asked
 */
export function judgeFeasibility(
  wanted: Wanted,
  base: KnownBase,
  catalogue: Catalogue,
  nixlVersions: Offered | 'unknown',
): Feasibility {
  const found = [
    ...judgeTag(wanted),
    ...judgeAibrix(wanted, base, catalogue),
    ...judgeNixl(wanted, base, catalogue, nixlVersions),
  ]
  return (
    found.find(({ state }) => state === 'impossible') ??
    found.find(({ state }) => state === 'unknown') ?? { state: 'possible' }
  )
}

const impossible = (reason: string): Feasibility => ({ state: 'impossible', reason })
const unknown = (reason: string): Feasibility => ({ state: 'unknown', reason })

function nameOf({ engine, version }: Wanted): string {
  return `${engines[engine].baseRepository}:${version.tag}`
}

/** What else the tag claims is told by the gate `engine-version`. */
function judgeTag(wanted: Wanted): Feasibility[] {
  const reason = tagObjection(nameOf(wanted), wanted.version.tag, wanted.platform)
  return reason === undefined ? [] : [impossible(reason)]
}

function judgeAibrix(wanted: Wanted, base: KnownBase, catalogue: Catalogue): Feasibility[] {
  const { engine, aibrix, integration } = wanted
  // A tag may have any name, also one that every object has.
  const known = aibrix.kind === 'tag' && Object.hasOwn(catalogue.releases, aibrix.ref)
  const release = known ? catalogue.releases[aibrix.ref] : undefined
  const toSglang =
    engine === 'sglang' && integration !== 'none' ? judgeSglang(wanted, catalogue.sglang.module) : []
  if (!release)
    return [...toSglang, unknown(`the catalogue does not have what AIBrix ${aibrix.ref} needs of a base`)]
  const toVllm = engine === 'vllm' && integration !== 'none' ? judgeVllm(wanted, release.vllm) : []
  return [
    ...toSglang,
    ...toVllm,
    ...judgeNeed(wanted, 'Python', release.needs.python, base, base.python),
    ...judgeNeed(wanted, 'torch', release.needs.torch, base, base.torch),
  ]
}

/** @param version what the base has */
function judgeNeed(
  wanted: Wanted,
  what: 'Python' | 'torch',
  need: string,
  base: KnownBase,
  version: string | undefined,
): Feasibility[] {
  const needs = `aibrix_kvcache ${wanted.aibrix.ref} needs ${what}`
  if (version === undefined)
    return [
      base.source === 'measured'
        ? impossible(`${needs}, and the base ${nameOf(wanted)} has none`)
        : unknown(`it is not known which ${what} the base ${nameOf(wanted)} has`),
    ]
  if (releaseOf(version) === undefined)
    return [
      unknown(`${needs} ${need}, and ${version} of the base ${nameOf(wanted)} is no version to compare`),
    ]
  const unmet = need.split(',').find((part) => !meets(version, part))
  return unmet === undefined
    ? []
    : [impossible(`${needs} ${unmet}, and the base ${nameOf(wanted)} has ${version}`)]
}

/**
 * Local parts aside (`2.9.0+cu129`). A pre-release is taken for its release: it may have what its release brings.
 * @returns undefined if it is no version of PEP 440, of which nothing can be told
 */
function releaseOf(version: string): string | undefined {
  return explain(version)?.base_version
}

function meets(version: string, specifier: string): boolean {
  const release = releaseOf(version)
  return release === undefined || satisfies(release, specifier)
}

function isFrom(first: string, version: string): boolean {
  return ge(releaseOf(version) ?? version, first)
}

/** dockerfiles/scripts/step/image/integrate.py decides by the same rules. */
function judgeVllm(
  { version, aibrix, integration }: Wanted,
  { patches, module }: CatalogueRelease['vllm'],
): Feasibility[] {
  const patched = patches.some((patch) => isSameRelease(patch, version.release))
  const importable = module !== undefined && isFrom(module, version.release)
  const patch = [
    `no patch for vLLM ${version.tag}`,
    ...(patches.length > 0 ? [`(it has them for ${patches.map((one) => `v${one}`).join(', ')})`] : []),
  ].join(' ')
  const connector =
    module === undefined ? 'no connector module' : `its connector module works from vLLM v${module} on`
  const reasons = {
    auto: patched || importable ? undefined : `has ${patch}, and ${connector}`,
    patch: patched ? undefined : `has ${patch}`,
    module: importable ? undefined : module === undefined ? `has ${connector}` : `does not fit: ${connector}`,
    none: undefined,
  }
  const reason = reasons[integration]
  const way =
    integration !== 'auto' && (patched || importable)
      ? 'set integration: auto'
      : 'choose another aibrix-version or integration: none'
  return reason === undefined ? [] : [impossible(`aibrix_kvcache ${aibrix.ref} ${reason}; ${way}`)]
}

/** SGLang has the backend itself. Without it `auto` builds an image that SGLang does not use AIBrix in, and says so. */
function judgeSglang({ version, integration }: Wanted, first: string): Feasibility[] {
  if (integration === 'patch')
    return [
      impossible(
        'AIBrix has no patches for SGLang, which has its storage backend itself; set integration: auto',
      ),
    ]
  return integration === 'module' && !isFrom(first, version.release)
    ? [impossible(`SGLang ${version.tag} has no storage backend for AIBrix; it has one from v${first} on`)]
    : []
}

function judgeNixl(
  wanted: Wanted,
  base: KnownBase,
  catalogue: Catalogue,
  offered: Offered | 'unknown',
): Feasibility[] {
  const { nixl, nixlFrom, platform } = wanted
  const name = nameOf(wanted)
  if (!isNixlKnown(wanted)) return [unknown(`it is not known which NIXL the base ${name} brings`)]
  const tooOld = judgeFloor(wanted, base)
  if (tooOld.length > 0 || nixlFrom === 'base') return tooOld
  if (!Object.hasOwn(catalogue.nixl, nixl)) return [impossible(whyNoUcx(catalogue, nixl))]
  const { python, cuda } = base
  if (cuda === undefined && base.source === 'measured')
    return [impossible(`NIXL needs a torch for CUDA, and the base ${name} has none`)]
  const none = `NIXL ${nixl} has no wheel for`
  const has = `, which the base ${name} has`
  const wheels = catalogue.nixl[nixl]
  if (offered !== 'unknown' && python !== undefined && cuda !== undefined) {
    if (offered.versions.some((version) => isSameRelease(nixl, version))) return []
    // An index of which nobody knows a variant for this CUDA does not lack it.
    const isMade = wheels?.cuda.includes(majorOf(cuda)) ?? true
    if (offered.absent !== undefined && isMade) return [impossible(offered.absent)]
    return [impossible(`${none} Python ${python} with CUDA ${majorOf(cuda)} on ${platform}${has}`)]
  }
  if (!wheels) return []
  if (python !== undefined && !meets(python, wheels.python))
    return [impossible(`${none} Python ${python}${has}`)]
  if (cuda !== undefined && !wheels.cuda.includes(majorOf(cuda)))
    return [impossible(`${none} CUDA ${majorOf(cuda)}${has}`)]
  const missing = python === undefined ? 'Python' : cuda === undefined ? 'CUDA' : undefined
  return missing === undefined ? [] : [unknown(`it is not known which ${missing} the base ${name} has`)]
}

/** The engine raises on an older NIXL as soon as its connector is used. */
function judgeFloor(wanted: Wanted, { nixl: brought, nixlFloor: floor }: KnownBase): Feasibility[] {
  const { engine, version, nixl } = wanted
  if (floor === undefined || !explain(nixl) || !lt(nixl, floor)) return []
  const stays = brought != null && explain(brought) && ge(brought, floor)
  const advice = stays ? `base (it brings ${brought}), ${floor} or later` : `${floor} or later`
  return [
    impossible(
      `${engines[engine].title} ${version.tag} refuses NIXL ${nixl}, as it demands ${floor} or later; set nixl-version: ${advice}, or force: true with allow-failed: engine-demands=<why>`,
    ),
  ]
}
