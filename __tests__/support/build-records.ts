import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withProgram } from './stand-in-inputs.ts'

export type BuildRecords = {
  /** PATH with a docker that stores BuildKit's output of each build */
  path: string
  /** Returns the steps in BuildKit's graphs since the last call: `[wheel-builder 1/1] RUN …` */
  steps: () => string[]
}

/**
 * Records BuildKit's own output, independent of the action's reading: it names every vertex of a
 * graph.
 */
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
