// What of action.yml the terminal and the documentation are generated from.
import type { Plugin } from 'esbuild'
import { readFileSync } from 'node:fs'
import type { Definition, DefinedCommand } from '../src/terminal/definition.ts'
import { type Action, readAction } from './action-defaults.ts'

/** Returns the names of the inputs in the groups that the comments of action.yml make. */
export function inputGroups(): { title: string; names: string[] }[] {
  const groups: { title: string; names: string[] }[] = []
  const [, inputs = ''] = /^inputs:\n([^]*?)^\w/m.exec(readFileSync('action.yml', 'utf8')) ?? []
  for (const [, title, name] of inputs.matchAll(/^ {2}(?:# (.*)|([\w-]+):)$/gm)) {
    if (title !== undefined) groups.push({ title, names: [] })
    else if (name !== undefined) groups.at(-1)?.names.push(name)
  }
  return groups
}

/** `run (plan and build), plan, or history (print it)` → the commands, and what is in parentheses */
function commandsOf({ inputs }: Action): DefinedCommand[] {
  const found = (inputs.command?.description ?? '').matchAll(/(?:^|, (?:or )?)([a-z]+)(?: \(([^)]*)\))?/g)
  return [...found].map(([, name = '', about = '']) => ({ name, about }))
}

export function readDefinition(): Definition {
  const action = readAction()
  return {
    commands: commandsOf(action),
    groups: inputGroups().map(({ title, names }) => ({
      title,
      inputs: names.map((name) => ({
        name,
        description: action.inputs[name]?.description ?? '',
        default: action.inputs[name]?.default ?? '',
      })),
    })),
    jsonOutputs: Object.entries(action.outputs)
      .filter(([, { description }]) => description.startsWith('JSON '))
      .map(([name]) => name),
  }
}

/** Fills the source's empty `definition`. */
export const filledDefinition: Plugin = {
  name: 'filled-definition',
  setup: (build) => {
    build.onLoad({ filter: /\/src\/terminal\/definition\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const empty = /(export const definition: Definition =) \{.*\}/
      if (!empty.test(source)) throw new Error(`${path} has no empty definition`)
      const contents = source.replace(
        empty,
        (_, begin: string) => `${begin} ${JSON.stringify(readDefinition())}`,
      )
      return Promise.resolve({ contents, loader: 'ts' })
    })
  },
}
