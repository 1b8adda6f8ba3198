import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withProgram } from './stand-in-inputs.ts'

export type StandInDocker = {
  /** A PATH on which it comes first */
  path: string
  /** Sets the output of a command, such as `buildx inspect` or `info` */
  says: (command: string, text: string) => void
  /** Makes a command print this on standard error and exit with 1 */
  fails: (command: string, text: string) => void
  /** Replaces a command with this shell script */
  does: (command: string, script: string) => void
  /** The calls so far, in order */
  asked: () => string[]
  /** The config.json of the last call of a command; undefined if it had none */
  configOf: (command: string) => string | undefined
}

/** Commands of two words are named by both. */
const script = (folder: string): string => `#!/bin/sh
printf '%s\\n' "$*" >> ${folder}/asked
[ "$1" = --host ] && shift 2
name="$1"
case "$1" in buildx | context | image) name="$1 $2" ;; esac
cp "$DOCKER_CONFIG/config.json" "${folder}/$name.config" 2>/dev/null
[ -f "${folder}/$name.sh" ] && . "${folder}/$name.sh"
[ -f "${folder}/$name.err" ] && { cat "${folder}/$name.err" >&2; exit 1; }
[ -f "${folder}/$name" ] && cat "${folder}/$name"
exit 0
`

/**
 * Creates a docker without an engine: by default every command succeeds without output. @param
 * parent of its folder
 */
export function standInDocker(parent: string): StandInDocker {
  const folder = mkdtempSync(join(parent, 'docker-'))
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const write = (ending: string) => (command: string, text: string) => {
    writeFileSync(join(folder, `${command}${ending}`), text)
  }
  const read = (name: string): string | undefined =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined
  return {
    path: withProgram(bin, 'docker', script(folder)),
    says: write(''),
    fails: write('.err'),
    does: write('.sh'),
    asked: () => read('asked')?.trimEnd().split('\n') ?? [],
    configOf: (command) => read(`${command}.config`),
  }
}
