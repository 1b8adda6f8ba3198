import type { RunGit } from '../../../src/system/git.ts'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fetchCommands } from '../../../src/leg/source-fetch.ts'
import { createSources } from '../../../src/leg/sources.ts'
import type { PinnedSource, SourceRepository } from '../../../src/plan/pinned.ts'
import { openGitRepository } from '../../../src/plan/git-repository.ts'
import { actionGit, makeLocalSsh, makeRepository, plainGit, runGit } from '../../support/git-repositories.ts'
import { type GitServer, serveGit } from '../../support/git-server.ts'
import { startServer } from '../../support/web-server.ts'

jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'sources-'))
const at = (name: string) => join(folder, name)
const full = at('full')
const clone = (name: string, ...options: string[]) => {
  runGit('clone', '--quiet', ...options, at(name))
  return at(name)
}
const shallow = (name: string, ...options: string[]) =>
  clone(name, '--depth=1', '--no-tags', ...options, `file://${full}`)
const commitOf = (ref: string) => runGit('-C', full, 'rev-parse', `${ref}^{commit}`)

let server: GitServer
beforeAll(async () => {
  makeRepository(full)
  clone('bare.git', '--bare', full)
  server = await serveGit(folder, { user: 'robot', password: 'x' })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const repositoryAt = (address: string): SourceRepository =>
  /^\w+:\/\/|^git@/.test(address) ? { kind: 'url', url: address } : { kind: 'path', path: address }

async function pin(address: string, ref: string, git = actionGit(folder)): Promise<PinnedSource> {
  return (await openGitRepository(git, 'aibrix-version', repositoryAt(address))).pin(ref)
}

function fetchPinned(source: PinnedSource, git: RunGit = actionGit(folder)): Promise<string> {
  return createSources(git, () => mkdtempSync(at('new-')))('aibrix', source)
}

/** Plans and fetches like a run. */
async function fetch(address: string, ref: string, git = actionGit(folder)): Promise<string> {
  return fetchPinned(await pin(address, ref, git), git)
}

/** What every other form must give too */
const references = new Map<string, Promise<Record<string, string>>>()
function reference(ref: string): Promise<Record<string, string>> {
  const found = references.get(ref) ?? fetch(full, ref).then(contents)
  references.set(ref, found)
  return found
}

/** @returns path → mode and content of a folder's entries, which BuildKit compares */
function contents(path: string): Record<string, string> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries.map((entry): [string, string] => {
      const file = join(entry.parentPath, entry.name)
      const mode = (statSync(file).mode & 0o777).toString(8)
      return [relative(path, file), entry.isFile() ? `${mode} ${readFileSync(file, 'base64')}` : mode]
    }),
  )
}

/** What a build step sees: all files of the commit, and its version */
function described(repository: string): string {
  const [ref = ''] = runGit('-C', repository, 'for-each-ref', '--format=%(refname)').split('\n')
  runGit('-C', repository, 'archive', '--output=/dev/null', ref)
  return runGit('-C', repository, 'describe', '--tags', '--long', ref)
}

/**
 * Forms of a repository with the tag v0.7.0 and the branch main, and what git needs to read each.
 */
const none = () => ({})
const forms: [string, () => string, () => NodeJS.ProcessEnv][] = [
  ['a checkout, whose .dockerignore leaves git out', () => full, none],
  ['a bare repository', () => at('bare.git'), none],
  ['a path that needs quotes', () => clone(`it's "here"`, full), none],
  [
    'a submodule',
    () => {
      runGit('init', '--quiet', at('own'))
      runGit('-C', at('own'), 'submodule', 'add', '--quiet', full, 'third_party/aibrix')
      return at('own/third_party/aibrix')
    },
    none,
  ],
  [
    'a worktree',
    () => {
      runGit('-C', full, 'worktree', 'add', '--quiet', at('worktree'), 'v0.5.0')
      return at('worktree')
    },
    none,
  ],
  ['a repository that borrows its objects', () => clone('borrowing', '--shared', full), none],
  ['a repository of another user', () => full, () => ({ GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' })],
  ['an ssh URL', () => `ssh://git@git.example${full}`, () => ({ GIT_SSH_COMMAND: makeLocalSsh(at('ssh')) })],
  [
    'an address that git reads as ssh',
    () => `git@git.example:${full}`,
    () => ({ GIT_SSH_COMMAND: makeLocalSsh(at('ssh')) }),
  ],
  [
    'a URL that the user has git rewrite',
    () => 'https://git.example/aibrix',
    () => {
      appendFileSync(at('.gitconfig'), `[url "file://${full}"]\n\tinsteadOf = https://git.example/aibrix\n`)
      return {}
    },
  ],
]

describe('a source', () => {
  it.each(forms)('is fetched from %s, a tag alone and a branch with its history', async (_, make, env) => {
    const address = make()
    const git = actionGit(folder, env())
    const [tag, branch] = [await fetch(address, 'v0.7.0', git), await fetch(address, 'main', git)]
    expect(described(tag)).toMatch(/^v0\.7\.0-0-g/)
    expect(runGit('-C', tag, 'rev-list', '--count', 'v0.7.0')).toBe('1')
    expect(described(branch)).toMatch(/^v0\.7\.0-2-g/)
    // The same commit is the same bytes from everywhere.
    expect(contents(tag)).toEqual(await reference('v0.7.0'))
    expect(contents(branch)).toEqual(await reference('main'))
  })

  it('has no files of older commits, which a build does not need', async () => {
    const repository = await fetch(full, 'main')
    const trees = runGit('-C', full, 'rev-list', '--format=%T', '--no-commit-header', 'main').split('\n')
    const has = (tree: string) => spawnSync('git', ['-C', repository, 'cat-file', '-e', tree]).status === 0
    const others = trees.filter((tree) => tree !== trees[0])
    expect(has(trees[0] ?? '')).toBe(true)
    expect(others.length).toBeGreaterThan(0)
    expect(others.filter(has)).toEqual([])
    const count = (at: string) => runGit('-C', at, 'rev-list', '--count', 'main')
    expect(count(repository)).toBe(count(full))
  })

  it("is fetched from a server over http, with the user's settings", async () => {
    const url = `${server.url}/bare.git`
    const git = actionGit(folder, {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${server.url}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from('robot:x').toString('base64')}`,
    })
    for (const ref of ['v0.7.0', commitOf('main~1')])
      expect(contents(await fetch(url, ref, git))).toEqual(await reference(ref))
  })

  it('is fetched from a web server that only has files', async () => {
    runGit('-C', at('bare.git'), 'update-server-info')
    const files = await startServer(({ path }, response) => {
      const file = join(folder, new URL(path, 'http://x').pathname)
      if (existsSync(file)) response.end(readFileSync(file))
      else response.writeHead(404).end()
    })
    try {
      const url = `http://${files.host}/bare.git`
      for (const ref of ['v0.7.0', 'main', commitOf('main~1')])
        expect(contents(await fetch(url, ref))).toEqual(await reference(ref))
    } finally {
      await files.close()
    }
  })

  it('is fetched from a server that gives only the commits of its refs', async () => {
    const old = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.version', GIT_CONFIG_VALUE_0: '0' }
    const commit = commitOf('main~1')
    expect(contents(await fetch(`file://${full}`, commit, actionGit(folder, old)))).toEqual(
      await reference(commit),
    )
  })

  it('has the tags of its history and no others', async () => {
    const repository = await fetch(full, 'feature/kv')
    expect(runGit('-C', repository, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/heads/feature/kv',
      'refs/tags/v0.5.0',
      'refs/tags/v0.7.0',
    ])
  })

  it('is the planned commit, wherever its branch is meanwhile', async () => {
    const moving = clone('moving', full)
    const source = await pin(moving, 'main')
    runGit('-C', moving, 'commit', '--quiet', '--allow-empty', '--message', 'more')
    const repository = await fetchPinned(source)
    expect(runGit('-C', repository, 'rev-parse', 'main')).toBe(commitOf('main'))
  })

  it('is fetched once, however often it is requested', async () => {
    let asked = 0
    const git = actionGit(folder)
    const fetchSource = createSources(
      (args, options) => {
        asked += args.includes('fetch') ? 1 : 0
        return git(args, options)
      },
      () => mkdtempSync(at('new-')),
    )
    const source = await pin(full, 'v0.7.0')
    const [one, other] = await Promise.all([fetchSource('aibrix', source), fetchSource('aibrix', source)])
    expect(one).toBe(other)
    expect(asked).toBe(1)
  })

  it("is the same whatever the user's git settings and umask", async () => {
    const home = mkdtempSync(at('home-'))
    const settings = ['[pack]\nwindow=1\ncompression=0\npackSizeLimit=1m', '[transfer]\nunpackLimit=1']
    const more = ['[core]\nbigFileThreshold=1', '[init]\ndefaultBranch=x', '[fetch]\nwriteCommitGraph=true']
    writeFileSync(join(home, '.gitconfig'), [...settings, ...more, ''].join('\n'))
    const mask = process.umask(0o077)
    try {
      const git = actionGit(folder, { HOME: home, GIT_DIR: at('nowhere'), LANG: 'de_DE.UTF-8' })
      for (const ref of ['v0.7.0', 'main'])
        expect(contents(await fetch(full, ref, git))).toEqual(await reference(ref))
    } finally {
      process.umask(mask)
    }
  })
})

describe('a shallow clone', () => {
  const url = `file://${full}`
  it.each<[string, string[], () => string, RegExp]>([
    ['a tag that it has', ['--depth=1', '--branch=v0.7.0', url], () => 'v0.7.0', /^v0\.7\.0-0-g/],
    ['a commit with a tag', ['--depth=1', '--branch=v0.7.0', url], () => commitOf('v0.7.0'), /^v0\.7\.0-0-g/],
    [
      'a branch that it has since the last tag',
      ['--depth=3', '--branch=main', url],
      () => 'main',
      /^v0\.7\.0-2-g/,
    ],
  ])('gives %s', async (name, options, ref, expected) => {
    expect(described(await fetch(clone(name, ...options), ref()))).toMatch(expected)
  })

  // An empty ref stands for the commit.
  it.each<[string, () => string, string]>([
    ['has no tag', () => shallow('without-tags', '--branch=main'), 'main'],
    [
      'has no tag at its commit',
      () => {
        const path = shallow('of-commit', '--branch=v0.7.0')
        runGit('-C', path, 'tag', '--delete', 'v0.7.0')
        return path
      },
      '',
    ],
    [
      'ends within a side that must be counted',
      () => {
        const path = at('merged')
        makeRepository(path)
        const git = (...args: string[]) => runGit('-C', path, ...args)
        git('merge', '--quiet', '--no-edit', 'other')
        git('tag', '--delete', 'v9.9.9')
        const commit = git('rev-parse', 'main')
        const cut = clone('cut', '--depth=2', `file://${path}`)
        expect(runGit('-C', cut, 'rev-parse', 'main')).toBe(commit)
        runGit('-C', cut, 'tag', 'v0.7.0', 'main^1')
        return cut
      },
      'main',
    ],
  ])('is refused if it %s', async (_, make, ref) => {
    const path = make()
    const wanted = ref === '' ? runGit('-C', path, 'rev-parse', 'HEAD') : ref
    await expect(fetch(path, wanted)).rejects.toThrow(
      `${path} is a shallow clone that ends before the tag from which the version of AIBrix ${wanted} is counted; fetch its history and its tags (fetch-depth: 0 of actions/checkout,`,
    )
  })
})

describe('a source is refused', () => {
  it('that a partial clone lacks', async () => {
    runGit('-C', at('bare.git'), 'config', 'uploadpack.allowFilter', 'true')
    const path = clone('partial', '--filter=blob:none', '--no-checkout', `file://${at('bare.git')}`)
    await expect(fetch(path, 'v0.7.0')).rejects.toThrow(
      `Fetching AIBrix v0.7.0 from ${path} failed: it is a partial clone, which lacks what its filter left out; clone it without a filter.`,
    )
  })

  it('whose borrowed objects are gone', async () => {
    const lender = clone('lender', full)
    const path = clone('debtor', '--shared', lender)
    renameSync(lender, at('elsewhere'))
    await expect(fetch(path, 'v0.7.0')).rejects.toThrow(/Fetching AIBrix v0\.7\.0 .*lender\/\.git\/objects/)
  })

  it('whose tag has moved since it was planned', async () => {
    const path = clone('retagged', full)
    const source = await pin(path, 'v0.7.0')
    runGit('-C', path, 'tag', '--force', 'v0.7.0', 'main')
    await expect(fetchPinned(source)).rejects.toThrow(
      `AIBrix v0.7.0 is now commit ${commitOf('main')} and was ${source.commit} when this build was planned: the ref moved; plan again.`,
    )
  })

  it('whose commit does not exist', async () => {
    const commit = 'a'.repeat(40)
    await expect(fetch(`file://${full}`, commit)).rejects.toThrow(
      `file://${full} does not have commit ${commit} of AIBrix ${commit}; plan again, or name another one.`,
    )
  })

  it('that is a bundle, which lacks the commits of its tags', async () => {
    runGit('-C', full, 'bundle', 'create', '--quiet', at('aibrix.bundle'), '--all')
    await expect(fetch(at('aibrix.bundle'), 'v0.7.0')).rejects.toThrow(
      `${at('aibrix.bundle')} is a file, not a git repository; create one from it with git clone --bare.`,
    )
  })

  it('if the folder has no repository', async () => {
    await expect(fetch(mkdtempSync(at('empty-')), 'v0.7.0')).rejects.toThrow(
      'does not appear to be a git repository',
    )
  })
})

it('the commands that a user sees create what a build needs', async () => {
  for (const ref of ['v0.7.0', 'main']) {
    const made = at(`shown-${ref}`)
    const source = await pin(full, ref)
    for (const [program = '', ...args] of fetchCommands(made, source))
      execFileSync(program, args, { env: plainGit, cwd: folder })
    expect(described(made)).toBe(described(await fetch(full, ref)))
  }
})
