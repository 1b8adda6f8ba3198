import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createGit, globalConfiguration, type RunGit } from '../../src/system/git.ts'
import { environmentForPrograms } from '../../src/system/program-variables.ts'
import { noRetry } from './retry.ts'

/** Git without this user's settings, with a fixed clock and name */
export const plainGit: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'protocol.file.allow',
  GIT_CONFIG_VALUE_0: 'always',
  ...{ GIT_AUTHOR_NAME: 'Test', GIT_AUTHOR_EMAIL: 'test@example.invalid' },
  ...{ GIT_COMMITTER_NAME: 'Test', GIT_COMMITTER_EMAIL: 'test@example.invalid' },
  ...{ GIT_AUTHOR_DATE: '1764000000 +0000', GIT_COMMITTER_DATE: '1764000000 +0000' },
}

export function runGit(...args: string[]): string {
  return execFileSync('git', args, {
    env: plainGit,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

/**
 * Creates a repository: v0.5.0 (a plain tag) and v0.7.0 (with a message), main two commits later,
 * `feature/kv` one more, and the tag v9.9.9 on a separate branch. Its .dockerignore excludes git,
 * like many do.
 */
export function makeRepository(path: string): void {
  const git = (...args: string[]) => runGit('-C', path, ...args)
  const commit = (file: string) => {
    writeFileSync(join(path, file), `${file}\n`.repeat(50))
    git('add', '--all')
    git('commit', '--quiet', '--message', file)
  }
  mkdirSync(path, { recursive: true })
  git('init', '--quiet', '--initial-branch=main')
  writeFileSync(join(path, '.dockerignore'), '.git\n')
  commit('one')
  git('tag', 'v0.5.0')
  commit('two')
  git('tag', '--annotate', '--message', 'Release', 'v0.7.0')
  commit('three')
  commit('four')
  git('checkout', '--quiet', '-b', 'feature/kv')
  commit('five')
  git('checkout', '--quiet', '-b', 'other', 'v0.5.0')
  commit('six')
  git('tag', 'v9.9.9')
  git('checkout', '--quiet', 'main')
}

/** Runs git like the action. @param folder for its configuration */
export function actionGit(folder: string, environment: NodeJS.ProcessEnv = {}): RunGit {
  const own = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...environment }
  const configuration = join(mkdtempSync(join(folder, 'configuration-')), 'gitconfig')
  writeFileSync(configuration, globalConfiguration(own))
  return createGit({
    ...{ environment: environmentForPrograms(own), configuration, credentials: undefined },
    ...{ signal: new AbortController().signal, timeout: 60_000, retry: noRetry },
  })
}

/** Creates a replacement for ssh that runs the remote command on this machine. @returns its path */
export function makeLocalSsh(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
  chmodSync(path, 0o755)
  return path
}
