import { ge } from '@renovatebot/pep440'
import { type Catalogue, type CatalogueRelease, releaseIn } from './catalogue.ts'
import {
  type Feasibility,
  impossible,
  meets,
  nameOf,
  possible,
  releaseOf,
  unknown,
  type Wanted,
} from './feasibility.ts'
import type { KnownBase } from './known-base.ts'
import { isSameRelease } from '../versions/version.ts'

export function judgeAibrix(wanted: Wanted, base: KnownBase, catalogue: Catalogue): Feasibility[] {
  const release = releaseIn(catalogue, wanted.aibrix)
  const integration = judgeIntegration(wanted, catalogue, release)
  if (!release)
    return [
      integration,
      unknown(`the catalogue does not list what AIBrix ${wanted.aibrix.ref} needs from a base`),
    ]
  return [
    integration,
    judgeNeed(wanted, 'Python', release.needs.python, base),
    judgeNeed(wanted, 'torch', release.needs.torch, base),
  ]
}

function judgeNeed(wanted: Wanted, what: 'Python' | 'torch', need: string, base: KnownBase): Feasibility {
  const version = what === 'Python' ? base.python : base.torch
  const needs = `aibrix_kvcache ${wanted.aibrix.ref} needs ${what}`
  const name = nameOf(wanted)
  if (version === undefined)
    return base.source === 'measured'
      ? impossible(`${needs}, and the base ${name} has none`)
      : unknown(`the ${what} of the base ${name} is not known`)
  if (releaseOf(version) === undefined)
    return unknown(`${needs} ${need}, and the base ${name} has ${version}, which is not a PEP 440 version`)
  const unmet = need.split(',').find((part) => !meets(version, part))
  return unmet === undefined ? possible : impossible(`${needs} ${unmet}, and the base ${name} has ${version}`)
}

function judgeIntegration(wanted: Wanted, catalogue: Catalogue, release?: CatalogueRelease): Feasibility {
  if (wanted.integration === 'none') return possible
  if (wanted.engine === 'sglang') return judgeSglang(wanted, catalogue.sglang.module)
  return release ? judgeVllm(wanted, release.vllm) : possible
}

function isFrom(first: string, version: string): boolean {
  return ge(releaseOf(version) ?? version, first)
}

/** dockerfiles/scripts/step/image/integrate.py decides by the same rules. */
function judgeVllm(
  { version, aibrix, integration }: Wanted,
  { patches, module }: CatalogueRelease['vllm'],
): Feasibility {
  const patched = patches.some((patch) => isSameRelease(patch, version.release))
  const importable = module !== undefined && isFrom(module, version.release)
  const others =
    patches.length === 0 ? '' : ` (it has them for ${patches.map((one) => `v${one}`).join(', ')})`
  const patch = `no patch for vLLM ${version.tag}${others}`
  const connector =
    module === undefined ? 'no connector module' : `its connector module works from vLLM v${module} on`
  const reasons = {
    auto: patched || importable ? undefined : `has ${patch}, and ${connector}`,
    patch: patched ? undefined : `has ${patch}`,
    module: importable ? undefined : module === undefined ? `has ${connector}` : `does not fit: ${connector}`,
    none: undefined,
  }
  const reason = reasons[integration]
  if (reason === undefined) return possible
  const advice =
    patched || importable ? 'set integration: auto' : 'choose another aibrix-version or integration: none'
  return impossible(`aibrix_kvcache ${aibrix.ref} ${reason}; ${advice}`)
}

/** SGLang ships the backend itself. Without it, `auto` builds an image that does not use AIBrix. */
function judgeSglang({ version, integration }: Wanted, first: string): Feasibility {
  if (integration === 'patch')
    return impossible(
      'AIBrix has no patches for SGLang, which has its storage backend itself; set integration: auto',
    )
  return integration === 'module' && !isFrom(first, version.release)
    ? impossible(`SGLang ${version.tag} has no storage backend for AIBrix; it has one from v${first} on`)
    : possible
}
