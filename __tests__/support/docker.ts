import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withProgram } from './stand-in-inputs.ts'

export type StandInDocker = {
  /** A PATH on which it goes first */
  path: string
  /** What a command, such as `buildx inspect` or `info`, prints */
  says: (command: string, text: string) => void
  /** A command ends with 1 after this on standard error */
  fails: (command: string, text: string) => void
  /** A command is this shell script */
  does: (command: string, script: string) => void
  /** What it was asked, in order */
  asked: () => string[]
  /** The config.json that a command had the last time, undefined if there was none */
  configOf: (command: string) => string | undefined
}

/** Commands of two words have the name of both. */
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

/** A docker without an engine: what is not said otherwise works, and says nothing. @param parent of a folder for it */
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
