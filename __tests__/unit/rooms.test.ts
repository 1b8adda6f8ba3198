import { expect, it } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { objection, rooms } from '../../script/room-rule.ts'

const files = globSync('src/**/*.ts')

/** Returns the files that a file imports, including type imports. */
function importsOf(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^;'"]*from '(\.[^']+)'/gm)
  return [...found]
    .map(([, target = '']) => join(dirname(file), target))
    .filter((path) => path.endsWith('.ts'))
}

/** Returns files that import each other in a cycle; undefined if there are none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}

it('finds an import cycle', () => {
  expect(
    findCycle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b', 'c', 'b'])
})

it('src/ has no import cycle, not even of types', () => {
  expect(files.length).toBeGreaterThan(200)
  expect(findCycle(new Map(files.map((file) => [file, importsOf(file)])))).toBeUndefined()
})

it('every room of src/ is in the order of rooms', () => {
  const found = new Set(files.map((file) => relative('src', file).split('/')[0]))
  expect([...found].sort()).toEqual([...rooms].sort())
})

it.each<[string, string, string | undefined]>([
  ['plan/plan.ts', 'plan/engine.ts', undefined],
  ['plan/keys/build-id.ts', 'plan/plan.ts', undefined],
  ['plan/plan.ts', 'registry/index.ts', undefined],
  ['plan/plan.ts', 'errors.ts', undefined],
  ['main.ts', 'command/index.ts', undefined],
  ['plan/plan.ts', 'registry/content/digest.ts', 'Import it from registry/index.ts, or export it there.'],
  ['plan/plan.ts', 'store/index.ts', 'plan must not know store, which is above it.'],
  ['errors.ts', 'system/index.ts', 'errors.ts must not know system, which is above it.'],
  ['plan/plan.ts', 'plan/index.ts', 'Inside its room a file imports the file itself.'],
  ['attic/box.ts', 'plan/index.ts', 'attic is not in the order of rooms in script/room-rule.ts.'],
])('judges the import in %s of %s', (file, imported, expected) => {
  expect(objection(file, imported)).toBe(expected)
})
