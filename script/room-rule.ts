import type { Rule } from 'eslint'
import { dirname, join, relative, sep } from 'node:path'

/** The parts of src/ from the lowest layer up: files, and rooms, which are folders. */
export const rooms: readonly string[] = [
  ...['errors.ts', 'version.ts', 'text.ts', 'json.ts'],
  ...['system', 'registry', 'plan', 'verify', 'store', 'inventory', 'prune', 'buildkit', 'leg', 'promote'],
  ...['report', 'inputs', 'command', 'terminal', 'main.ts', 'post.ts'],
]

/**
 * Returns why an import breaks the order or bypasses the index.ts of a room; undefined if it is
 * allowed.
 *
 * @param file path below src/, `store/legs.ts`
 * @param imported path below src/
 */
export function objection(file: string, imported: string): string | undefined {
  const [from = '', to = ''] = [file, imported].map((path) => path.split('/')[0])
  const face = `${to}/index.ts`
  if (!rooms.includes(from)) return `${from} is not in the order of rooms in script/room-rule.ts.`
  if (from === to) return imported === face ? 'Inside its room a file imports the file itself.' : undefined
  if (rooms.indexOf(to) > rooms.indexOf(from)) return `${from} must not know ${to}, which is above it.`
  if (imported.includes('/') && imported !== face) return `Import it from ${face}, or export it there.`
  return undefined
}

/** `import()` is exempt: it loads one part of a room separately. */
export const roomRule: Rule.RuleModule = {
  meta: { type: 'problem', schema: [] },
  create: (context) => {
    const source = join(context.cwd, 'src')
    const below = (path: string): string => relative(source, path).split(sep).join('/')
    const check = (node: { source?: { value?: unknown } | null | undefined }): void => {
      const target = node.source?.value
      if (typeof target !== 'string' || !target.startsWith('.')) return
      const imported = below(join(dirname(context.filename), target))
      const message = imported.startsWith('..') ? undefined : objection(below(context.filename), imported)
      if (message !== undefined) context.report({ node: node as Rule.Node, message })
    }
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check }
  },
}
