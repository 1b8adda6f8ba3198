// Inputs of script/bench: the stand-ins, or the real inputs that script/bench put into
// .cache/bench/real.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { withoutAbsentSecrets } from '../src/buildkit/dockerfile.ts'
import { type Engine, engines as known } from '../src/plan/engine.ts'
import { standInInputs } from '../stand-ins/action-inputs.ts'
import { serveIndex } from '../stand-ins/index-server.ts'
import { prepare } from '../stand-ins/prepare.ts'
import { bigRepository } from './bench-big.ts'
import type { RowId } from './bench-limits.ts'
import { addPythonOnlyBranch, pythonOnly } from './bench-sources.ts'
import type { TheirBuild } from './bench-theirs.ts'

/** What one row builds: engine → version, AIBrix, NIXL. */
export type Combination = { engines: Record<string, string>; aibrix: string; nixl: string }

export type BenchInputs = {
  name: string
  /** In an order in which each one finds what it needs; the versions of all before stay as they are */
  rows: Record<RowId, Combination>
  /** Returns the base images, by engine */
  bases: (engines: Combination['engines']) => Record<string, string>
  /** Returns the inputs of this action, without the namespace */
  ours: (combination: Combination) => Record<string, string>
  /** Returns the inputs of docker/build-push-action for one engine */
  theirs: (engine: string, combination: Combination) => Omit<TheirBuild, 'tag' | 'cache'>
  close: () => Promise<void>
}

export type BenchSetting = {
  base: 'stand-ins' | 'real' | 'big'
  /** Of the registry's counting proxy */
  host: string
  registry: string
  /** Engines to build */
  only: readonly string[]
  /** Whether build-push-action's Dockerfiles mount only the secrets that are given */
  isFaultLeftOut: boolean
}

type Source = Pick<BenchInputs, 'name' | 'close'> & {
  /** Before and after an update of the engine */
  engines: [before: Combination['engines'], after: Combination['engines']]
  /** Versions of NIXL that bundle the same UCX */
  nixl: [before: string, after: string]
  ucx: string
  inputs: Record<string, string>
}

export async function openBenchInputs(setting: BenchSetting): Promise<BenchInputs> {
  const source = setting.base === 'stand-ins' ? await standIns(setting) : realInputs(setting)
  addPythonOnlyBranch(source.inputs['aibrix-repository'] ?? '', 'v0.7.0')
  return {
    name: source.name,
    rows: rowsOf(source, setting.only),
    bases: (engines) =>
      Object.fromEntries(
        Object.entries(engines).map(([engine, version]) => [engine, baseOf(source, engine, version)]),
      ),
    ours: ({ engines, aibrix, nixl }) => ({
      ...source.inputs,
      registry: setting.host,
      network: 'host',
      engine: Object.keys(engines).join(', '),
      versions: Object.entries(engines)
        .map(([engine, version]) => `${engine}: ${version}`)
        .join('\n'),
      'aibrix-version': aibrix,
      'nixl-version': nixl,
    }),
    theirs: (engine, combination) => theirBuild(source, engine, combination, setting.isFaultLeftOut),
    close: source.close,
  }
}

function rowsOf({ engines, nixl }: Source, only: readonly string[]): BenchInputs['rows'] {
  const [before, after] = engines.map((all) =>
    Object.fromEntries(Object.entries(all).filter(([engine]) => only.includes(engine))),
  )
  const first = { engines: before ?? {}, aibrix: 'v0.5.0', nixl: nixl[0] }
  const aibrix = { ...first, aibrix: 'v0.7.0', nixl: nixl[1] }
  return {
    cold: first,
    same: first,
    nixl: { ...first, nixl: nixl[1] },
    aibrix,
    'aibrix-python': { ...aibrix, aibrix: pythonOnly },
    engine: { ...aibrix, engines: after ?? {} },
  }
}

async function standIns({ host, registry }: BenchSetting): Promise<Source> {
  const log = (line: string): void => {
    console.log(`  ${line}`)
  }
  const made = await prepare({
    registry,
    cache: resolve('.cache/stand-ins'),
    only: ({ variant }) => variant === '',
    log,
  })
  // A copy, because the tests use the other one
  const aibrix = resolve('.cache/bench/stand-ins/aibrix.git')
  rmSync(aibrix, { recursive: true, force: true })
  execFileSync('git', ['clone', '--quiet', '--bare', made.aibrix, aibrix])
  const index = await serveIndex(made.index)
  const inputs = standInInputs({ ...made, aibrix }, index.url)
  const bases = (inputs['base-registry'] ?? '').replace(registry, host)
  return {
    name: 'stand-ins',
    // No two versions have the same torch here, so the last row compiles, too.
    engines: [
      { vllm: 'v0.10.2', sglang: 'v0.5.5.post3' },
      { vllm: 'v0.21.0', sglang: 'v0.5.11' },
    ],
    nixl: ['0.7.0', '0.7.1'],
    ucx: '1.19.0',
    inputs: { ...inputs, 'base-registry': bases },
    close: index.close,
  }
}

function realInputs({ base, host }: BenchSetting): Source {
  const folder = resolve('.cache/bench/real')
  return {
    name: base === 'big' ? 'real inputs, big base' : 'real inputs',
    engines: [{ vllm: 'v0.10.2', sglang: 'v0.5.11' }, { vllm: 'v0.21.0' }],
    nixl: ['0.8.0', '0.9.0'],
    ucx: '1.20.0',
    inputs: {
      'base-registry': base === 'big' ? `${host}/${bigRepository}` : host,
      'aibrix-repository': join(folder, 'aibrix.git'),
      'ucx-repository': join(folder, 'ucx.git'),
      'package-index': process.env.PIP_INDEX_URL ?? '',
      'ca-certificates': process.env.CA_CERTIFICATES ?? '',
      // A single architecture: the case in which skipping the compiler saves the least.
      'gpu-architectures': '9.0',
    },
    close: () => Promise.resolve(),
  }
}

function baseOf({ inputs }: Source, engine: string, version: string): string {
  return `${inputs['base-registry'] ?? ''}/${known[engine as Engine].baseRepository}:${version}`
}

function theirBuild(
  source: Source,
  engine: string,
  { engines, aibrix, nixl }: Combination,
  isFaultLeftOut: boolean,
): Omit<TheirBuild, 'tag' | 'cache'> {
  const { inputs, ucx } = source
  const { dockerfile, versionArgument } = known[engine as Engine]
  const version = engines[engine] ?? ''
  const certificates = inputs['ca-certificates'] ?? ''
  const index = inputs['package-index'] ?? ''
  const secrets = index === '' ? {} : { 'package-index': kept('package-index', index) }
  const path = resolve('dockerfiles', dockerfile)
  const shortened = () => withoutAbsentSecrets(readFileSync(path, 'utf8'), new Set(Object.keys(secrets)))
  return {
    context: resolve('dockerfiles'),
    dockerfile: isFaultLeftOut ? kept(dockerfile, shortened()) : path,
    arguments: {
      BASE_IMAGE: baseOf(source, engine, version),
      [versionArgument]: version,
      AIBRIX_BRANCH: aibrix,
      NIXL_VERSION: nixl,
      UCX_VERSION: ucx,
      ...('gpu-architectures' in inputs ? { GPU_ARCHITECTURES: inputs['gpu-architectures'] } : {}),
    },
    contexts: {
      'aibrix-source': `${inputs['aibrix-repository'] ?? ''}/`,
      'ucx-source': `${inputs['ucx-repository'] ?? ''}/`,
      ...(existsSync(certificates)
        ? { certificates: dirname(kept('certificates/given.pem', readFileSync(certificates, 'utf8'))) }
        : {}),
    },
    secrets,
  }
}

/** Writes what build-push-action reads from a file, perhaps a secret. @returns its path */
function kept(name: string, content: string): string {
  const file = resolve('.cache/bench', name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content, { mode: 0o600 })
  return file
}
