import { canonicalJson, sha256 } from '../canonical.ts'
import { compilerEnvironment } from './compiler-environment.ts'
import type { Leg } from '../plan.ts'

/** The stages of the Dockerfiles whose results other legs reuse, by these names. */
export const artifactKinds = ['extension', 'wheel', 'ucx'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

/** What must be known of a base, in the form of `Facts`. */
export type MeasuredBase = {
  system: { machine: string; distribution: string; glibc: string; libstdcxx: string | null }
  python: { version: string }
  torch: { version: string; cuda: string | null; cxxStandard: number | null } | null
  toolkit: { home: string; version: string } | null
  pip: Record<string, string>
  dpkg: Record<string, string> | null
}

/** Everything known to change what the compilers of both stages produce. */
type Common = {
  platform: string
  machine: string
  /** Its packages have the headers, and the compiler if the base has none */
  distribution: string
  glibc: string
  /** The toolkit's path is in the run path of what is linked with it */
  toolkit: { home: string; version: string } | null
  /** Compilers other than the distribution's own: `g++-13` → version */
  otherCompilers: Record<string, string>
  /** The packages of torch with the CUDA headers that a slim toolkit lacks */
  headers: Record<string, string>
  /** Variables of the base that compilers and their tools read */
  environment: Record<string, string>
  buildArguments: Record<string, string>
  /** sha256 over the stages and their scripts, see `stageRecipe` */
  recipe: string
}

/** What further determines the extension of AIBrix. */
type Compiled = Common & {
  torch: { version: string; cuda: string | null; cxxStandard?: number } | null
  /** `3.12`, as in the tags of the wheel */
  python: string
  libstdcxx: string | null
  /** Sorted; `auto` if the base has no toolkit to resolve that */
  gpuArchitectures: string[] | 'auto'
}

/** The compiled part of AIBrix, which commits with the same sources share. */
export type ExtensionDeterminants = Compiled & {
  kind: 'extension'
  /** sha256 over the sources, see `compiledSources` */
  sources: string
}

export type WheelDeterminants = Compiled & {
  kind: 'wheel'
  aibrixCommit: string
  /** A release tag gives the wheel its version, a branch does not */
  aibrixTag: string | null
}

export type UcxDeterminants = Common & {
  kind: 'ucx'
  ucxVersion: string
  ucxCommit: string
  /** Version of the package in the base; null: its distribution's */
  rdmaCore: string | null
}

export type ArtifactDeterminants = ExtensionDeterminants | WheelDeterminants | UcxDeterminants

/** A stage artifact. The same determinants give the same name. */
export type Artifact<D extends ArtifactDeterminants = ArtifactDeterminants> = {
  /** `<kind>-<64 hexadecimal digits>` */
  name: string
  determinants: D
}

type LegPart = Pick<Leg, 'platform' | 'aibrix' | 'ucx' | 'ucxVersion' | 'buildArguments' | 'base'>

/**
 * Determines the artifacts of a leg; that of UCX is meaningless for a leg without UCX. Left out is
 * what reaches no object code: the engine, NIXL, pip's own tools, patch releases of Python.
 * @param architectures what `gpu-architectures` means for this base; undefined if the base cannot
 * tell
 * @param recipes digest for each kind
 */
export function artifactsOf(
  leg: LegPart,
  base: MeasuredBase,
  architectures: readonly string[] | undefined,
  recipes: Pick<Record<ArtifactKind, string>, 'wheel' | 'ucx'>,
): { wheel: Artifact<WheelDeterminants>; ucx: Artifact<UcxDeterminants> } {
  const { torch, system, python } = base
  return {
    wheel: artifactOf({
      kind: 'wheel',
      ...commonOf(leg, base, headersOfWheel, recipes.wheel),
      aibrixCommit: leg.aibrix.commit,
      aibrixTag: leg.aibrix.kind === 'tag' ? leg.aibrix.ref : null,
      torch: torch && torchOf(torch),
      python: python.version.split('.').slice(0, 2).join('.'),
      libstdcxx: system.libstdcxx,
      gpuArchitectures: architectures ? [...new Set(architectures)].sort() : 'auto',
    }),
    ucx: artifactOf({
      kind: 'ucx',
      ...commonOf(leg, base, headersOfUcx, recipes.ucx),
      ucxVersion: leg.ucxVersion ?? 'none',
      ucxCommit: leg.ucx?.commit ?? 'none',
      rdmaCore: rdmaCore(base.dpkg ?? {}),
    }),
  }
}

/**
 * Determines the extension of a wheel: all that the wheel is determined by, with its sources in
 * place of the commit.
 * @param sources see `compiledSources` @param recipe of the extension's stage
 */
export function extensionOf(
  { determinants }: Artifact<WheelDeterminants>,
  sources: string,
  recipe: string,
): Artifact<ExtensionDeterminants> {
  const { aibrixCommit: _commit, aibrixTag: _tag, ...compiled } = determinants
  return artifactOf({ ...compiled, kind: 'extension', sources, recipe })
}

/** The extension's own C++ standard (dockerfiles/scripts/step/wheel/cxx_compilers.py) */
const projectStandard = 17

/** Leaves out the C++ standard unless it is torch's. */
function torchOf({ version, cuda, cxxStandard }: NonNullable<MeasuredBase['torch']>) {
  const isTorchs = cxxStandard !== null && cxxStandard > projectStandard
  return { version, cuda, ...(isTorchs && { cxxStandard }) }
}

function artifactOf<D extends ArtifactDeterminants>(determinants: D): Artifact<D> {
  return { name: `${determinants.kind}-${sha256(canonicalJson(determinants))}`, determinants }
}

/** Parts of CUDA whose headers the builders need (dockerfiles/scripts/step/builder/toolkit.py) */
const headersOfWheel = ['cuda-runtime', 'cublas', 'cusparse', 'cusolver', 'curand', 'nvml-dev']
const headersOfUcx = ['cuda-runtime', 'nvml-dev']

function commonOf(
  { platform, buildArguments, base: { config } }: LegPart,
  { system, toolkit, pip, dpkg }: MeasuredBase,
  headers: readonly string[],
  recipe: string,
): Common {
  return {
    platform,
    machine: system.machine,
    distribution: system.distribution,
    glibc: system.glibc,
    toolkit: toolkit && { home: toolkit.home, version: toolkit.version },
    otherCompilers: otherCompilers(dpkg ?? {}),
    headers: picked(pip, (name) => headers.includes(name.replace(/^nvidia-|-cu\d+$/g, ''))),
    environment: compilerEnvironment(config.env),
    buildArguments,
    recipe,
  }
}

function picked(all: Record<string, string>, isWanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => isWanted(name)))
}

/** The distribution's own compiler is the same if the base has it or the builder installs it. */
function otherCompilers(dpkg: Record<string, string>): Record<string, string> {
  const own = Object.entries(dpkg).flatMap(([name, version]) =>
    /^(?:g\+\+|gcc|clang)(?::|$)/.test(name) ? [/^(?:\d+:)?(\d+)/.exec(version)?.[1]] : [],
  )
  return picked(dpkg, (name) => {
    const major = /^(?:g\+\+|clang)-(\d+)(?::|$)/.exec(name)?.[1]
    return major !== undefined && !own.includes(major)
  })
}

/** All packages of this source have one version; those with the headers come first. */
function rdmaCore(dpkg: Record<string, string>): string | null {
  const packages = ['libibverbs-dev', 'librdmacm-dev', 'libibverbs1', 'librdmacm1']
  const versionOf = (wanted: string) =>
    Object.entries(dpkg).find(([name]) => name.split(':')[0] === wanted)?.[1]
  return packages.map(versionOf).find((version) => version !== undefined) ?? null
}
