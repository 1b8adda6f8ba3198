import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isProgram } from './is-program.ts'

/** Where Docker looks for its plugins on Linux, in this order */
const pluginFolders = [
  join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'cli-plugins'),
  ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((folder) =>
    join(folder, 'docker', 'cli-plugins'),
  ),
]

/** The folder of the program, and the one on PATH that has the real docker */
type Shortcut = { folder: string; before: string }

let created: { shortcut: Shortcut | undefined } | undefined

/**
 * Puts a docker on PATH that starts the plugin buildx as Docker's own program does in the end. That one
 * starts it twice, to ask it for its name first, and an action that builds calls it about ten times.
 */
export function withShortcut(path: string | undefined): string | undefined {
  created ??= { shortcut: createShortcut() }
  const { shortcut } = created
  const places = (path ?? '').split(delimiter)
  const at = shortcut ? places.indexOf(shortcut.before) : -1
  // Right before the real docker: programs that a test put first on PATH stay first.
  return shortcut && at >= 0 ? places.toSpliced(at, 0, shortcut.folder).join(delimiter) : path
}

function createShortcut(): Shortcut | undefined {
  const before = (process.env.PATH ?? '').split(delimiter).find((place) => isProgram(join(place, 'docker')))
  const plugin = pluginFolders.map((folder) => join(folder, 'docker-buildx')).find((file) => existsSync(file))
  if (before === undefined || plugin === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'docker-'))
  const lines = [
    '#!/bin/sh',
    `[ "$1" = buildx ] || exec ${join(before, 'docker')} "$@"`,
    // Without it, the plugin takes itself for a program of its own.
    'export DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker',
    `exec ${plugin} "$@"`,
  ]
  writeFileSync(join(folder, 'docker'), `${lines.join('\n')}\n`, { mode: 0o755 })
  return { folder, before }
}
