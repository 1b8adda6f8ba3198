import { valid } from '@renovatebot/pep440'
import { isSameRelease, type Leg } from '../plan/index.ts'
import type { Facts } from './facts.ts'
import type { Imported, Imports } from './running-facts.ts'

/**
 * `actual` is a few words, `hint` a reason (no full stop). `about`: the module or command; null for
 * everything that Python runs.
 */
export type Problem = { about: string | null; actual: string; hint: string }

/** @returns modules that the user's Python imports from another place than the one measured */
export function importProblems(leg: Leg, image: Facts, asRoot: Imports, asUser: Imports): Problem[] {
  const { interpreter, error } = asUser
  if (error !== null) {
    const actual = `${interpreter} does not answer`
    return [{ about: null, actual, hint: `${interpreter} does not run (${error})` }]
  }
  const names = new Set([...asRoot.modules, ...asUser.modules].map((module) => module.name))
  // An image of one engine may contain the other.
  names.delete(leg.engine === 'vllm' ? 'sglang' : 'vllm')
  return [...names].flatMap((name) => problemWith(name, image, asRoot, asUser) ?? [])
}

function problemWith(name: string, image: Facts, asRoot: Imports, asUser: Imports): Problem | undefined {
  const distribution = (name.split('.')[0] ?? name).replaceAll('_', '-')
  const measured = image.pip[distribution]
  const [wanted, found] = [asRoot, asUser].map(({ modules }) => modules.find((one) => one.name === name))
  const file = wanted?.file ?? null
  const was =
    file === null
      ? 'root finds none'
      : `${file} (${distribution} ${measured ?? 'not installed'}) was measured`
  if (!isFound(found)) {
    const error = found?.error ?? null
    if (file === null && error === null) return undefined
    const why = because(error ?? closedWay(file ?? '', asRoot, asUser))
    return { about: name, actual: `no ${name}`, hint: `Python does not find ${name}, while ${was}${why}` }
  }
  const unreadable = found.error === null ? undefined : `, and it can't be read (${found.error})`
  const other = found.file === file ? wrongWith(found, distribution, measured) : `, while ${was}`
  const wrong = unreadable ?? other
  if (wrong === undefined) return undefined
  const owners = ownersOf(found)
  const why = unreadable === undefined ? because(reasonFor(found.file, asRoot, asUser)) : ''
  return {
    about: name,
    actual: `${name} from ${found.file}, ${owners}`,
    hint: `Python imports ${name} from ${found.file} (${owners})${wrong}${why}`,
  }
}

type Found = Imported & { file: string }

function isFound(module: Imported | undefined): module is Found {
  return module !== undefined && module.file !== null
}

function because(why: string | undefined): string {
  return why === undefined ? '' : `: ${why}`
}

/**
 * @param measured the version of the distribution that root finds installed
 * @returns what is wrong with a file that root finds as well
 */
function wrongWith(found: Found, distribution: string, measured: string | undefined): string | undefined {
  // A missing or leftover package is left to the gate on its version.
  if (measured === undefined) return undefined
  const owner = found.owners.find((one) => one.name === distribution)
  if (!owner) return `, and not from the installed ${distribution} ${measured}`
  if (owner.version !== measured) return `, while ${distribution} ${measured} was measured`
  const own = found.version
  return own !== null && isRelease(own) && isRelease(measured) && !isSameRelease(measured, own)
    ? `, which calls itself ${own}`
    : undefined
}

function ownersOf({ owners, version }: Imported): string {
  const packages = owners.map((owner) => `${owner.name} ${owner.version}`).join(', ')
  return packages || `of no package${version === null ? '' : `, version ${version}`}`
}

/** A checkout that was never built calls itself `dev` or `0.0.0.dev0`. */
function isRelease(version: string): boolean {
  return valid(version) !== null && !/^v?0\.0\.0\b/.test(version)
}

/** @returns why Python imports this file as the user; undefined if not known */
function reasonFor(file: string, asRoot: Imports, asUser: Imports): string | undefined {
  const holding = (entries: readonly string[]) => entries.find((entry) => isIn(file, entry))
  const { userSite, first, interpreter } = asUser
  const given = holding(asUser.pythonPath)
  if (given !== undefined) return `the base sets PYTHONPATH to ${given}`
  if (userSite !== null && isIn(file, userSite)) return `${userSite} holds that user's own packages`
  if (first !== null && isIn(file, first)) return `the ENTRYPOINT makes Python search ${first} first`
  if (interpreter !== asRoot.interpreter)
    return `the ENTRYPOINT starts ${interpreter}, and what ${asRoot.interpreter} finds was measured`
  const entry = holding(asUser.path)
  return entry === undefined || asRoot.path.includes(entry)
    ? undefined
    : `Python searches ${entry} only as that user`
}

function closedWay(file: string, asRoot: Imports, asUser: Imports): string | undefined {
  const closed = asUser.closed.find(
    (path) => path === file || isIn(file, path) || isIn(asRoot.interpreter, path),
  )
  if (closed !== undefined) return `${closed} is closed to that user`
  return asUser.interpreter === asRoot.interpreter
    ? undefined
    : `it starts ${asUser.interpreter}, and ${asRoot.interpreter} was measured`
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder.replace(/\/+$/, '')}/`)
}
