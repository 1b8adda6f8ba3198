import type { SourceRepository } from '../plan/index.ts'
import type { InputContext } from './context.ts'
import type { Source } from './fields.ts'
import { quoted } from './problems.ts'

const forms = 'an http, https, git or ssh URL, git@host:path, or a path of a git repository on the runner'

/**
 * What git takes for ssh without saying so (git-clone(1), GIT URLS): a host, which may be an alias of the user's ssh configuration, a colon
 * and a path. What has another @ may hold a password. A single letter would be a drive of Windows, and `::` is a helper program that git would run.
 */
const scpLike = /^(?:[\w.+-]+@)?(?:[A-Za-z0-9][\w.-]+|\[[0-9A-Fa-f:.]+\]):(?!:|\/\/)[^\s@]+$/

/** Where the source of a component comes from */
export function readRepository(source: Source, name: string, context: InputContext): SourceRepository {
  const value = source.read(name)
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    if (context.fileExists(value)) return { kind: 'path', path: value }
    if (!scpLike.test(value)) source.problems.add(name, quoted(value), forms)
    return { kind: 'url', url: value }
  }
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !['http:', 'https:', 'git:', 'ssh:'].includes(url.protocol))
    source.problems.add(name, quoted(url ? value : 'something that is no URL'), forms)
  return { kind: 'url', url: value }
}

export function readUcx(source: Source, context: InputContext): SourceRepository {
  const version = source.read('ucx-version')
  if (version !== 'auto')
    source.problems.add(
      'ucx-version',
      quoted(version),
      'auto, the release that this NIXL bundles: two UCX releases in one process crash',
    )
  return readRepository(source, 'ucx-repository', context)
}
