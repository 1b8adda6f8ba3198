import { type PinnedSource, sha256 } from '../plan/index.ts'
import { ProgramFailure, type RunGit } from '../system/index.ts'

/**
 * @param repository path of a bare repository with the commit
 * @returns sha256 (64 hexadecimal digits) over what the extension of a commit can be compiled from
 * @throws UserError if git failed
 */
export type CompiledSources = (repository: string, source: PinnedSource) => Promise<string>

const project = 'python/aibrix_kvcache'

/** The files of setuptools and CMake that decide what is compiled, and how. */
const buildFiles = ['*.py', '*.toml', '*.cfg', 'CMakeLists.txt'].map((name) => `:(glob)${project}/${name}`)
const cmakeFiles = [`:(glob)${project}/**/CMakeLists.txt`, `:(glob)${project}/**/*.cmake`]

/**
 * Reads the files of AIBrix' project without the Python files that are only installed. A project
 * without a `setup.py` is packed in no other way than as a whole, so its commit stands for it.
 */
export function createCompiledSources(git: RunGit): CompiledSources {
  return async (repository, source) => {
    const { commit, ref } = source
    const inRepository = [`--git-dir=${repository}`]
    const text = await git([...inRepository, 'ls-tree', '-r', '-z', '--full-tree', commit, `${project}/`])
    const entries = text.split('\0').filter((entry) => entry !== '')
    if (!entries.some((entry) => pathOf(entry) === 'setup.py')) return sha256(`${commit}\0${ref}`)
    const packages = packagesIn(entries)
    const compiled = (await buildReads(git, inRepository, commit, packages))
      ? entries
      : entries.filter((entry) => !isInstalled(entry, packages))
    return sha256(compiled.join('\0'))
  }
}

/** An entry is `<mode> <type> <object>\t<path>`. */
function pathOf(entry: string): string {
  return entry.slice(entry.indexOf('\t') + 1 + project.length + 1)
}

/** Folders of the project that are Python packages. */
function packagesIn(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => /^([^/]+)\/__init__\.py$/.exec(pathOf(entry))?.[1] ?? [])
}

/** A regular Python file of a package, which no compiler reads. */
function isInstalled(entry: string, packages: readonly string[]): boolean {
  const [folder = '', ...rest] = pathOf(entry).split('/')
  return entry.startsWith('100') && entry.endsWith('.py') && rest.length > 0 && packages.includes(folder)
}

/**
 * Whether the build itself imports a package or names one of its Python files, which may then decide
 * what is compiled. The file of the version is written by the build.
 */
async function buildReads(
  git: RunGit,
  inRepository: readonly string[],
  commit: string,
  packages: readonly string[],
): Promise<boolean> {
  if (packages.length === 0) return false
  const name = `(${packages.join('|')})`
  const pattern = `(from|import)[[:space:]]+${name}|${name}[./][A-Za-z0-9_./]*[.]py`
  const grep = ['grep', '--no-color', '-hE', '-e', pattern, commit, '--', ...buildFiles, ...cmakeFiles]
  const lines = await git([...inRepository, ...grep]).catch((error: unknown) => {
    // git grep fails and says nothing if it finds nothing.
    if (error instanceof ProgramFailure && error.lines.every((line) => line === '')) return ''
    throw error
  })
  return lines.split('\n').some((line) => line.trim() !== '' && !line.includes('_version.py'))
}
