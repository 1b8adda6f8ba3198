// Creates or checks the two commits of a release:
//   node script/release.ts make v1.2.3
//   node script/release.ts check v1.2.3
//
// Pinning .github/workflows/images.yml by its commit must also pin the action that it runs, and no
// commit can name itself. So a release is commit A, with everything that runs, and its only child
// B, which changes only images.yml to name A. The tags point to B.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const workflow = '.github/workflows/images.yml'
const own = /(uses: aibrix\/image-action)@(?:v1$|[0-9a-f]{40} # v\d+\.\d+\.\d+$)/gm

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).replace(/\n$/, '')
}

/** Returns images.yml with the action pinned, as in the second commit of a release. */
export function pinned(text: string, commit: string, version: string): string {
  const result = text.replace(own, `$1@${commit} # ${version}`)
  if (result === text) throw new Error(`${workflow} names no aibrix/image-action@v1`)
  return result
}

/**
 * Creates commit B and the tag. @param folder a checkout without changes, whose HEAD becomes A
 * @returns B
 */
export function makeRelease(folder: string, version: string): string {
  checkVersion(folder, 'HEAD', version)
  if (git(folder, 'status', '--porcelain') !== '') throw new Error('there are uncommitted changes')
  const commit = git(folder, 'rev-parse', 'HEAD')
  const file = join(folder, workflow)
  git(folder, 'checkout', '--quiet', '--detach')
  writeFileSync(file, pinned(readFileSync(file, 'utf8'), commit, version))
  git(folder, 'commit', '--quiet', '--message', `Release ${version}`, '--', workflow)
  git(folder, 'tag', version)
  return git(folder, 'rev-parse', 'HEAD')
}

/** @throws Error if the tag does not point to the second of the two commits of a release */
export function checkRelease(folder: string, version: string): void {
  checkVersion(folder, version, version)
  const [, parent, another] = git(folder, 'rev-list', '--parents', '--max-count=1', version).split(' ')
  if (parent === undefined || another !== undefined) throw new Error(`${version} must have one parent`)
  const changed = git(folder, 'diff', '--name-only', parent, version)
  if (changed !== workflow)
    throw new Error(
      `${version} may change only ${workflow}; it changes ${changed.replaceAll('\n', ', ') || 'nothing'}`,
    )
  const at = (commit: string): string => git(folder, 'show', `${commit}:${workflow}`)
  if (at(version) !== pinned(at(parent), parent, version))
    throw new Error(
      `${workflow} of ${version} must be that of ${parent}, with each aibrix/image-action@${parent} # ${version}`,
    )
}

function checkVersion(folder: string, commit: string, version: string): void {
  const content = JSON.parse(git(folder, 'show', `${commit}:package.json`)) as { version: string }
  if (`v${content.version}` !== version)
    throw new Error(`package.json has v${content.version}, not ${version}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [action, version = ''] = process.argv.slice(2)
  try {
    if (action === 'check') checkRelease('.', version)
    else if (action === 'make') {
      const commit = makeRelease('.', version)
      console.log(`${version} is ${commit}. Review it, then run: git push origin ${version}`)
    } else throw new Error('usage: node script/release.ts make|check v1.2.3')
  } catch (error) {
    console.error(`::error::${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
