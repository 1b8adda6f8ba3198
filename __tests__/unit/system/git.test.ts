import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGit, globalConfiguration } from '../../../src/system/git.ts'
import type { Retry } from '../../../src/system/retry.ts'
import { quickRetry } from '../../support/retry.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'git-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A git that is a shell script; `tries` counts its runs. */
function gitOf(
  script: string,
  {
    environment,
    ...more
  }: { timeout?: number; retry?: Retry; signal?: AbortSignal; environment?: NodeJS.ProcessEnv } = {},
) {
  const place = mkdtempSync(join(folder, 'bin-'))
  writeFileSync(join(place, 'git'), `#!/bin/sh\necho x >> ${place}/tries\n${script}\n`)
  chmodSync(join(place, 'git'), 0o755)
  const git = createGit({
    ...{
      environment: { ...environment, PATH: `${place}:${process.env.PATH ?? ''}` },
      credentials: undefined,
    },
    ...{ signal: new AbortController().signal, timeout: 50_000 },
    configuration: '/dev/null',
    retry: quickRetry(),
    ...more,
  })
  return { git, tries: () => readFileSync(join(place, 'tries'), 'utf8').length / 2, place }
}

const fails = (line: string) => `echo "${line}" >&2; exit 128`

describe("the user's configuration of git", () => {
  /** @returns a value as git reads it with our configuration */
  function value(key: string, environment: NodeJS.ProcessEnv): string {
    const configuration = join(mkdtempSync(join(folder, 'configuration-')), 'gitconfig')
    writeFileSync(configuration, globalConfiguration(environment))
    const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: configuration }
    return execFileSync('git', ['config', '--get-all', key], { env, encoding: 'utf8', cwd: '/' }).trim()
  }
  const home = mkdtempSync(join(folder, 'a "home" \\ '))
  mkdirSync(join(home, '.config/git'), { recursive: true })
  mkdirSync(join(home, 'own/git'), { recursive: true })
  writeFileSync(join(home, '.gitconfig'), '[test]\nkey = home\n[safe]\ndirectory = /srv\n')
  writeFileSync(join(home, '.config/git/config'), '[test]\nkey = config\n')
  writeFileSync(join(home, 'own/git/config'), '[test]\nkey = own\n')
  writeFileSync(join(home, 'given'), '[test]\nkey = given\n')

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['in both files', { HOME: home }, 'config\nhome'],
    ['in the folder of XDG', { HOME: home, XDG_CONFIG_HOME: join(home, 'own') }, 'own\nhome'],
    ['in a chosen file', { HOME: home, GIT_CONFIG_GLOBAL: join(home, 'given') }, 'given'],
  ])('is used %s', (_, environment, expected) => {
    expect(value('test.key', environment)).toBe(expected)
  })

  it('is used, and repositories of all users may be read', () => {
    expect(value('safe.directory', { HOME: home })).toBe('/srv\n*')
    expect(value('safe.directory', {})).toBe('*')
  })
})

describe('git on the runner', () => {
  it('is read to the end, however many refs there are', async () => {
    const commit = 'a'.repeat(40)
    const { git } = gitOf(
      `yes '${commit}\trefs/tags/v0.1.0-nightly' | head -n 90000; echo '${commit}\trefs/tags/v9'`,
    )
    const answer = await git(['ls-remote'])
    expect(answer.length).toBeGreaterThan(5 * 1024 * 1024)
    expect(answer).toMatch(/refs\/tags\/v9\n$/)
  })

  it('is retried after a network failure', async () => {
    const { git, tries, place } = gitOf('')
    const broken = fails('fatal: unable to access: The requested URL returned error: 502')
    const script = `#!/bin/sh\necho x >> ${place}/tries\n[ -e ${place}/up ] && echo answer && exit\ntouch ${place}/up; ${broken}\n`
    writeFileSync(join(place, 'git'), script)
    expect(await git(['ls-remote'])).toBe('answer\n')
    expect(tries()).toBe(2)
  })

  it.each([
    ['fatal: Authentication failed for the repository', 1, 'Authentication failed for the repository.'],
    ['fatal: could not find remote ref x', 1, 'could not find remote ref x.'],
    [
      'Host key verification failed.\nfatal: Could not read from remote repository.',
      1,
      'git ls-remote failed: Host key verification failed.',
    ],
    [
      'fatal: Could not read from remote repository.',
      1,
      'git ls-remote failed: fatal: Could not read from remote repository.',
    ],
    ['', 1, 'git ls-remote failed: it printed nothing.'],
    [
      'fatal: unable to access: Could not resolve host: x',
      4,
      'Could not resolve host: x; gave up after 4 attempts.',
    ],
  ])('that prints "%s" runs %i times', async (line, times, message) => {
    const { git, tries } = gitOf(fails(line))
    await expect(git(['ls-remote'])).rejects.toThrow(message)
    expect(tries()).toBe(times)
  })

  it('that does not answer is retried', async () => {
    // On a slow machine, the script may not reach its first line in that time.
    const { git } = gitOf('exec sleep 60', { timeout: 100, retry: quickRetry({ retries: 1 }) })
    await expect(git(['ls-remote'])).rejects.toThrow(
      'git did not answer within 0.1 s: git ls-remote; gave up after 2 attempts.',
    )
  })

  it('names its operation, and may have a longer time-out and an input', async () => {
    const { git } = gitOf('cat; exec sleep 60', { retry: quickRetry({ retries: 0 }) })
    const options = { what: 'Fetching x', input: 'y', timeout: 100 }
    await expect(git(['fetch'], options)).rejects.toThrow('git did not answer within 0.1 s: Fetching x.')
    const failing = gitOf(`cat >&2; ${fails('fatal: no')}`)
    await expect(failing.git(['fetch'], { what: 'Fetching x' })).rejects.toThrow(
      'Fetching x failed: fatal: no.',
    )
    expect(await gitOf('cat').git(['pack-objects'], { input: 'y' })).toBe('y')
  })

  it('is not retried after a cancel', async () => {
    const cancel = new AbortController()
    const { git, tries, place } = gitOf('exec sleep 60', {
      signal: cancel.signal,
      retry: quickRetry({ signal: cancel.signal }),
    })
    const asked = git(['ls-remote'])
    const whenAsked = setInterval(() => {
      if (existsSync(join(place, 'tries'))) cancel.abort()
    }, 10)
    await expect(asked).rejects.toThrow('Cancelled while git was running.')
    clearInterval(whenAsked)
    expect(tries()).toBe(1)
  })
})
