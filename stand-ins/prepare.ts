import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  globSync,
  mkdirSync,
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { baseRegistry, bases } from './bases.ts'
import type { Base } from './bases.ts'
import { makeAibrix, makeUcx } from './sources.ts'

export type StandIns = {
  /** Value of `base-registry` by variant; `published` has the images as published */
  baseRegistries: Record<string, string>
  /** Image references of all bases */
  images: string[]
  /** Git repositories on this machine */
  aibrix: string
  ucx: string
  /** Directory of the package index, for index-server.ts */
  index: string
}

type Setting = {
  registry: string
  cache: string
  only?: (base: Base) => boolean
  log: (line: string) => void
}

/** What was built, and from which files: image reference → digest. */
type Marker = { key: string; digests: Record<string, string | undefined> }

const home = import.meta.dirname
const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/**
 * Builds the stand-ins: base images in the registry, and git repositories and a package index in
 * `cache`. What was built from the same files is reused.
 *
 * @param setting.registry host and port of a registry that accepts pushes without a login
 * @param setting.cache directory, created if missing; it also has the logs of the builds
 * @param setting.only which base images. Default: all
 */
export async function prepare({ registry, cache, only = () => true, log }: Setting): Promise<StandIns> {
  mkdirSync(cache, { recursive: true })
  const wanted = bases.filter(only)
  const made: StandIns = {
    baseRegistries: Object.fromEntries(
      bases.map(({ variant }) => [variant || 'published', baseRegistry(registry, variant)]),
    ),
    images: wanted.map((base) => reference(registry, base)),
    aibrix: join(cache, 'aibrix.git'),
    ucx: join(cache, 'ucx.git'),
    index: join(cache, 'index'),
  }
  const marker = join(cache, 'made.json')
  const key = contentKey(registry)
  const before = readMarker(marker)
  const known = before?.key === key ? before.digests : undefined
  const there = await digests(registry, wanted)
  const missing = wanted.filter((base) => {
    const name = reference(registry, base)
    return there[name] === undefined || there[name] !== known?.[name]
  })
  if (known && missing.length === 0) log('stand-ins: up to date')
  else {
    await make({ registry, cache, log }, made, missing, known === undefined)
    const digestsNow = { ...known, ...(await digests(registry, wanted)) }
    writeFileSync(marker, JSON.stringify({ key, digests: digestsNow } satisfies Marker))
  }
  return made
}

/** @param anew whether the sources and the index are built too */
async function make(
  { registry, cache, log }: Setting,
  made: StandIns,
  missing: Base[],
  anew: boolean,
): Promise<void> {
  const timed = async <T>(what: string, work: () => Promise<T> | T): Promise<T> => {
    const start = performance.now()
    const result = await work()
    log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    return result
  }
  const buildx = (name: string, args: string[]) =>
    run(
      'docker',
      ['buildx', 'build', '--progress=plain', '--provenance=false', ...args, home],
      join(cache, `${name}.log`),
    )
  const debian = (
    await timed('Debian', () => run(join(home, 'debian'), [cache], join(cache, 'debian.log')))
  ).trim()
  const common = ['--build-arg', `DEBIAN=${debian}`]
  if (anew) {
    await timed('stand-in sources', () => {
      makeAibrix(join(home, 'aibrix'), made.aibrix)
      makeUcx(join(home, 'ucx'), made.ucx)
    })
    rmSync(made.index, { recursive: true, force: true })
    await timed('stand-in package index', () =>
      buildx('index', [...common, '--target=index', `--output=type=local,dest=${made.index}`]),
    )
  }
  for (const base of missing) {
    const name = reference(registry, base)
    await timed(name, () =>
      buildx(`${base.variant || 'published'}-${base.tag}`, [...common, ...buildArguments(base, name)]),
    )
  }
}

function reference(registry: string, { variant, repository, tag }: Base): string {
  return `${baseRegistry(registry, variant)}/${repository}:${tag}`
}

function buildArguments(base: Base, name: string): string[] {
  const args = Object.entries(base.arguments).map(([key, value]) => `--build-arg=${key}=${value}`)
  const output = [
    'type=image',
    `name=${name}`,
    'push=true',
    ...(base.output === undefined ? [] : [base.output]),
  ]
  return [...args, `--target=${base.target}`, `--output=${output.join(',')}`]
}

/** Returns the sha256 of all files that a stand-in is built from. */
function contentKey(registry: string): string {
  const hash = createHash('sha256').update(registry)
  for (const path of globSync('**/*', { cwd: home }).sort())
    if (statSync(join(home, path)).isFile()) hash.update(`\0${path}\0`).update(readFileSync(join(home, path)))
  return hash.digest('hex')
}

function readMarker(path: string): Marker | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Marker
  } catch {
    return undefined
  }
}

/** Returns the current digests in the registry: image reference → digest, undefined if missing. */
async function digests(registry: string, wanted: Base[]): Promise<Record<string, string | undefined>> {
  const found = await Promise.all(
    wanted.map(async (base) => {
      const name = reference(registry, base)
      const [repository, tag] = name.slice(registry.length + 1).split(':')
      const address = `http://${registry}/v2/${repository ?? ''}/manifests/${tag ?? ''}`
      const response = await fetch(address, { method: 'HEAD', headers: { accept } })
      return [name, response.headers.get('docker-content-digest') ?? undefined]
    }),
  )
  return Object.fromEntries(found) as Record<string, string | undefined>
}

/**
 * Runs a program with its standard error in a file. @returns its standard output @throws Error with
 * the end of the file if it fails
 */
async function run(command: string, args: string[], logFile: string): Promise<string> {
  const log = openSync(logFile, 'w')
  try {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', log] })
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    const code = await new Promise<number | null>((done, fail) =>
      child.once('error', fail).once('close', done),
    )
    if (code === 0) return output
  } finally {
    closeSync(log)
  }
  const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-20).join('\n')
  throw new Error(`${command} ${args.join(' ')} failed; the end of ${logFile}:\n${end}`)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      registry: { type: 'string', default: process.env.REGISTRY ?? '127.0.0.1:5000' },
      'published-only': { type: 'boolean', default: false },
      cache: { type: 'string', default: join(home, '..', '.cache', 'stand-ins') },
    },
  })
  const log = (line: string) => process.stderr.write(`${line}\n`)
  const made = await prepare({
    registry: values.registry,
    cache: resolve(values.cache),
    only: ({ variant }) => !values['published-only'] || variant === '',
    log,
  })
  process.stdout.write(`${JSON.stringify(made, null, 2)}\n`)
}
