import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  aibrixMutants,
  connector,
  type Mutant,
  sharedFiles,
  ucxMutants,
  withoutSharedFiles,
} from './source-mutants.ts'

/**
 * Creates the stand-in AIBrix's git repository (bare): tags v0.5.0 and v0.7.0, branch main one
 * commit later, and the mutants. Author and dates are fixed, so equal sources have equal commits.
 */
export function makeAibrix(template: string, repository: string): void {
  withWorkTree(repository, (tree, git) => {
    cpSync(template, tree, { recursive: true })
    rmSync(join(tree, connector), { recursive: true })
    rmSync(join(tree, sharedFiles))
    edit(tree, withoutSharedFiles)
    commit(git, 'Release 0.5.0', 'v0.5.0')
    cpSync(template, tree, { recursive: true })
    commit(git, 'Release 0.7.0 with a connector module', 'v0.7.0')
    writeFileSync(join(tree, 'README.md'), 'Stand-in for AIBrix, one commit after its release.\n')
    commit(git, 'Go on after the release')
    makeMutants(tree, git, 'v0.7.0', aibrixMutants)
  })
}

/** Creates the stand-in UCX's git repository (bare): tag v1.19.0, branch main, and the mutants. */
export function makeUcx(template: string, repository: string): void {
  withWorkTree(repository, (tree, git) => {
    cpSync(template, tree, { recursive: true })
    commit(git, 'Release 1.19.0', 'v1.19.0')
    makeMutants(tree, git, 'v1.19.0', ucxMutants)
  })
}

type Git = (...args: string[]) => void

function withWorkTree(repository: string, fill: (tree: string, git: Git) => void): void {
  const tree = mkdtempSync(join(tmpdir(), 'stand-in-'))
  const env: NodeJS.ProcessEnv = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' }
  for (const role of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${role}_NAME`] = 'Stand-in'
    env[`GIT_${role}_EMAIL`] = 'stand-in@example.invalid'
    env[`GIT_${role}_DATE`] = '2025-11-23T00:00:00Z'
  }
  const git: Git = (...args) => {
    execFileSync('git', args, { cwd: tree, env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  try {
    git('init', '--quiet', '--initial-branch=main')
    fill(tree, git)
    git('checkout', '--quiet', 'main')
    rmSync(repository, { recursive: true, force: true })
    git('clone', '--quiet', '--bare', tree, repository)
  } finally {
    rmSync(tree, { recursive: true })
  }
}

function commit(git: Git, message: string, tag?: string): void {
  git('add', '--all')
  git('commit', '--quiet', '--message', message)
  if (tag !== undefined) git('tag', tag)
}

/** @throws Error if the file does not contain the replaced text */
function edit(tree: string, { file, from, to }: Mutant): void {
  const path = join(tree, file)
  const text = readFileSync(path, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} does not contain ${from}`)
  writeFileSync(
    path,
    text.replaceAll(from, () => to),
  )
}

function makeMutants(tree: string, git: Git, start: string, mutants: Record<string, Mutant>): void {
  for (const [name, mutant] of Object.entries(mutants)) {
    git('checkout', '--quiet', '-b', `mutant/${name}`, start)
    edit(tree, mutant)
    commit(git, `Mutant: ${name}`)
  }
}
