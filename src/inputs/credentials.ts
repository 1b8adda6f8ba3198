import { hasCredentials } from '../registry/index.ts'
import type { ReadInput } from './fields.ts'
import type { Problems } from './problems.ts'

/** Inputs that are secrets themselves. */
const secret = new Set(['password', 'github-token', 'secrets', 'package-index'])

/** Their reader names the line, and what is a secret in them is an error: nothing of them is a text that can't be hidden. */
const judgedByLine = new Set(['environment'])

/** Variables that BuildKit gives to each step, as which docker's own documentation has proxies with a password. */
const proxy = /^(https?|ftp|all|no)_proxy$/i

export function isProxy(buildArgument: string): boolean {
  return proxy.test(buildArgument)
}

/**
 * A reader of inputs that watches what is read: whatever is no secret may come to be in an image, its labels, its provenance,
 * the summary or a command that is shown, so that none may have an address with a password in it.
 */
export function watchForCredentials(read: ReadInput): {
  read: ReadInput
  /** Values of the inputs that are shown */
  shown: () => string[]
  /** Complains about each input that had one, without showing it */
  complain: (problems: Problems) => void
} {
  const found = new Set<string>()
  const shown = new Map<string, string>()
  return {
    read: (name) => {
      const value = read(name)
      if (secret.has(name) || judgedByLine.has(name)) return value
      const seen = name === 'build-args' ? withoutProxies(value) : value
      // Nobody sees who logs in.
      if (name !== 'username') shown.set(name, seen)
      if (hasCredentials(seen)) found.add(name)
      return value
    },
    shown: () => [...shown.values()],
    complain: (problems) => {
      for (const name of found)
        problems.add(
          name,
          'a URL with user or password in it (not shown)',
          `a URL without; ${insteadOf(name)}`,
        )
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
  if (/^(aibrix|ucx)-repository$/.test(name)) return 'private git takes the secret git-credentials'
  if (name === 'build-args') return 'what a step needs to log in is a secret, in "secrets" or "package-index"'
  return 'this is shown, and what is secret goes into "secrets"'
}
