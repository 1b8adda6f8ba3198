import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { Plugin } from 'esbuild'

const importOfFace = /^import (type )?\{([^}]*)\} from '([^']+\/index\.ts)'$/gm
const exportOfFace = /^export (type )?\{([^}]*)\} from '([^']+)'$/gm

/**
 * Imports a name of a room from the file that defines it instead of from the room's index.ts.
 * esbuild puts an index.ts and everything that it exports into one chunk, so an import of one name
 * would load the whole room.
 */
export const directImports: Plugin = {
  name: 'direct-imports',
  setup: (build) => {
    const faces = new Map<string, Promise<Map<string, string>>>()
    const filesOf = (face: string) => {
      const known = faces.get(face) ?? readFace(face)
      faces.set(face, known)
      return known
    }
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const found = text.matchAll(importOfFace)
      const targets = [...found].map(([, , , face = '']) => resolve(dirname(path), face))
      const files = new Map(
        await Promise.all(targets.map(async (face) => [face, await filesOf(face)] as const)),
      )
      const contents = text.replace(importOfFace, (_, type = '', names: string, face: string) =>
        namesIn(names)
          .map((name) => `import ${type}{ ${name} } from '${from(path, fileOf(files, path, face, name))}'`)
          .join('; '),
      )
      return { contents, loader: 'ts' }
    })
  },
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** `type Plan as Other` → `Plan` */
function exported(name: string): string {
  return name.replace(/^type /, '').replace(/ as .*$/, '')
}

/** Returns the file of each export: name → file. */
async function readFace(face: string): Promise<Map<string, string>> {
  const text = await readFile(face, 'utf8')
  return new Map(
    [...text.matchAll(exportOfFace)].flatMap(([, , names = '', file = '']) =>
      namesIn(names).map((name) => [exported(name), resolve(dirname(face), file)] as const),
    ),
  )
}

function fileOf(
  files: ReadonlyMap<string, Map<string, string>>,
  path: string,
  face: string,
  name: string,
): string {
  const file = files.get(resolve(dirname(path), face))?.get(exported(name))
  if (file === undefined) throw new Error(`${face} does not export ${name}, which ${path} imports`)
  return file
}

function from(path: string, file: string): string {
  const target = relative(dirname(path), file)
  return target.startsWith('.') ? target : `./${target}`
}
