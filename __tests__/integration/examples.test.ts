import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { predicateType } from '../../src/report/attestation/test-result.ts'
import { gateNames } from '../../src/verify/gate.ts'
import { serveIndex, type IndexServer } from '../../stand-ins/index-server.ts'
import { publishForTwoPlatforms } from '../../stand-ins/two-platforms.ts'
import { runWorkflow, type Workflow, type WorkflowOptions, type WorkflowRun } from '../support/act.ts'
import { digestOf, registry, tagsOf } from '../support/action.ts'
import { type GitServer, serveGit } from '../support/git-server.ts'
import { indexWithOwnPackages, ownFiles, publishOwnBase } from '../support/own-contents.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'

const minutes = 60_000

const world = useStandIns()

/**
 * The tag of what is built here. main-job.test.ts builds the same, so most of it is in the engine's
 * cache.
 */
const vllmTag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const sglangTag = 'v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123'
const exact = { versions: 'v0.21.0', 'aibrix-version': 'v0.7.0' }

/** A line of BuildKit's output */
const buildStep = /\| (\S+ \| )?\[with-aibrix \d/

const tried = new Set<string>()

async function runExample(
  name: string,
  { with: inputs, ...more }: Omit<WorkflowOptions, 'with'> & { with?: Record<string, string> },
): Promise<WorkflowRun> {
  tried.add(name)
  const all = { ...world().inputs({ registry, 'gpu-architectures': '9.0' }), ...inputs }
  return runWorkflow(join('examples', name), { ...more, with: all })
}

/**
 * Asserts that exactly these jobs ran, and that all succeeded. act numbers the jobs of a matrix.
 */
function expectGreen({ code, errors, jobs }: WorkflowRun, names: string[]): void {
  expect({ code, errors }).toEqual({ code: 0, errors: [] })
  expect(jobs).toEqual(Object.fromEntries(names.map((name) => [name, true])))
}

function namespace(name: string): string {
  return `${world().namespace}-${name}`
}

describe('by-hand.yml', () => {
  it(
    'publishes the versions typed into its form',
    async () => {
      const typed = { engine: 'vllm', versions: '~0.21', 'aibrix-version': 'v0.7.0', push: 'true' }
      const run = await runExample('by-hand.yml', { inputs: typed, with: { namespace: namespace('hand') } })
      expectGreen(run, ['images'])
      expect(run.log).toMatch(buildStep)
      expect(await tagsOf(`${namespace('hand')}/vllm-openai`)).toEqual([vllmTag])
      expect(await tagsOf(`${namespace('hand')}/sglang`)).toEqual([])
    },
    5 * minutes,
  )
})

describe('stable-tag.yml', () => {
  it(
    'tags what by-hand.yml has published, without Docker',
    async () => {
      const run = await runExample('stable-tag.yml', {
        inputs: { image: vllmTag, tag: 'stable' },
        with: { namespace: namespace('hand') },
      })
      expectGreen(run, ['tag'])
      const repository = `${namespace('hand')}/vllm-openai`
      expect(await tagsOf(repository)).toEqual(['stable', vllmTag])
      expect(await digestOf(repository, 'stable')).toBe(await digestOf(repository, vllmTag))
    },
    2 * minutes,
  )
})

describe('prune.yml', () => {
  it(
    'shows what a prune would delete if it is started by hand, and prunes when it is scheduled',
    async () => {
      const repository = `${namespace('hand')}/image-cache`
      const before = await tagsOf(repository)
      expect(before.length).toBeGreaterThan(5)
      for (const [event, state] of [
        ['workflow_dispatch', 'would go'],
        ['schedule', 'were deleted'],
      ] as const) {
        const run = await runExample('prune.yml', { event, with: { namespace: namespace('hand') } })
        expectGreen(run, ['prune'])
        expect(run.log).toMatch(new RegExp(`image-cache: 0 (?:of 0 )?digests ${state}`))
      }
      // All of it is young.
      expect(await tagsOf(repository)).toEqual(before)
    },
    2 * minutes,
  )
})

describe('attest.yml', () => {
  it(
    'signs what it has published, and verifies it, in a job for each image',
    async () => {
      const tools = mkdtempSync(join(tmpdir(), 'gh-'))
      // by-hand.yml has staged the same legs
      const cache = `${registry}/${namespace('hand')}/image-cache`
      const inputs = { ...exact, engine: 'vllm', 'cache-repository': cache, namespace: namespace('signed') }
      const path = withProgram(tools, 'gh', '#!/bin/sh\necho "gh $*"\n')
      const run = await runExample('attest.yml', { path, with: inputs })
      expect(run).toMatchObject({ code: 0, errors: [] })
      expect(Object.keys(run.jobs)).toHaveLength(2)
      expect(run.log).not.toMatch(buildStep)
      const digest = await digestOf(`${namespace('signed')}/vllm-openai`, vllmTag)
      const subject = `${registry}/${namespace('signed')}/vllm-openai@${digest ?? ''}`
      expect(run.log).toContain(`signed: ${subject}, {"result":"PASSED", ${predicateType}`)
      expect(run.log).toContain(`gh attestation verify oci://${subject} --bundle-from-oci`)
      const again = await runExample('attest.yml', { path, with: inputs })
      expectGreen(again, ['images'])
    },
    3 * minutes,
  )
})

describe('pull-request.yml', () => {
  it(
    'builds and verifies without writing to the registry',
    async () => {
      const inputs = { namespace: namespace('pull'), ...exact }
      const run = await runExample('pull-request.yml', { event: 'pull_request', with: inputs })
      expectGreen(run, ['images'])
      // The other two need the image in a registry
      expect(run.log).toContain(`${gateNames.length - 2} of ${gateNames.length} gates passed`)
      for (const name of ['vllm-openai', 'image-cache'])
        expect(await tagsOf(`${namespace('pull')}/${name}`)).toEqual([])
    },
    5 * minutes,
  )
})

describe('many-runners.yml', () => {
  const inputs = () => ({ namespace: namespace('many') })

  it(
    'builds each leg in its own job and publishes them',
    async () => {
      const run = await runExample('many-runners.yml', { with: inputs() })
      expectGreen(run, ['plan', 'vLLM v0.21.0-1', 'vLLM v0.10.2-2', 'SGLang v0.5.11-3', 'promote'])
      expect(await tagsOf(`${namespace('many')}/vllm-openai`)).toContain(vllmTag)
      expect(await tagsOf(`${namespace('many')}/sglang`)).toEqual([sglangTag])
    },
    10 * minutes,
  )

  it(
    'starts no job for a leg if there is nothing to build, and confirms what is published',
    async () => {
      const before = await digestOf(`${namespace('many')}/vllm-openai`, vllmTag)
      const run = await runExample('many-runners.yml', { with: inputs() })
      expectGreen(run, ['plan', 'promote'])
      expect(run.log).toContain(vllmTag)
      expect(await digestOf(`${namespace('many')}/vllm-openai`, vllmTag)).toBe(before)
    },
    2 * minutes,
  )

  it(
    'leaves nothing for nightly.yml to build',
    async () => {
      const run = await runExample('nightly.yml', { event: 'schedule', job: 'images', with: inputs() })
      expectGreen(run, ['images'])
      expect(run.log).toContain('set-output:: changed=false')
      expect(run.log).not.toMatch(buildStep)
    },
    2 * minutes,
  )

  it(
    'are listed by behind.yml, with what upstream has beyond them',
    async () => {
      const run = await runExample('behind.yml', { event: 'schedule', job: 'list', with: inputs() })
      expectGreen(run, ['list'])
      expect(run.log).toMatch(/3 images are listed; 3 digests were read/)
      expect(run.log).toMatch(/set-output:: behind=\[/)
    },
    2 * minutes,
  )

  it(
    'fails if a leg fails, but publishes the other images',
    async () => {
      const run = await runExample('many-runners.yml', {
        with: {
          namespace: namespace('failing'),
          'added-bytes-limit': "${{ matrix.engine == 'sglang' && '1 B' || '100 MB' }}",
        },
      })
      expect(run.code).toBe(1)
      expect(run.errors.join()).toContain('gate added-bytes failed')
      // act has one result for a whole matrix: a leg that ends after a failed one also counts as
      // failed.
      expect(Object.keys(run.jobs)).toHaveLength(5)
      expect(run.jobs).toMatchObject({ plan: true, 'SGLang v0.5.11-3': false, promote: false })
      const published = await tagsOf(`${namespace('failing')}/vllm-openai`)
      expect(published).toHaveLength(2)
      expect(published).toContain(vllmTag)
      expect(await tagsOf(`${namespace('failing')}/sglang`)).toEqual([])
    },
    5 * minutes,
  )
})

describe('verify.yml', () => {
  it(
    'publishes what its second matrix has verified',
    async () => {
      const inputs = { ...exact, engine: 'vllm', namespace: namespace('verified'), gpus: '' }
      const run = await runExample('verify.yml', { with: inputs })
      expectGreen(run, ['plan', 'vLLM v0.21.0', 'verify vLLM v0.21.0', 'promote'])
      expect(await tagsOf(`${namespace('verified')}/vllm-openai`)).toEqual([vllmTag])
      const stored = await tagsOf(`${namespace('verified')}/image-cache`)
      expect(stored.filter((tag) => tag.startsWith('verified-'))).toHaveLength(1)
    },
    5 * minutes,
  )
})

describe('own-registry.yml', () => {
  const canaries = { GIT_TOKEN: 'canary-git-55d0', PACKAGES_TOKEN: 'canary-packages-91ac' }
  let index: IndexServer
  let git: GitServer

  beforeAll(async () => {
    index = await serveIndex(world().standIns.index, { user: 'robot', password: canaries.PACKAGES_TOKEN })
    git = await serveGit(dirname(world().standIns.aibrix), { user: 'robot', password: canaries.GIT_TOKEN })
  }, 10 * minutes)
  afterAll(async () => {
    await Promise.all([index.close(), git.close()])
  })

  it(
    'reads everything from that registry, with the secrets that it names, and shows none of them',
    async () => {
      const certificates = join(mkdtempSync(join(tmpdir(), 'ca-')), 'company.pem')
      writeFileSync(certificates, rootCertificates.slice(0, 2).join('\n'))
      const withSecret = (url: string, name: string) =>
        url.replace(/\/\/([^@]*@)?/, `//robot:\${{ secrets.${name} }}@`)
      const run = await runExample('own-registry.yml', {
        secrets: canaries,
        with: {
          ...{ ...exact, engine: 'vllm', namespace: namespace('own/ai') },
          'aibrix-repository': `${git.url}/aibrix.git`,
          'ucx-repository': `${git.url}/ucx.git`,
          secrets: `git-credentials=${withSecret(git.url, 'GIT_TOKEN')}`,
          'package-index': withSecret(index.url, 'PACKAGES_TOKEN'),
          'ca-certificates': certificates,
        },
      })
      expectGreen(run, ['images'])
      expect(await tagsOf(`${namespace('own/ai')}/vllm-openai`)).toEqual([vllmTag])
      for (const canary of Object.values(canaries)) expect(run.log).not.toContain(canary)
      expect(index.requests.length).toBeGreaterThan(0)
    },
    5 * minutes,
  )
})

/** A docker whose builder claims to emulate arm64; the bases are only labelled arm64. */
const emulating = `#!/bin/sh
case "$*" in
  'buildx inspect'*) PATH=\${PATH#*:} docker "$@" | sed 's|^Platforms:.*|Platforms: linux/amd64, linux/arm64|' ;;
  *) PATH=\${PATH#*:} exec docker "$@" ;;
esac
`

describe('images.yml', () => {
  let path: string
  let bases: string

  beforeAll(async () => {
    path = mkdtempSync(join(tmpdir(), 'path-'))
    withProgram(path, 'docker', emulating)
    bases = `${registry}/${world().namespace}-bases`
    await publishForTwoPlatforms(
      { repository: `${world().standIns.baseRegistries.published ?? ''}/vllm/vllm-openai`, tag: 'v0.21.0' },
      { repository: `${bases}/vllm/vllm-openai`, tag: 'v0.21.0' },
    )
  }, 10 * minutes)

  const inputs = (name: string) => ({ ...exact, 'base-registry': bases, namespace: namespace(name) })

  it(
    'publishes an index of what two runners built when multi-platform.yml calls it',
    async () => {
      const run = await runExample('multi-platform.yml', { path, with: inputs('two') })
      expectGreen(
        run,
        ['plan', 'vLLM v0.21.0 linux/amd64-1', 'vLLM v0.21.0 linux/arm64-2', 'promote'].map(
          (name) => `images/${name}`,
        ),
      )
      const repository = `${namespace('two')}/vllm-openai`
      expect(await tagsOf(repository)).toEqual([vllmTag])
      const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${vllmTag}`, {
        headers: { accept: 'application/vnd.oci.image.index.v1+json' },
      })
      const { manifests } = (await answer.json()) as { manifests: { platform: { architecture: string } }[] }
      const architectures = manifests.map(({ platform }) => platform.architecture)
      // The platform of attestations is unknown
      expect(architectures.filter((name) => name !== 'unknown')).toEqual(['amd64', 'arm64'])
    },
    10 * minutes,
  )

  it(
    'builds nothing and confirms the published image when called again',
    async () => {
      const run = await runExample('multi-platform.yml', { path, with: inputs('two') })
      expectGreen(run, ['images/plan', 'images/promote'])
      expect(run.log).not.toMatch(buildStep)
      expect(run.log).toContain(vllmTag)
    },
    2 * minutes,
  )

  it(
    'in a pull request passes the plan as an artifact, builds, and publishes nothing',
    async () => {
      const caller: Workflow = {
        on: 'pull_request',
        jobs: {
          images: {
            uses: 'aibrix/image-action/.github/workflows/images.yml@v1',
            with: { engine: 'vllm', runners: 'linux/amd64: ubuntu-latest' },
          },
        },
      }
      const all = { ...world().inputs({ registry, 'gpu-architectures': '9.0' }), ...exact }
      const run = await runWorkflow(caller, {
        event: 'pull_request',
        with: { ...all, namespace: namespace('none') },
      })
      expectGreen(run, ['images/plan', 'images/vLLM v0.21.0'])
      // The other two need the image in a registry
      expect(run.log).toContain(`${gateNames.length - 2} of ${gateNames.length} gates passed`)
      for (const name of ['vllm-openai', 'image-cache'])
        expect(await tagsOf(`${namespace('none')}/${name}`)).toEqual([])
    },
    5 * minutes,
  )
})

describe('the examples with contents of your own', () => {
  let index: IndexServer
  beforeAll(async () => {
    index = await serveIndex(indexWithOwnPackages(world().standIns.index))
  })
  afterAll(() => index.close())

  it(
    'extra-packages.yml publishes an image with the packages',
    async () => {
      const inputs = { ...exact, namespace: namespace('omni'), 'package-index': index.url }
      const own = { 'extra-packages': 'acme-tools==1.2.0' }
      const run = await runExample('extra-packages.yml', { with: { ...inputs, ...own } })
      expectGreen(run, ['images'])
      expect(await tagsOf(`${namespace('omni')}/vllm-openai`)).toEqual([
        'v0.21.0-omni-0.22.0-aibrix-v0.7.0-nixl-0.7.1-20251123',
      ])
    },
    5 * minutes,
  )

  it(
    'extra-files.yml publishes an image with the files of the repository',
    async () => {
      const repository = mkdtempSync(join(tmpdir(), 'repository-'))
      cpSync(ownFiles(), join(repository, 'image-files'), { recursive: true, verbatimSymlinks: true })
      const inputs = { ...exact, engine: 'vllm', namespace: namespace('files') }
      const run = await runExample('extra-files.yml', { repository, with: inputs })
      expectGreen(run, ['images'])
      expect(await tagsOf(`${namespace('files')}/vllm-openai`)).toEqual([vllmTag])
    },
    5 * minutes,
  )

  it(
    'own-base.yml publishes an image on the base typed into its form',
    async () => {
      const base = publishOwnBase(namespace('base'), '1'.repeat(40))
      const run = await runExample('own-base.yml', {
        inputs: { 'base-image': base, versions: 'v0.21.0' },
        with: { 'aibrix-version': 'v0.7.0', namespace: namespace('base') },
      })
      expectGreen(run, ['images'])
      expect(await tagsOf(`${namespace('base')}/vllm-openai`)).toEqual([vllmTag])
    },
    5 * minutes,
  )
})

it('every example is run here or states at its top that it is only linted', () => {
  for (const name of readdirSync('examples')) {
    const head = readFileSync(join('examples', name), 'utf8').split(/^name:/m)[0] ?? ''
    expect([name, head.startsWith('# ')]).toEqual([name, true])
    expect([name, tried.has(name) || head.includes('only linted')]).toEqual([name, true])
  }
})
