// A base as large as the published ones, for `BASE=big script/bench`: the real base with vLLM's own
// kernels and dependencies.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { engines as known } from '../src/plan/engine.ts'
import { humanBytes } from '../src/text.ts'
import type { Combination } from './bench-inputs.ts'
import { openFreshEngine } from './fresh-engine.ts'

/** First part of the repositories of big bases */
export const bigRepository = 'big'

/** For two bases in the registry, and one engine that has one of them compressed and unpacked */
const neededBytes = 60e9

// The base's torch stays, whatever vLLM requires: what depends on its exact version is left out.
const dockerfile = String.raw`
ARG BASE
FROM $BASE
ARG VERSION
USER root
RUN --mount=type=secret,id=certificates --mount=type=secret,id=index \
    set -e; export PIP_CERT=/run/secrets/certificates PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_CACHE_DIR=1; \
    index=$(cat /run/secrets/index); [ -z "$index" ] || export PIP_INDEX_URL=$index; \
    python3 -m pip install -q --no-deps --force-reinstall vllm==$VERSION; \
    python3 -c 'import importlib.metadata, re; [print(text) for text in importlib.metadata.requires("vllm") or [] if "extra ==" not in text and not re.match("(torch|xformers)", text)]' >/tmp/required; \
    python3 -c 'import importlib.metadata; print("torch==" + importlib.metadata.version("torch").split("+")[0])' >/tmp/kept; \
    python3 -m pip install -q -c /tmp/kept -r /tmp/required; rm /tmp/required /tmp/kept
`

/**
 * Pushes the big bases that the registry lacks, each built on an engine of its own, so that nothing
 * stays on the disk but what the registry has.
 * @throws Error if the disk has too little space
 */
export async function prepareBigBases(
  registry: string,
  combinations: readonly Combination[],
  folder: string,
): Promise<void> {
  const versions = [...new Set(combinations.flatMap(({ engines }) => engines.vllm ?? []))]
  if (combinations.some(({ engines }) => 'sglang' in engines))
    throw new Error('There is a big base of vLLM only; leave sglang out of ENGINES.')
  mkdirSync(folder, { recursive: true })
  const free = freeBytes(folder)
  if (free < neededBytes)
    throw new Error(
      `The big base needs ${humanBytes(neededBytes)} of free disk space, and ${folder} has ${humanBytes(free)}; free some, or leave out BASE=big.`,
    )
  for (const version of versions)
    if (!(await exists(registry, version))) await push(registry, version, folder)
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

async function exists(registry: string, version: string): Promise<boolean> {
  const path = `${bigRepository}/${known.vllm.baseRepository}`
  const accept = 'application/vnd.oci.image.manifest.v1+json'
  const address = `http://${registry}/v2/${path}/manifests/${version}`
  return (await fetch(address, { method: 'HEAD', headers: { accept } })).ok
}

async function push(registry: string, version: string, folder: string): Promise<void> {
  const base = `${registry}/${known.vllm.baseRepository}:${version}`
  const name = `${registry}/${bigRepository}/${known.vllm.baseRepository}:${version}`
  const engine = await openFreshEngine(join(folder, 'engines'))
  const log = join(folder, `big-${version}.log`)
  const descriptor = openSync(log, 'w')
  try {
    console.log(`  ${name}`)
    const child = spawn('docker', buildArguments(base, name, version), {
      env: { ...process.env, PIP_INDEX_URL: process.env.PIP_INDEX_URL ?? '', ...engine.environment },
      stdio: ['pipe', descriptor, descriptor],
    })
    child.stdin?.end(dockerfile)
    const code = await new Promise<number | null>((done, fail) =>
      child.once('error', fail).once('close', done),
    )
    if (code !== 0) throw new Error(`${name} could not be built; the end of ${log}:\n${endOf(log)}`)
  } finally {
    closeSync(descriptor)
    await engine.close()
  }
}

function buildArguments(base: string, name: string, version: string): string[] {
  const certificates = process.env.SSL_CERT_FILE ?? '/etc/ssl/certs/ca-certificates.crt'
  const compression = 'compression=zstd,compression-level=1,oci-mediatypes=true'
  return [
    ...['buildx', 'build', '--progress=plain', '--provenance=false', '--network=host'],
    ...[`--build-arg=BASE=${base}`, `--build-arg=VERSION=${version.replace(/^v/, '')}`],
    ...[`--secret=id=certificates,src=${certificates}`, '--secret=id=index,env=PIP_INDEX_URL'],
    ...[`--output=type=image,name=${name},push=true,${compression}`, '-'],
  ]
}

function endOf(file: string): string {
  return execFileSync('tail', ['-n', '20', file], { encoding: 'utf8' })
}
