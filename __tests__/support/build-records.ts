import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withProgram } from './stand-in-inputs.ts'

export type BuildRecords = {
  /** PATH with a docker that keeps what BuildKit says of each build */
  path: string
  /** The names of the steps that BuildKit had in its graphs since the last time: `[wheel-builder 1/1] RUN …` */
  steps: () => string[]
}

/** BuildKit's own word for what it was asked to do, whatever the action makes of it: it names every vertex of a graph. */
export function keepBuildRecords(): BuildRecords {
  const folder = mkdtempSync(join(tmpdir(), 'build-records-'))
  const file = join(folder, 'rawjson')
  writeFileSync(file, '')
  const docker = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim()
  const path = withProgram(
    folder,
    'docker',
    `#!/bin/bash
case " $* " in
  *rawjson*) exec ${docker} "$@" 2> >(exec tee -a ${file} >&2) ;;
  *) exec ${docker} "$@" ;;
esac
`,
  )
  return {
    path,
    steps: () => {
      const names = [...readFileSync(file, 'utf8').matchAll(/"name": ?("(?:[^"\\]|\\.)*")/g)]
      writeFileSync(file, '')
      return [...new Set(names.map(([, name]) => JSON.parse(name ?? '""') as string))]
    },
  }
}
