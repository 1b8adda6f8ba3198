import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorsOf, runAction } from '../../script/runner.ts'
import { makeLocalSsh, runGit } from '../support/git-repositories.ts'
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
    'is fetched with the secret git-credentials, which is hidden from the build',
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
    "is an error without them, with git's line that has the reason",
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

describe('a source that git reads on the runner', () => {
  it(
    'may be a submodule of another user, with a .dockerignore that excludes git',
    async () => {
      const own = mkdtempSync(join(tmpdir(), 'aibrix-'))
      runGit('-C', own, 'init', '--quiet')
      runGit('-C', own, 'submodule', 'add', '--quiet', world().standIns.aibrix, 'aibrix')
      writeFileSync(join(own, 'aibrix/.dockerignore'), '.git\n')
      // Git's own tests simulate a second user in the same way
      const environment = { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' }
      const inputs = world().inputs({ ...vllm, 'aibrix-repository': join(own, 'aibrix') })
      const run = await runAction(inputs, { environment })
      expect(errorsOf(run)).toEqual([])
    },
    5 * minutes,
  )

  it(
    'may be a commit over ssh, whose short form is in the tag',
    async () => {
      const { aibrix } = world().standIns
      const commit = runGit('-C', aibrix, 'rev-parse', 'main')
      const ssh = makeLocalSsh(join(mkdtempSync(join(tmpdir(), 'ssh-')), 'ssh'))
      const inputs = { 'aibrix-repository': `git@git.example:${aibrix}`, 'aibrix-version': commit }
      const run = await runAction(world().inputs({ ...vllm, ...inputs }), {
        environment: { GIT_SSH_COMMAND: ssh },
      })
      expect(errorsOf(run)).toEqual([])
      // A long command is wrapped.
      expect(run.summary.replace(/ \\\n\s*/g, ' ').replace(/\\\n/g, '')).toContain(
        `git --git-dir=aibrix-source fetch --quiet --update-shallow -- git@git.example:${aibrix} +${commit}:refs/heads/source`,
      )
      expect(run.log).toContain(`v0.21.0-aibrix-${commit.slice(0, 7)}-nixl-0.7.1-20251123`)
    },
    5 * minutes,
  )
})
