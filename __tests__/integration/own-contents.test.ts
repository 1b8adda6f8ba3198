import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serveIndex, type IndexServer } from '../../stand-ins/index-server.ts'
import { type ActionRun, errorsOf, failedGates, registry, runAction, tagsOf } from '../support/action.ts'
import { folderWith, indexWithOwnPackages, ownFiles, publishOwnBase } from '../support/own-contents.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { type Image, imageType, type Index, indexType, readRegistry } from '../support/two-platforms.ts'

const minutes = 60_000
const commit = '1'.repeat(40)

const world = useStandIns()
let index: IndexServer
let base: string

beforeAll(async () => {
  index = await serveIndex(indexWithOwnPackages(world().standIns.index))
  base = publishOwnBase(world().namespace, commit)
}, 2 * minutes)
afterAll(() => index.close())

const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
}
const run = (more: Record<string, string>): Promise<ActionRun> =>
  runAction(world().inputs({ ...wanted, 'package-index': index.url, ...more }))

type Config = { config: { Labels: Record<string, string> } }
type Manifest = Image & { config: { digest: string } }

async function manifestOf(repository: string, tag: string): Promise<Manifest> {
  const { manifests } = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
  const image = manifests.find(({ platform }) => platform.architecture === 'amd64')
  return readRegistry<Manifest>(`${repository}/manifests/${image?.digest ?? ''}`, imageType)
}

const stateOf = ({ outputs }: ActionRun) =>
  (JSON.parse(outputs.images ?? '') as { state: string }[])[0]?.state

const tag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const own = () => ({ namespace: `${world().namespace}-own`, 'base-image': base })

describe("a base, packages and files of the user's own", () => {
  it(
    'are in an image that says so, and only another one is built again',
    async () => {
      const files = ownFiles()
      const given = { ...own(), 'extra-packages': 'acme_tools >= 1.2', 'extra-files': files }
      const first = await run(given)
      expect(errorsOf(first)).toEqual([])
      expect(stateOf(first)).toBe('published')
      const repository = `${world().namespace}-own/vllm-openai`
      expect(await tagsOf(repository)).toEqual([tag])

      const { config, layers } = await manifestOf(repository, tag)
      const { Labels } = (await readRegistry<Config>(`${repository}/blobs/${config.digest}`)).config
      const name = base.replace(/:v1$/, '')
      expect(Labels['org.opencontainers.image.base.name']).toMatch(new RegExp(`^${name}@sha256:`))
      expect(Labels['io.aibrix.image.engine-commit']).toBe(commit)
      expect(JSON.parse(Labels['io.aibrix.image.determinants'] ?? '')).toMatchObject({
        baseRepository: name,
        extraPackages: { 'acme-tools': 'acme-tools>=1.2' },
        extraFiles: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      for (const text of [
        `Base: <code>${base}&#64;sha256:`,
        `by the labels of the base: <code>${commit}</code>`,
        'by <code>extra-packages</code>: <code>acme-core 1.0</code>, <code>acme-tools 1.2.0</code>',
        'By <code>extra-files</code>: 4 files, 21 B: <code>/opt/acme/link</code>',
      ])
        expect(first.summary).toContain(text)

      const image = `${registry}/${repository}:${tag}`
      const inside = (script: string) =>
        execFileSync('docker', ['run', '--rm', '--entrypoint', 'sh', image, '-c', script], {
          encoding: 'utf8',
        })
      expect(
        inside(
          '/opt/acme/link; stat -c "%a %u %n" /opt/acme/run /opt/acme/ü.txt; ls -A /srv/acme; ls /acme-was-here',
        ),
      ).toBe('acme\n755 0 /opt/acme/run\n600 0 /opt/acme/ü.txt\n/acme-was-here\n')
      expect(inside("python3 -c 'import acme_tools, acme_core; print(acme_tools.VERSION)'")).toBe('1.2.0\n')
      execFileSync('docker', ['image', 'rm', '--force', image], { stdio: 'ignore' })

      expect(stateOf(await run({ ...given, date: '20251124' }))).toBe('unchanged')

      writeFileSync(join(files, 'opt/acme/ü.txt'), 'y')
      const third = await run({ ...given, date: '20251125' })
      expect(stateOf(third)).toBe('published')
      expect(third.summary).toContain('extra-files ')

      // Without extras, there is no layer for them.
      const plain = await run({ ...own(), date: '20251126' })
      expect(stateOf(plain)).toBe('published')
      const before = await manifestOf(repository, 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251126')
      expect(before.layers).toHaveLength(layers.length - 2)
      expect(before.layers).toEqual(layers.slice(0, -2))
    },
    10 * minutes,
  )

  it(
    'are refused all at once if they would cover files of the base, NIXL, AIBrix or one another',
    async () => {
      const files = folderWith({
        'usr/bin/python3': ['x'],
        'opt/acme/new': ['x'],
        'lib/twice': ['x'],
        'usr/lib/twice': ['x'],
      })
      const refused = await run({ ...own(), namespace: `${world().namespace}-covers`, 'extra-files': files })
      expect(failedGates(refused)).toEqual(['extra-contents'])
      expect(errorsOf(refused).join()).toMatch(
        /would cover 3 files of the image, or one another: \/lib\/twice, \/usr\/bin\/python3 of python3-minimal, \/usr\/lib\/twice; leave/,
      )
      expect(await tagsOf(`${world().namespace}-covers/vllm-openai`)).toEqual([])
    },
    5 * minutes,
  )

  it(
    'do not replace what the image has',
    async () => {
      const namespace = `${world().namespace}-old`
      for (const [requirement, message] of [
        [
          'stand-in-dependency==2.0.0',
          /the engine's environment wins, so extra-packages can't have stand-in-dependency==2\.0\.0 \(the base has 1/,
        ],
        ['acme-old', /extra-packages could not be installed beside the engine's packages: .*conflict/],
      ] as const) {
        const refused = await run({ ...own(), namespace, 'extra-packages': requirement })
        expect(refused.code).toBe(1)
        expect(errorsOf(refused).join()).toMatch(message)
      }
      const other = await run({ ...own(), namespace, versions: 'v0.21.1' })
      expect(failedGates(other)).toEqual(['engine-version'])
      expect(errorsOf(other).join()).toMatch(
        /contains another version than versions says; set versions to v0\.21\.0/,
      )
      expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual([])
    },
    8 * minutes,
  )
})

it('mistakes in all three are reported together, before anything happens', async () => {
  const files = folderWith({ 'proc/x': ['x'], '.dockerignore': ['x'] })
  const inputs = { 'base-image': 'acme/vllm', 'extra-packages': '-r x\ntorch', 'extra-files': files }
  const refused = await run({ ...inputs, namespace: `${world().namespace}-none` })
  expect(refused.code).toBe(1)
  const errors = errorsOf(refused).join('\n')
  for (const text of ['base-image: "acme/vllm"', '"-r x"', '"torch"', '"proc/x"', '".dockerignore"'])
    expect(errors).toContain(text)
  expect(refused.log).not.toMatch(/^::group/m)
})
