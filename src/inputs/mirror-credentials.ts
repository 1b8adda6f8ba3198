import { UserError } from '../errors.ts'
import type { PlanRequest } from '../plan/index.ts'
import { parseRegistry } from '../registry/index.ts'
import type { Login } from './login.ts'
import type { InputReader } from './problems.ts'

const forms = 'lines <registry>=<user>:<password or token>, such as ghcr.io=robot:token'

/**
 * Reads `mirror-credentials`. A bad line is named by its number only, since its text may be a
 * secret. Without push, a line without a password is ignored: pull requests of forks and Dependabot
 * get no secrets.
 * @returns registry → its login
 */
export function readMirrorLogins(
  reader: InputReader,
  { registry: own, mirrors }: Pick<PlanRequest, 'registry' | 'mirrors'>,
  push: boolean,
): Map<string, Login> {
  const logins = new Map<string, Login>()
  for (const [index, line] of reader.read('mirror-credentials').split('\n').entries()) {
    if (line.trim() === '') continue
    const refuse = (use: string, what = 'not shown'): undefined =>
      reader.refuse('mirror-credentials', use, `line ${index + 1} (${what})`)
    const found = parse(line.trim())
    if (!found) refuse(forms)
    else if (found.login.password === '') {
      if (push) refuse(forms, 'without a password; a secret that does not exist is empty')
    } else if (found.registry === own)
      refuse('username and password for it, or docker login', 'for the registry of the input "registry"')
    else if (!mirrors.some(({ repository }) => repository.registry === found.registry))
      refuse('registries of lines in "mirrors"', 'for a registry without a mirror')
    else if (logins.has(found.registry)) refuse('each registry once', 'for a registry that has a line before')
    else logins.set(found.registry, found.login)
  }
  return logins
}

/** @returns undefined for anything but `host=user:password`; the password may be empty */
function parse(line: string): { registry: string; login: Login } | undefined {
  const [, host = '', username = '', password = ''] = /^([^=\s]+)=([^:\s]+):(.*)$/.exec(line) ?? []
  if (host === '') return undefined
  try {
    return { registry: parseRegistry(host), login: { username, password: password.trim() } }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return undefined
  }
}
