import { hasCredentials } from '../registry/index.ts'
import type { InputReader, ReadInput } from './problems.ts'

/** Inputs that are secrets themselves. */
const secret = new Set(['password', 'mirror-credentials', 'github-token', 'secrets', 'package-index'])

/** Inputs whose reader refuses secrets line by line, so no text of theirs must stay readable */
const judgedByLine = new Set(['environment'])

/** Variables that BuildKit passes to each step; docker documents them with passwords. */
const proxy = /^(https?|ftp|all|no)_proxy$/i

export function isProxy(buildArgument: string): boolean {
  return proxy.test(buildArgument)
}

/**
 * Watches the inputs that are read. Any that is not a secret may get into an image, its labels, its
 * provenance, the summary or a logged command, so none may hold an address with a password.
 */
export function watchForCredentials(read: ReadInput): {
  read: ReadInput
  /** Values of the inputs that are shown */
  shown: () => string[]
  /** Refuses each input that held credentials, without showing it */
  refuse: (reader: InputReader) => void
} {
  const found = new Set<string>()
  const shown = new Map<string, string>()
  return {
    read: (name) => {
      const value = read(name)
      if (secret.has(name) || judgedByLine.has(name)) return value
      const seen = name === 'build-args' ? withoutProxies(value) : value
      // The user name is shown nowhere.
      if (name !== 'username') shown.set(name, seen)
      if (hasCredentials(seen)) found.add(name)
      return value
    },
    shown: () => [...shown.values()],
    refuse: (reader) => {
      for (const name of found)
        reader.refuse(name, `a URL without them; ${insteadOf(name)}`, 'a URL with credentials (not shown)')
    },
  }
}

function withoutProxies(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => !isProxy(line.split('=')[0]?.trim() ?? ''))
    .join('\n')
}

function insteadOf(name: string): string {
  if (/^(aibrix|ucx)-repository$/.test(name)) return 'a private repository takes the secret git-credentials'
  if (name === 'build-args') return 'the credentials of a build step go into "secrets" or "package-index"'
  return 'this input is shown, and secrets go into "secrets"'
}
