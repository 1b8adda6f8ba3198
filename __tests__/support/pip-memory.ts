import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isProgram } from './is-program.ts'

/** URL of a package index → the names of its files, which determine pip's answers */
const indexes = new Map<string, string[]>()

/**
 * Runs pip once per suite for an index with this content, whatever its URL is in each test file.
 */
export function rememberIndex(url: string, directory: string): void {
  indexes.set(url, readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort())
}

/**
 * Puts a python3 on PATH whose pip replays its earlier answers. A call of pip takes a second of CPU
 * time, and most runs of the tests query one of a few indexes in the same two ways.
 *
 * @param index URL for pip; an index unknown to `rememberIndex` is queried each time
 * @returns the PATH
 */
export function withPipMemory(environment: NodeJS.ProcessEnv, index: string | undefined): string | undefined {
  const { PATH: path = '', HOME, XDG_CONFIG_HOME } = environment
  const content = indexes.get(index ?? '')
  const places = path.split(delimiter)
  const at = places.findIndex((place) => isProgram(join(place, 'python3')))
  if (content === undefined || at < 0) return environment.PATH
  const settings = Object.entries(environment).filter(([name]) => name.startsWith('PIP_'))
  const python = join(places[at] ?? '', 'python3')
  const folder = openMemory({ python, content, HOME, XDG_CONFIG_HOME, settings: settings.sort() })
  writeProgram(folder, python)
  // Right before the real python3: programs that a test put first on PATH stay first.
  return places.toSpliced(at, 0, folder).join(delimiter)
}

/**
 * Returns the folder of the answers for these settings, which all processes of this suite share.
 */
function openMemory(deciding: object): string {
  const key = createHash('sha256').update(JSON.stringify(deciding)).digest('hex')
  const folder = join(tmpdir(), `pip-memory-${suite()}`, key)
  mkdirSync(folder, { recursive: true })
  return folder
}

let ofThisSuite: string | undefined

/**
 * Identifies the parent process (jest, or what started jest) by its id and, as ids are reused, its
 * start time.
 */
function suite(): string {
  const args = ['-o', 'lstart=', '-p', `${process.ppid}`]
  ofThisSuite ??= `${process.ppid}-${execFileSync('ps', args, { encoding: 'utf8' }).replace(/\W+/g, '')}`
  return ofThisSuite
}

/** Writes the program atomically, because other runs may start it. */
function writeProgram(folder: string, python: string): void {
  const program = join(folder, 'python3')
  if (isProgram(program)) return
  writeFileSync(`${program}.${process.pid}`, memoryScript(folder, python), { mode: 0o755 })
  renameSync(`${program}.${process.pid}`, program)
}

function memoryScript(folder: string, python: string): string {
  return `#!/bin/sh
[ "$1 $2" = '-m pip' ] || exec ${python} "$@"
answer=${folder}/$(printf %s "$*" | cksum | tr ' ' -)
if [ ! -e "$answer" ]; then
  ${python} "$@" >"$answer.$$" || { code=$?; cat "$answer.$$"; rm "$answer.$$"; exit $code; }
  mv "$answer.$$" "$answer"
fi
cat "$answer"
`
}
