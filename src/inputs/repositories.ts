import type { SourceRepository } from '../plan/index.ts'
import type { InputContext } from './context.ts'
import type { InputReader } from './problems.ts'

const forms = 'an http, https, git or ssh URL, git@host:path, or a path of a git repository on the runner'

/**
 * git's short form of ssh (git-clone(1), GIT URLS): a host, which may be an alias in the user's ssh
 * configuration, a colon and a path. Another @ may hide a password, a single letter would be a
 * drive of Windows, and `::` names a helper program that git would run.
 */
const scpLike = /^(?:[\w.+-]+@)?(?:[A-Za-z0-9][\w.-]+|\[[0-9A-Fa-f:.]+\]):(?!:|\/\/)[^\s@]+$/

/** Reads the repository of a component's source. */
export function readRepository(reader: InputReader, name: string, context: InputContext): SourceRepository {
  const value = reader.read(name)
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    if (context.fileExists(value)) return { kind: 'path', path: value }
    if (!scpLike.test(value)) reader.refuse(name, forms)
    return { kind: 'url', url: value }
  }
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !['http:', 'https:', 'git:', 'ssh:'].includes(url.protocol))
    reader.refuse(name, forms, url ? undefined : 'a malformed URL (not shown)')
  return { kind: 'url', url: value }
}

export function readUcx(reader: InputReader, context: InputContext): SourceRepository {
  if (reader.read('ucx-version') !== 'auto')
    reader.refuse(
      'ucx-version',
      'auto, the release that NIXL bundles, since two UCX releases crash in one process',
    )
  return readRepository(reader, 'ucx-repository', context)
}
