// Inputs of script/bench: the stand-ins, or the real inputs that script/bench put into
// .cache/bench/real.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Engine, engines as known } from '../src/plan/engine.ts'
import { standInInputs } from '../stand-ins/action-inputs.ts'
import { serveIndex } from '../stand-ins/index-server.ts'
import { prepare } from '../stand-ins/prepare.ts'
import type { TheirBuild } from './bench-theirs.ts'

/** Versions to build. */
export type Versions = { aibrix: string; nixl: string }

export type BenchInputs = {
  name: string
  engines: Record<string, string>
  /** Before, after a new NIXL (with the same UCX), and after a new AIBrix too */
  before: Versions
  nixl: Versions
  aibrix: Versions
  /** Returns the inputs of this action, without the namespace */
  ours: (versions: Versions) => Record<string, string>
  /** Returns the inputs of docker/build-push-action for one engine */
  theirs: (engine: string, versions: Versions) => Omit<TheirBuild, 'tag' | 'cache'>
  close: () => Promise<void>
}

type Source = Pick<BenchInputs, 'name' | 'engines' | 'close'> & {
  /** Versions of NIXL that bundle the same UCX */
  nixl: [before: string, after: string]
  ucx: string
  inputs: Record<string, string>
}

/** @param host of the registry's counting proxy @param only engines to build */
export async function openBenchInputs(
  real: boolean,
  host: string,
  registry: string,
  only: string,
): Promise<BenchInputs> {
  const source = await (real ? realInputs(host) : standIns(host, registry))
  const wanted = only.split(/[\s,]+/).filter(Boolean)
  const engines = Object.fromEntries(
    Object.entries(source.engines).filter(([engine]) => wanted.includes(engine)),
  )
  const [before, after] = source.nixl
  const common = {
    ...source.inputs,
    registry: host,
    network: 'host',
    engine: Object.keys(engines).join(', '),
    versions: Object.entries(engines)
      .map(([engine, version]) => `${engine}: ${version}`)
      .join('\n'),
  }
  return {
    name: source.name,
    engines,
    before: { aibrix: 'v0.5.0', nixl: before },
    nixl: { aibrix: 'v0.5.0', nixl: after },
    aibrix: { aibrix: 'v0.7.0', nixl: after },
    ours: ({ aibrix, nixl }) => ({ ...common, 'aibrix-version': aibrix, 'nixl-version': nixl }),
    theirs: (engine, versions) => theirBuild(source, engine as Engine, engines[engine] ?? '', versions),
    close: source.close,
  }
}

async function standIns(host: string, registry: string): Promise<Source> {
  const log = (line: string): void => {
    console.log(`  ${line}`)
  }
  const engines = { vllm: 'v0.10.2', sglang: 'v0.5.5.post3' }
  const wanted = [`vllm/vllm-openai:${engines.vllm}`, `lmsysorg/sglang:${engines.sglang}`]
  const made = await prepare({
    registry,
    cache: resolve('.cache/stand-ins'),
    only: ({ variant, repository, tag }) => variant === '' && wanted.includes(`${repository}:${tag}`),
    log,
  })
  const index = await serveIndex(made.index)
  const inputs = standInInputs(made, index.url)
  const bases = (inputs['base-registry'] ?? '').replace(registry, host)
  return {
    name: 'stand-ins',
    engines,
    nixl: ['0.7.0', '0.7.1'],
    ucx: '1.19.0',
    inputs: { ...inputs, 'base-registry': bases },
    close: index.close,
  }
}

function realInputs(host: string): Promise<Source> {
  const kept = resolve('.cache/bench/real')
  return Promise.resolve({
    name: 'real inputs',
    engines: { vllm: 'v0.10.2', sglang: 'v0.5.11' },
    nixl: ['0.8.0', '0.9.0'],
    ucx: '1.20.0',
    inputs: {
      'base-registry': host,
      'aibrix-repository': join(kept, 'aibrix.git'),
      'ucx-repository': join(kept, 'ucx.git'),
      'package-index': process.env.PIP_INDEX_URL ?? '',
      'ca-certificates': process.env.CA_CERTIFICATES ?? '',
      // A single architecture: the case in which skipping the compiler saves the least.
      'gpu-architectures': '9.0',
    },
    close: () => Promise.resolve(),
  })
}

function theirBuild(
  { inputs, ucx }: Source,
  engine: Engine,
  version: string,
  { aibrix, nixl }: Versions,
): Omit<TheirBuild, 'tag' | 'cache'> {
  const { dockerfile, baseRepository, versionArgument } = known[engine]
  const certificates = inputs['ca-certificates'] ?? ''
  return {
    context: resolve('dockerfiles'),
    dockerfile: resolve('dockerfiles', dockerfile),
    arguments: {
      BASE_IMAGE: `${inputs['base-registry'] ?? ''}/${baseRepository}:${version}`,
      [versionArgument]: version,
      AIBRIX_BRANCH: aibrix,
      NIXL_VERSION: nixl,
      UCX_VERSION: ucx,
      ...('gpu-architectures' in inputs ? { GPU_ARCHITECTURES: inputs['gpu-architectures'] } : {}),
    },
    contexts: {
      'aibrix-source': `${inputs['aibrix-repository'] ?? ''}/`,
      'ucx-source': `${inputs['ucx-repository'] ?? ''}/`,
    },
    secrets: {
      ...(existsSync(certificates) ? { 'ca-certificates': certificates } : {}),
      ...(inputs['package-index'] ? { 'package-index': kept(inputs['package-index']) } : {}),
    },
  }
}

/** Writes a secret to a file. @returns its path */
function kept(value: string): string {
  const folder = resolve('.cache/bench')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'package-index')
  writeFileSync(file, value, { mode: 0o600 })
  return file
}
