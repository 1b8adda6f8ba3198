import { UserError } from '../errors.ts'
import type { PlanRequest } from '../plan/index.ts'
import { apiOrigin, parseRegistry } from '../registry/index.ts'
import type { Login } from './login.ts'
import type { InputReader } from './problems.ts'

const forms = 'lines <registry>=<user>:<password or token>, such as ghcr.io=robot:token'

/**
 * Reads `mirror-credentials`. A bad line is named by its number only, since its text may be a
 * secret. Without push, a line without a password is ignored: pull requests of forks and Dependabot
 * get no secrets.
 * @returns registry → its login; two names of one registry, `ghcr.io` and `ghcr.io:443`, have one
 */
export function readMirrorLogins(
  reader: InputReader,
  { registry: own, mirrors }: Pick<PlanRequest, 'registry' | 'mirrors'>,
  push: boolean,
): Map<string, Login> {
  const logins = new Map<string, Login>()
  // It is empty if it was refused.
  const ownOrigin = own === '' ? undefined : apiOrigin(own)
  for (const [index, line] of reader.read('mirror-credentials').split('\n').entries()) {
    if (line.trim() === '') continue
    const refuse = (use: string, what = 'not shown'): undefined =>
      reader.refuse('mirror-credentials', use, `line ${index + 1} (${what})`)
    const found = parse(line.trim())
    const isThere = (registry: string): boolean => apiOrigin(registry) === found?.origin
    if (!found) refuse(forms)
    else if (found.login.password === '') {
      if (push) refuse(forms, 'without a password; a secret that does not exist is empty')
    } else if (found.origin === ownOrigin)
      refuse('username and password for it, or docker login', 'for the registry of the input "registry"')
    else if (!mirrors.some(({ repository }) => isThere(repository.registry)))
      refuse('registries of lines in "mirrors"', 'for a registry without a mirror')
    else if ([...logins.keys()].some(isThere))
      refuse('each registry once', 'for a registry that has a line before')
    else logins.set(found.registry, found.login)
  }
  return logins
}

/** @returns undefined for anything but `host=user:password`; the password may be empty */
function parse(line: string): { registry: string; origin: string; login: Login } | undefined {
  const [, host = '', username = '', password = ''] = /^([^=\s]+)=([^:\s]+):(.*)$/.exec(line) ?? []
  if (host === '') return undefined
  try {
    const registry = parseRegistry(host)
    return { registry, origin: apiOrigin(registry), login: { username, password: password.trim() } }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return undefined
  }
}
