import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { type ActionRun, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { type Image, imageType, type Index, indexType, readRegistry } from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()
const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
}

/** Values that a shell, a Dockerfile or a reader could misinterpret */
const hostile: Record<string, string> = {
  AIBRIX_TEST_DOLLAR: '$HOME ${PATH} $(id) $$ \\$HOME ${BASE_USER:-x}',
  AIBRIX_TEST_QUOTES: `it's "so" and 'so' \`so\``,
  AIBRIX_TEST_BACKSLASHES: '\\ \\\\ \\n \\" \\',
  AIBRIX_TEST_SPACES: 'two  blanks\tand a tab # no comment',
  AIBRIX_TEST_HEREDOC: '<<END =a=b; {{x}} %s',
  AIBRIX_TEST_LETTERS: 'ü 🚀 \u00a0x',
  AIBRIX_TEST_EMPTY: '',
}

const linesOf = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** Returns the result of a run's only image. */
function imageOf(run: ActionRun): { state: string; tags: string[] } {
  expect(errorsOf(run)).toEqual([])
  const [image] = JSON.parse(run.outputs.images ?? '') as { state: string; tags: string[] }[]
  if (!image) throw new Error('the run has no image')
  return image
}

type Config = { config: { Env: string[]; Labels: Record<string, string> } }

type Manifest = Image & { config: { digest: string } }

const tagOf = ({ tags }: { tags: string[] }): string => tags[0]?.replace(/^.*:/, '') ?? ''

async function manifestOf(repository: string, tag: string): Promise<Manifest> {
  const { manifests } = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
  const image = manifests.find(({ platform }) => platform.architecture === 'amd64')
  return readRegistry<Manifest>(`${repository}/manifests/${image?.digest ?? ''}`, imageType)
}

async function configOf(repository: string, tag: string): Promise<Config['config']> {
  const { config } = await manifestOf(repository, tag)
  return (await readRegistry<Config>(`${repository}/blobs/${config.digest}`)).config
}

describe('variables of the input environment', () => {
  it(
    'are in the image verbatim; equal values leave it unchanged, and another value rebuilds it',
    async () => {
      const repository = `${world().namespace}/vllm-openai`
      const base = await readRegistry<Manifest>(
        'stand-in/vllm/vllm-openai/manifests/v0.21.0',
        'application/vnd.docker.distribution.manifest.v2+json',
      )
      const before = (await readRegistry<Config>(`stand-in/vllm/vllm-openai/blobs/${base.config.digest}`))
        .config.Env
      const others = before.filter((entry) => !entry.startsWith('CUDA_HOME='))
      expect(others.length).toBeLessThan(before.length)
      const variables = { ...hostile, CUDA_HOME: '/opt/cuda of the input' }
      const run = (more: Record<string, string>) => runAction(world().inputs({ ...wanted, ...more }))

      const first = await run({ environment: linesOf(variables) })
      const built = imageOf(first)
      expect(built.state).toBe('published')
      const tag = tagOf(built)
      const { Env, Labels } = await configOf(repository, tag)
      const expected = [...others, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)]
      expect([...Env].sort()).toEqual(expected.sort())
      const determinants = JSON.parse(Labels['io.aibrix.image.determinants'] ?? '') as Record<string, unknown>
      expect(determinants.environment).toEqual(variables)

      // As a program in a container sees them
      const name = `${registry}/${repository}:${tag}`
      const script = 'import json, os; print(json.dumps(dict(os.environ)))'
      const seen = execFileSync('docker', ['run', '--rm', '--entrypoint=python3', name, '-c', script])
      expect(JSON.parse(seen.toString())).toMatchObject(variables)
      execFileSync('docker', ['image', 'rm', '--force', name], { stdio: 'ignore' })

      const reversed = Object.fromEntries(Object.entries(variables).reverse())
      const second = await run({ environment: linesOf(reversed), date: '20251130' })
      expect(imageOf(second).state).toBe('unchanged')

      const other = { ...variables, AIBRIX_TEST_EMPTY: '1' }
      const third = await run({ environment: linesOf(other), date: '20251201' })
      const again = imageOf(third)
      expect(again.state).toBe('published')
      expect(third.summary).toContain('variable AIBRIX_TEST_EMPTY "" → 1')
      const now = await configOf(repository, tagOf(again))
      expect(now.Env).toContain('AIBRIX_TEST_EMPTY=1')
      // The image has the same steps as the first one.
      const layersOf = async (of: string) => (await manifestOf(repository, of)).layers
      expect(await layersOf(tagOf(again))).toEqual(await layersOf(tag))
    },
    8 * minutes,
  )

  it('that are refused are named by line before any request or build', async () => {
    const environment = 'A=1\nLD_PRELOAD=/x.so\nHF_TOKEN=canary\nhttps_proxy=http://proxy:3128'
    const run = await runAction(
      world().inputs({ ...wanted, namespace: `${world().namespace}-none`, environment }),
    )
    expect(run.code).toBe(1)
    const errors = errorsOf(run).join('\n')
    for (const line of ['line 2 (LD_PRELOAD)', 'line 3 (HF_TOKEN)', 'line 4 (https_proxy)'])
      expect(errors).toContain(line)
    expect(`${run.log}${run.summary}`).not.toContain('canary')
    expect(await tagsOf(`${world().namespace}-none/vllm-openai`)).toEqual([])
  })
})
