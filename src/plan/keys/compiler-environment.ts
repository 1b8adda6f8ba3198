import variables from '../../../dockerfiles/scripts/step/builder/variables.json' with { type: 'json' }

/** The steps of a build read the same list, so that they see no other variables of the base. */
const compilerVariable = new RegExp(
  `^(?:${variables.flatMap(({ names, inKey }) => (inKey ? [names] : [])).join('|')})$`,
)

/** Removes folders with stubs of the driver (NVIDIA's devel images), which are never linked in. */
const withoutStubs = (path: string): string =>
  path
    .split(':')
    .filter((folder) => !folder.endsWith('/stubs'))
    .join(':')

/**
 * @param env `NAME=value` lines of a base
 * @returns its variables that compilers and their tools read
 */
export function compilerEnvironment(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    env.flatMap((line): [string, string][] => {
      const name = line.split('=')[0] ?? ''
      if (!compilerVariable.test(name)) return []
      const given = line.slice(name.length + 1)
      const value = name === 'LIBRARY_PATH' ? withoutStubs(given) : given
      return value === '' ? [] : [[name, value]]
    }),
  )
}
