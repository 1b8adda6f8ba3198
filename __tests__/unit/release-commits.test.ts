import { beforeEach, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { checkRelease, makeRelease } from '../../script/release.ts'

const workflow = '.github/workflows/images.yml'
let folder: string
let first: string

function git(...args: string[]): string {
  const by = ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false']
  return execFileSync('git', ['-C', folder, ...by, ...args], { encoding: 'utf8' }).trim()
}

/** A repository with this checkout's workflow, and with the files that run. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'))
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@example.invalid')
  git('config', 'commit.gpgsign', 'false')
  mkdirSync(join(folder, '.github/workflows'), { recursive: true })
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, workflow), readFileSync(workflow))
  writeFileSync(join(folder, 'package.json'), '{"version":"1.2.3"}\n')
  writeFileSync(join(folder, 'dist/main.js'), '// what runs\n')
  git('add', '.')
  git('commit', '--quiet', '--message', 'A')
  first = git('rev-parse', 'HEAD')
})

const usesIn = (text: string): string[] => {
  type Jobs = { jobs: Record<string, { steps: { uses?: string }[] }> }
  const { jobs } = parse(text) as Jobs
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses = '' }) => uses))
}

describe('a release', () => {
  it('is a commit and its child, which names it in images.yml and changes nothing else', () => {
    const second = makeRelease(folder, 'v1.2.3')
    expect(git('rev-parse', 'v1.2.3^{commit}', `${second}^`).split('\n')).toEqual([second, first])
    expect(git('diff', '--name-only', first, second)).toBe(workflow)
    const before = usesIn(readFileSync(workflow, 'utf8'))
    const after = usesIn(git('show', `${second}:${workflow}`))
    expect(after).toEqual(
      before.map((uses) => (uses.startsWith('aibrix/') ? `aibrix/image-action@${first}` : uses)),
    )
    expect(after.filter((uses) => uses.startsWith('aibrix/'))).toHaveLength(4)
    // The branch continues from the first.
    expect(git('rev-parse', 'main')).toBe(first)
    expect(() => checkRelease(folder, 'v1.2.3')).not.toThrow()
  })

  it.each<[string, () => void, RegExp]>([
    [
      'if package.json has another version',
      () => git('tag', 'v1.3.0'),
      /package\.json has v1\.2\.3, not v1\.3\.0/,
    ],
  ])('is refused %s', (_, prepare, error) => {
    prepare()
    expect(() => checkRelease(folder, 'v1.3.0')).toThrow(error)
    expect(() => makeRelease(folder, 'v1.3.0')).toThrow(error)
  })

  it.each<[string, () => void, RegExp]>([
    [
      'tags the commit on the branch itself',
      () => git('tag', '--force', 'v1.2.3', first),
      /must have one parent/,
    ],
    [
      'changes files that run in its second commit',
      () => {
        appendFileSync(join(folder, 'dist/main.js'), '// more\n')
        git('commit', '--quiet', '--all', '--amend', '--no-edit')
      },
      /may change only \.github\/workflows\/images\.yml; it changes .*dist\/main\.js/,
    ],
    [
      'has a third commit',
      () => git('commit', '--quiet', '--allow-empty', '--message', 'C'),
      /it changes nothing/,
    ],
    [
      'runs the moving tag in one job',
      () => {
        const text = readFileSync(join(folder, workflow), 'utf8')
        writeFileSync(join(folder, workflow), text.replace(/@[0-9a-f]{40} # v1\.2\.3/, '@v1'))
        git('commit', '--quiet', '--all', '--amend', '--no-edit')
      },
      /with each aibrix\/image-action@/,
    ],
    [
      'changes more of the workflow',
      () => {
        appendFileSync(join(folder, workflow), '# more\n')
        git('commit', '--quiet', '--all', '--amend', '--no-edit')
      },
      /must be that of/,
    ],
  ])('is refused if it %s', (_, change, error) => {
    makeRelease(folder, 'v1.2.3')
    change()
    if (git('rev-parse', 'v1.2.3') !== first) git('tag', '--force', 'v1.2.3')
    expect(() => checkRelease(folder, 'v1.2.3')).toThrow(error)
  })

  it('is not created with uncommitted changes', () => {
    appendFileSync(join(folder, 'dist/main.js'), '// more\n')
    expect(() => makeRelease(folder, 'v1.2.3')).toThrow('there are uncommitted changes')
  })
})

it('release.yml checks it before anything is published', () => {
  type Job = { steps: { uses?: string; run?: string; with?: Record<string, unknown> }[] }
  const { jobs } = parse(readFileSync('.github/workflows/release.yml', 'utf8')) as { jobs: { release: Job } }
  const [checkout, check] = jobs.release.steps
  expect(checkout?.with).toMatchObject({ 'fetch-depth': 2 })
  expect(check?.run).toBe('node script/release.ts check "$TAG"')
})
