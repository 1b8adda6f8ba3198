import { valid } from '@renovatebot/pep440'
import { isSameRelease, type Leg } from '../plan/index.ts'
import type { Facts } from './facts.ts'
import type { Imported, Imports } from './running-facts.ts'

/** What is wrong: in a few words, and as a sentence without its end. `about`: the module or command; null for all that Python runs. */
export type Problem = { about: string | null; actual: string; hint: string }

/** @returns where the user's Python takes a module from elsewhere than what was measured */
export function importProblems(leg: Leg, image: Facts, asRoot: Imports, asUser: Imports): Problem[] {
  const { interpreter } = asUser
  if (asUser.error !== null)
    return [
      {
        about: null,
        actual: `${interpreter} gives no answer`,
        hint: `${interpreter} does not run (${asUser.error})`,
      },
    ]
  // The engine that the leg is not for may be there, too.
  const unwanted = leg.engine === 'vllm' ? 'sglang' : 'vllm'
  const names = new Set([...asRoot.modules, ...asUser.modules].map((module) => module.name))
  names.delete(unwanted)
  return [...names].flatMap((name) => {
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
      if (file === null && error === null) return []
      const why = because(error ?? closedWay(file ?? '', asRoot, asUser))
      return [{ about: name, actual: `no ${name}`, hint: `Python does not find ${name}, while ${was}${why}` }]
    }
    const closed = found.error === null ? undefined : `, and it can't be read (${found.error})`
    const other = found.file === file ? wrongWith(found, distribution, measured) : `, while ${was}`
    const wrong = closed ?? other
    if (wrong === undefined) return []
    const owners = ownersOf(found)
    const why = closed === undefined ? because(causeOf(found.file, asRoot, asUser)) : ''
    return [
      {
        about: name,
        actual: `${name} from ${found.file}, ${owners}`,
        hint: `Python takes ${name} from ${found.file} (${owners})${wrong}${why}`,
      },
    ]
  })
}

type Found = Imported & { file: string }

function isFound(module: Imported | undefined): module is Found {
  return module !== undefined && module.file !== null
}

function because(why: string | undefined): string {
  return why === undefined ? '' : `: ${why}`
}

/** @param measured the version of the distribution that root finds installed. @returns what is wrong with the file that root finds, too */
function wrongWith(found: Found, distribution: string, measured: string | undefined): string | undefined {
  // A package that is missing, or left over, is for the gate that asks for its version.
  if (measured === undefined) return undefined
  const owner = found.owners.find((one) => one.name === distribution)
  if (!owner) return `, and not from the installed ${distribution} ${measured}`
  if (owner.version !== measured) return `, while ${distribution} ${measured} was measured`
  const own = found.version
  return own !== null && isTold(own) && isTold(measured) && !isSameRelease(measured, own)
    ? `, which calls itself ${own}`
    : undefined
}

function ownersOf({ owners, version }: Imported): string {
  const packages = owners.map((owner) => `${owner.name} ${owner.version}`).join(', ')
  return packages || `of no package${version === null ? '' : `, version ${version}`}`
}

/** A checkout that was never built calls itself `dev` or `0.0.0.dev0`. */
function isTold(version: string): boolean {
  return valid(version) !== null && !/^v?0\.0\.0\b/.test(version)
}

/** @returns why Python takes this file as the user, as far as it can be told */
function causeOf(file: string, asRoot: Imports, asUser: Imports): string | undefined {
  const holding = (entries: readonly string[]) => entries.find((entry) => isIn(file, entry))
  const { userSite, first, interpreter } = asUser
  const given = holding(asUser.pythonPath)
  if (given !== undefined) return `the base sets PYTHONPATH to ${given}`
  if (userSite !== null && isIn(file, userSite)) return `${userSite} holds packages of that user alone`
  if (first !== null && isIn(file, first)) return `the ENTRYPOINT makes Python look into ${first} first`
  if (interpreter !== asRoot.interpreter)
    return `the ENTRYPOINT starts ${interpreter}, and what ${asRoot.interpreter} finds was measured`
  const entry = holding(asUser.path)
  return entry === undefined || asRoot.path.includes(entry)
    ? undefined
    : `Python looks into ${entry} as that user alone`
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
