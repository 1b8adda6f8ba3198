import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorsOf, runAction } from '../../script/runner.ts'
import { type GitServer, serveGit } from '../support/git-server.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const token = 'canary-git-8c31'

const world = useStandIns()
let server: GitServer
beforeAll(async () => {
  server = await serveGit(dirname(world().standIns.aibrix), { user: 'robot', password: token })
}, 10 * minutes)
afterAll(async () => {
  await server.close()
})

const vllm = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  push: 'false',
}

describe('a private repository over http', () => {
  it(
    'is cloned with the secret git-credentials, on the runner and in the build',
    async () => {
      const secrets = `git-credentials=${server.url.replace('//', `//robot:${token}@`)}`
      const urls = {
        'aibrix-repository': `${server.url}/aibrix.git`,
        'ucx-repository': `${server.url}/ucx.git`,
      }
      const run = await runAction(world().inputs({ ...vllm, ...urls, secrets }))
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      expect(run.log).not.toContain(token)
      expect(run.summary).toContain(`AIBRIX_REPO=${server.url}/aibrix.git`)
    },
    5 * minutes,
  )

  it(
    'is refused without them, with the line of git that says why',
    async () => {
      const run = await runAction(
        world().inputs({ ...vllm, 'aibrix-repository': `${server.url}/aibrix.git` }),
      )
      expect(errorsOf(run)).toHaveLength(1)
      expect(errorsOf(run)[0]).toMatch(/ls-remote.*failed: fatal: .*(Username|Authentication)/)
    },
    minutes,
  )
})

describe('a path on the runner', () => {
  it(
    'may be a checkout',
    async () => {
      const checkout = join(mkdtempSync(join(tmpdir(), 'aibrix-')), 'checkout')
      execFileSync('git', ['clone', '--quiet', world().standIns.aibrix, checkout])
      const run = await runAction(world().inputs({ ...vllm, 'aibrix-repository': checkout }))
      expect(errorsOf(run)).toEqual([])
    },
    5 * minutes,
  )

  it(
    'takes a commit, which the tag shows in short',
    async () => {
      const commit = execFileSync('git', ['-C', world().standIns.aibrix, 'rev-parse', 'main'], {
        encoding: 'utf8',
      }).trim()
      const run = await runAction(world().inputs({ ...vllm, 'aibrix-version': commit }))
      expect(errorsOf(run)).toEqual([])
      expect(run.log).toContain(`v0.21.0-aibrix-${commit.slice(0, 7)}-nixl-0.7.1-20251123`)
    },
    5 * minutes,
  )
})
