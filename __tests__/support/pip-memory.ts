import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Address of a package index → the names of its files, which are all that pip's answers are made of */
const indexes = new Map<string, string[]>()

/** Has pip asked once in a suite for what an index of this content answers, whatever its address is in each file. */
export function rememberIndex(url: string, directory: string): void {
  indexes.set(url, readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort())
}

/**
 * Puts a python3 before the one on PATH whose pip says at once what it has said before. A call of pip takes a second of a core,
 * and most runs of the tests ask one of a few indexes the same two questions.
 * @param index the address that pip is given; one that `rememberIndex` does not know is asked each time
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
  // Right before it: what a test has put on PATH may count on being the first.
  return places.toSpliced(at, 0, folder).join(delimiter)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @returns the folder with the answers that these decide: those of this suite alone, for all of its processes */
function openMemory(deciding: object): string {
  const key = createHash('sha256').update(JSON.stringify(deciding)).digest('hex')
  const folder = join(tmpdir(), `pip-memory-${suite()}`, key)
  mkdirSync(folder, { recursive: true })
  return folder
}

let ofThisSuite: string | undefined

/** Names the process that has started this one: jest, or what has started jest; its start tells it from others of its number. */
function suite(): string {
  const args = ['-o', 'lstart=', '-p', `${process.ppid}`]
  ofThisSuite ??= `${process.ppid}-${execFileSync('ps', args, { encoding: 'utf8' }).replace(/\W+/g, '')}`
  return ofThisSuite
}

/** It comes into place as a whole, since other runs may start it. */
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
