import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import type { ucxMutants } from '../../stand-ins/source-mutants.ts'
import { gateNames } from '../../src/verify/gate.ts'
import { type IndexServer, serveIndex } from '../../stand-ins/index-server.ts'
import {
  type ActionRun,
  changedAction,
  errorsOf,
  failedGates,
  registry,
  runAction,
  type TestOptions,
  tagsOf,
} from '../support/action.ts'
import { relabel, verifyImage } from '../support/existing-images.ts'
import { indexWithOwnPackages, ownFiles } from '../support/own-contents.ts'
import { type StandInWorld, useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const mislabelled = 'stand-in/mislabelled'

const world = useStandIns()

/** With the packages of a user, too */
let own: IndexServer

/** One real defect, and the one gate that must detect it. */
type Mutant = {
  gate: string
  /** Part of the message that names the defect */
  cause: RegExp
  inputs?: (world: StandInWorld) => Record<string, string>
  /** An instruction at the end of the image's stage */
  step?: string
  /** A change of one file of the action itself */
  change?: { file: string; from: string; to: string }
  /** What somebody writes into the image after it was built, which only a verification can see */
  labels?: Record<string, string>
}

/** Where the stage of the image ends; what measures it declares the same user. */
const endOfImage = 'ARG BASE_USER=""\nUSER ${BASE_USER}\n\nFROM image AS measured-image'

const pip = (...args: string[]) =>
  `RUN --mount=type=secret,id=package-index PIP_INDEX_URL="$(cat /run/secrets/package-index)" PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip ${args.join(' ')}`
const libraries =
  "$(python3 -c 'import nixl_cu13, os; print(os.path.dirname(os.path.dirname(nixl_cu13.__file__)))')/nixl_cu13.libs"

/** Edits NIXL's agents where they are installed; a base has none. */
const editNixl = (expression: string) =>
  `RUN find / -xdev -path '*/nixl_cu13/_api.py' -exec sed -i '${expression}' {} +`
const onBase =
  (variant: string) =>
  ({ standIns }: StandInWorld) => ({ 'base-registry': standIns.baseRegistries[variant] ?? '' })

const mutants: Record<string, Mutant> = {
  'a base whose tag names another version than it holds': {
    gate: 'engine-version',
    cause: /0\.21\.0/,
    inputs: () => ({ versions: 'v0.21.1', 'base-registry': `${registry}/${mislabelled}` }),
  },
  'a base whose tag names another CUDA': {
    gate: 'engine-version',
    cause: /says cu129, but behind it is torch for CUDA 13\.0/,
    inputs: () => ({ versions: 'v0.21.0-cu129', 'base-registry': `${registry}/${mislabelled}` }),
  },
  'a base whose tag names another distribution': {
    gate: 'engine-version',
    cause: /says ubuntu2404, but behind it is debian 12/,
    inputs: () => ({
      versions: 'v0.21.0-x86_64-cu130-ubuntu2404',
      'base-registry': `${registry}/${mislabelled}`,
    }),
  },
  'a base whose tag names another architecture, built with force': {
    gate: 'engine-version',
    cause: /says aarch64, but behind it is an image for linux\/amd64/,
    inputs: () => ({
      ...{ versions: 'v0.21.0-aarch64', force: 'true' },
      'base-registry': `${registry}/${mislabelled}`,
    }),
  },
  'a torch that is not the base any more': {
    gate: 'torch-untouched',
    cause: /torch/,
    step: 'RUN echo "# touched" >> "$(python3 -c \'import torch; print(torch.__file__)\')"',
  },
  'a wheel for another CUDA': {
    gate: 'aibrix-version',
    cause: /cu121/,
    inputs: () => ({ 'aibrix-version': 'mutant/wrong-local-version' }),
  },
  'a wheel without its extension': {
    gate: 'extension',
    cause: /extension/,
    inputs: () => ({ 'aibrix-version': 'mutant/no-extension' }),
  },
  'a wheel built against another torch': {
    gate: 'extension',
    cause: /standin_torch_2_6_register/,
    inputs: () => ({ 'aibrix-version': 'mutant/other-torch' }),
  },
  'an extension that does not register its operator': {
    gate: 'extension',
    cause: /reshape_and_cache_multi_layer/,
    inputs: () => ({ 'aibrix-version': 'mutant/no-operator' }),
  },
  'an extension that links the driver, for another torch': {
    gate: 'extension',
    cause: /standin_torch_2_6_register/,
    inputs: () => ({ 'aibrix-version': 'mutant/driver-and-other-torch' }),
  },
  'a second library that does not load': {
    gate: 'extension',
    cause: /libpart\.so.*that_is_missing/,
    inputs: () => ({ 'aibrix-version': 'mutant/broken-part' }),
  },
  'two kernels of which one lacks sm_90': {
    gate: 'gpu-architectures',
    cause: /9\.0 .*some of its source files/,
    inputs: () => ({ 'aibrix-version': 'mutant/second-kernel-without-sm90' }),
  },
  'an extension without sm_90': {
    gate: 'gpu-architectures',
    cause: /9\.0/,
    inputs: () => ({ 'aibrix-version': 'mutant/no-sm90' }),
  },
  'a CUDA 12 part in a CUDA 13 image': {
    gate: 'cuda-major',
    cause: /12/,
    inputs: () => ({ 'aibrix-version': 'mutant/cuda-12-part' }),
  },
  'both NIXL variants': {
    gate: 'nixl-variant',
    cause: /nixl-cu12/,
    step: pip('install', '--no-deps', 'nixl-cu12==0.7.1'),
  },
  'another NIXL': {
    gate: 'nixl-variant',
    cause: /0\.8\.0/,
    step: pip('install', '--no-deps', 'nixl==0.8.0', 'nixl-cu13==0.8.0'),
  },
  'a NIXL whose UCX has lost InfiniBand': {
    gate: 'nixl-ucx',
    cause: /\bib\b/,
    step: `RUN rm -f ${libraries}/ucx/libuct_ib.so*`,
  },
  'a second libucp from the distribution': {
    gate: 'second-libucp',
    cause: /libucp/,
    step: 'RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libucx0',
  },
  'UCX tools of another release': {
    gate: 'ucx-tools',
    cause: /1\.18\.1/,
    inputs: ({ standIns }) => ({ 'ucx-repository': ucxWithMovedTag(standIns.ucx, 'wrong-version') }),
  },
  'UCX tools that move nothing over TCP': {
    gate: 'ucx-loopback',
    cause: /nothing over TCP: no usable transports/,
    inputs: ({ standIns }) => ({ 'ucx-repository': ucxWithMovedTag(standIns.ucx, 'nothing-over-tcp') }),
  },
  'UCX tools that move nothing over shared memory': {
    gate: 'ucx-loopback',
    cause: /nothing over shared memory: no usable transports/,
    inputs: ({ standIns }) => ({
      'ucx-repository': ucxWithMovedTag(standIns.ucx, 'nothing-over-shared-memory'),
    }),
  },
  'an ENTRYPOINT that dies': {
    gate: 'entrypoint',
    cause: /vllm serve with its help option.*exit code 3 \(no engine here\)/,
    step: `RUN printf '#!/bin/sh\\necho no engine here >&2\\nexit 3\\n' >/usr/local/sbin/vllm && chmod 755 /usr/local/sbin/vllm`,
  },
  "a NIXL of the user's own": {
    gate: 'as-it-runs',
    cause: /nixl 0\.7\.0.*nixl 0\.7\.1.*\/home\/engine\/\.local/,
    inputs: onBase('user-site'),
  },
  'a checkout of NIXL that PYTHONPATH names': {
    gate: 'as-it-runs',
    cause: /nixl from \/opt\/nixl\/.*PYTHONPATH/,
    inputs: onBase('nixl-checkout'),
  },
  'an older AIBrix that PYTHONPATH names': {
    gate: 'as-it-runs',
    cause: /aibrix_kvcache from \/opt\/aibrix-older\/.*0\.6\.0.*0\.7\.0.*PYTHONPATH/,
    inputs: onBase('older-aibrix'),
  },
  'tools in a folder that is closed to the user': {
    gate: 'as-it-runs',
    cause: /ucx_info.*permission denied.*\/opt/,
    inputs: onBase('closed-folder'),
  },
  'a USER that is not there': {
    gate: 'as-it-runs',
    cause: /USER engine does not exist/,
    inputs: onBase('unknown-user'),
  },
  'a WORKDIR that is closed to the user': {
    gate: 'as-it-runs',
    cause: /WORKDIR.*\/srv\/work/,
    inputs: onBase('closed-workdir'),
  },
  'a bumped dependency of the engine': {
    gate: 'environment-untouched',
    cause: /stand-in-dependency/,
    step: pip('install', '--no-deps', 'stand-in-dependency==2.0.0'),
  },
  'a file of the engine that the wheel overwrites': {
    gate: 'environment-untouched',
    cause: /The installed package aibrix-kvcache changed \/\S+\/vllm\/v1\/attention\/__init__\.py of vllm/,
    inputs: () => ({ 'aibrix-version': 'mutant/overwrites-engine' }),
  },
  'a file of AIBrix that a step rewrites': {
    gate: 'environment-untouched',
    cause:
      /A build step changed \/\S+\/aibrix_kvcache\/__init__\.py of aibrix-kvcache after pip had installed it/,
    step: `RUN echo '# touched' >>"$(python3 -c 'import importlib.util as u; print(u.find_spec("aibrix_kvcache").origin)')"`,
  },
  'a file of the engine that a step rewrites': {
    gate: 'environment-untouched',
    cause: /A build step changed \/\S+\/vllm\/v1\/__init__\.py of vllm/,
    step: `RUN echo '# touched' >>"$(python3 -c 'import vllm, os; print(os.path.dirname(vllm.__file__))')/v1/__init__.py"`,
  },
  'a file that comes to an engine that lies in a folder of its own': {
    gate: 'environment-untouched',
    cause: /A build step added \/sgl-workspace\/\S+\/sitecustomize\.py of sglang/,
    inputs: () => ({ engine: 'sglang', versions: 'v0.5.11' }),
    change: {
      file: 'dockerfiles/Dockerfile.sglang',
      from: endOfImage,
      to: `RUN ["touch", "/sgl-workspace/sglang/python/sglang/sitecustomize.py"]\n${endOfImage}`,
    },
  },
  'a file of a package of the base that a step removes': {
    gate: 'environment-untouched',
    cause: /A build step removed \/\S+ of stand-in-dependency/,
    step: `RUN rm "$(python3 -c 'import stand_in_dependency; print(stand_in_dependency.__file__)')"`,
  },
  'an extra package that overwrites a file of the engine': {
    gate: 'environment-untouched',
    cause:
      /The installed package acme-greedy changed \/\S+\/vllm\/v1\/__init__\.py of vllm.*; leave acme-greedy/,
    inputs: () => ({ 'extra-packages': 'acme-greedy', 'package-index': own.url }),
  },
  'an extra package that a later step takes away': {
    gate: 'extra-contents',
    cause: /does not have what extra-packages asks for: no acme-core/,
    inputs: () => ({ 'extra-packages': 'acme-core', 'package-index': own.url }),
    step: 'RUN python3 -m pip uninstall -q -y --break-system-packages acme-core',
  },
  'an extra file that a later step changes': {
    gate: 'extra-contents',
    cause: /The files of extra-files are not in the image as they were given/,
    inputs: () => ({ 'extra-files': ownFiles() }),
    step: 'RUN chmod 644 /opt/acme/run',
  },
  'a changed package of the system': {
    gate: 'environment-untouched',
    cause: /make/,
    step: 'RUN dpkg --purge --force-depends make',
  },
  'a new conflict among packages': {
    gate: 'pip-check',
    cause: /unmet 1\.0 requires not-there/,
    step: `RUN d="$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/unmet-1.0.dist-info"; mkdir -p "$d"; printf 'Metadata-Version: 2.1\\nName: unmet\\nVersion: 1.0\\nRequires-Dist: not-there\\n' >"$d/METADATA"`,
  },
  'a connector that can not be imported': {
    gate: 'integration',
    cause: /that_is_missing/,
    inputs: () => ({ 'aibrix-version': 'mutant/broken-connector' }),
  },
  'a NIXL that arrives damaged': {
    gate: 'nixl-transfer',
    cause: /1 of 1048576 bytes arrive changed, the first at offset 1048575/,
    step: editNixl('s/to, source, length)/to, source, length - 1)/'),
  },
  'a NIXL without its UCX plugin': {
    gate: 'nixl-transfer',
    cause: /no UCX plugin, only GDS/,
    step: 'RUN find / -xdev -name libplugin_UCX.so -delete',
  },
  'a NIXL that crashes': {
    gate: 'nixl-transfer',
    cause: /at the registration of memory.*killed by SIGABRT/,
    step: editNixl('s/if not self.backends:/if os.abort() or not self.backends:/'),
  },
  'a cache that gives other bytes from memory': {
    gate: 'kvcache-round-trip',
    cause: /other bytes from memory than were written to it: 2 of 65536 differ, the first at offset 0/,
    inputs: () => ({ 'aibrix-version': 'mutant/other-bytes-in-memory' }),
  },
  'a cache that gives other bytes from files': {
    gate: 'kvcache-round-trip',
    cause: /other bytes from files/,
    inputs: () => ({ 'aibrix-version': 'mutant/other-bytes-in-files' }),
  },
  'a cache that is another one': {
    gate: 'kvcache-round-trip',
    cause: /Undetermined: .*TESTING_DISABLE_PIN_MEMORY/,
    inputs: () => ({ 'aibrix-version': 'mutant/another-cache' }),
  },
  'an engine that demands a newer NIXL': {
    gate: 'engine-demands',
    cause:
      /nixl >= 1\.5\.0 in vllm\/distributed\/kv_transfer\/kv_connector\/v1\/nixl\/base_worker\.py, line 8, and refuses the installed 0\.7\.1/,
    inputs: ({ standIns }) => ({
      versions: 'v0.33.0',
      'base-registry': standIns.baseRegistries.demanding ?? '',
      // Without force, the plan refuses it.
      force: 'true',
    }),
  },
  'an engine without the model runner on which AIBrix acts': {
    gate: 'integration',
    cause: /only the model runner V1, which this engine does not have/,
    inputs: ({ standIns }) => ({
      versions: 'v0.29.0',
      'base-registry': standIns.baseRegistries['without-v1'] ?? '',
    }),
  },
  "a variant of the base's own NIXL that a step takes away": {
    gate: 'nixl-variant',
    cause: /The base had nixl-cu12 1\.5\.0, and a build step changed that/,
    inputs: ({ standIns }) => ({
      'base-registry': standIns.baseRegistries['with-both-nixl'] ?? '',
      'nixl-version': 'base',
    }),
    step: 'RUN python3 -m pip uninstall -q -y --break-system-packages nixl-cu12',
  },
  'a missing tool': { gate: 'debug-tools', cause: /ibv_devices/, step: 'RUN rm /usr/bin/ibv_devices' },
  'an ENTRYPOINT replaced': { gate: 'image-config', cause: /ENTRYPOINT/, step: 'ENTRYPOINT ["/bin/sh"]' },
  'an ENV added': { gate: 'image-config', cause: /ENV UCX_TLS/, step: 'ENV UCX_TLS=all' },
  'a USER that is not restored': {
    gate: 'image-config',
    cause: /USER/,
    inputs: ({ standIns }) => ({ 'base-registry': standIns.baseRegistries['not-root'] ?? '' }),
    change: { file: 'dockerfiles/Dockerfile.vllm', from: 'USER ${BASE_USER}', to: '' },
  },
  'more bytes than allowed': {
    gate: 'added-bytes',
    cause: /added-bytes-limit/,
    inputs: () => ({ 'added-bytes-limit': '1 MB' }),
  },
  'a zstd base exported with Docker media types': {
    gate: 'media-types',
    cause: /exported with Docker media types/,
    inputs: ({ standIns }) => ({
      'base-registry': standIns.baseRegistries['zstd-docker-types'] ?? '',
      provenance: 'false',
    }),
    change: { file: buildChunk(), from: '"oci-mediatypes=true"', to: '"oci-mediatypes=false"' },
  },
  'a label with another version than that of its NIXL': {
    gate: 'labels',
    cause: /io\.aibrix\.image\.nixl says 0\.7\.1, and 0\.8\.0 was measured/,
    labels: { 'io.aibrix.image.nixl': '0.7.1' },
  },
  'a build id that is not that of its determinants': {
    gate: 'labels',
    cause: /io\.aibrix\.image\.build-id is not the build id of the label io\.aibrix\.image\.determinants/,
    labels: { 'io.aibrix.image.build-id': '0'.repeat(64) },
  },
}

/**
 * Defects that one image can have, since each breaks another gate, and none fails for the reason of
 * another. These images are published all the same, and `command: verify` has to refuse them, too. All
 * other defects have an image of their own.
 */
const together: readonly (readonly string[])[] = [
  ['a base whose tag names another version than it holds', 'a build id that is not that of its determinants'],
  ["a NIXL of the user's own", 'a cache that gives other bytes from files'],
  [
    'an extension without sm_90',
    'a torch that is not the base any more',
    'a NIXL whose UCX has lost InfiniBand',
    'a new conflict among packages',
    'a missing tool',
  ],
  [
    'an extension that does not register its operator',
    'another NIXL',
    'an ENTRYPOINT that dies',
    'a label with another version than that of its NIXL',
  ],
  [
    'a wheel for another CUDA',
    'UCX tools that move nothing over TCP',
    'both NIXL variants',
    'a bumped dependency of the engine',
    'an extra file that a later step changes',
  ],
  [
    'a connector that can not be imported',
    'UCX tools of another release',
    'a file of the engine that a step rewrites',
    'an extra package that a later step takes away',
  ],
  [
    'a second libucp from the distribution',
    'a file of a package of the base that a step removes',
    'a NIXL that arrives damaged',
  ],
  ['a CUDA 12 part in a CUDA 13 image', 'a changed package of the system', 'a NIXL without its UCX plugin'],
  // Judged after the push, so that the registry has the image
  ['more bytes than allowed', 'an ENTRYPOINT replaced'],
]

const alone = Object.keys(mutants).flatMap((name) => (together.flat().includes(name) ? [] : [[name]]))

const images: readonly (readonly string[])[] = [...together, ...alone]

/** Creates a repository whose release tag names another release. */
function ucxWithMovedTag(repository: string, mutant: keyof typeof ucxMutants): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'ucx-')), 'ucx.git')
  execFileSync('git', ['clone', '--quiet', '--mirror', repository, folder])
  execFileSync('git', ['-C', folder, 'tag', '--force', 'v1.19.0', `mutant/${mutant}`])
  return folder
}

/** Publishes the v0.21.0 base under the tags of other versions. */
function publishMislabelledBase(): void {
  const source = `${world().standIns.baseRegistries.published ?? ''}/vllm/vllm-openai:v0.21.0`
  execFileSync('docker', ['pull', '--quiet', source])
  for (const tag of ['v0.21.1', 'v0.21.0-cu129', 'v0.21.0-x86_64-cu130-ubuntu2404', 'v0.21.0-aarch64']) {
    const target = `${registry}/${mislabelled}/vllm/vllm-openai:${tag}`
    execFileSync('docker', ['tag', source, target])
    execFileSync('docker', ['push', '--quiet', target])
  }
}

/** Path of the chunk that is loaded when there is something to build. */
function buildChunk(): string {
  return `dist/${readdirSync('dist').find((name) => name.startsWith('build-with-docker-')) ?? ''}`
}

function actionWith(defects: readonly Mutant[]): string | undefined {
  const steps = defects.flatMap(({ step = [] }) => step)
  const edit =
    defects.find(({ change }) => change)?.change ??
    (steps.length > 0 && {
      file: 'dockerfiles/Dockerfile.vllm',
      from: endOfImage,
      to: `${steps.join('\n')}\n${endOfImage}`,
    })
  return edit ? changedAction(edit.file, (text) => text.replaceAll(edit.from, () => edit.to)) : undefined
}

/** Mutants in parallel; each would publish in its own namespace */
const limit = pLimit(3)

/**
 * The shared store of facts and compiled artifacts: equal ones are built once and judged each time.
 */
const cache = () => `${world().namespace}/image-cache`

const defectsOf = (names: readonly string[]) => names.flatMap((name) => mutants[name] ?? [])

type Refused = { inputs: Record<string, string>; options: TestOptions; run: ActionRun }

async function expectTheirGates(names: readonly string[]): Promise<Refused> {
  const built = defectsOf(names).filter(({ labels }) => !labels)
  const namespace = `${world().namespace}-${images.indexOf(names)}`
  const inputs = world().inputs({
    engine: 'vllm',
    versions: 'v0.21.0',
    'aibrix-version': 'v0.7.0',
    'gpu-architectures': '8.0 9.0',
    ...{ namespace, 'cache-repository': `${registry}/${cache()}` },
    ...Object.fromEntries(built.flatMap((defect) => Object.entries(defect.inputs?.(world()) ?? {}))),
  })
  const folder = actionWith(built)
  const options = folder === undefined ? {} : { folder }
  const run = await runAction(inputs, options)
  expectRefused(run, built)
  expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual([])
  // Only this tag of the store would mark the image as verified.
  expect(await tagsOf(cache())).not.toContain(`build-${legOf(run).buildId}-amd64`)
  return { inputs, options, run }
}

async function expectThemInVerification(
  names: readonly string[],
  { inputs, options, run }: Refused,
): Promise<void> {
  const defects = defectsOf(names)
  const { digest } = legOf(run)
  const image = digest === null ? await publishAnyway(inputs, options) : `${registry}/${cache()}@${digest}`
  const labels = Object.fromEntries(defects.flatMap((defect) => Object.entries(defect.labels ?? {})))
  const changed = Object.keys(labels).length > 0 ? await relabel(image, labels) : image
  const verification = await verifyImage(inputs, changed, { push: 'false' })
  expectRefused(verification, defects)
  expect(verification.outputs.verified).toBe('false')
}

function expectRefused(run: ActionRun, defects: readonly Mutant[]): void {
  expect(failedGates(run).sort()).toEqual(defects.map(({ gate }) => gate).sort())
  for (const { gate, cause } of defects)
    expect(errorsOf(run).find((line) => line.includes(` gate ${gate} `))).toMatch(cause)
  expect(run.code).toBe(1)
}

type BuiltLeg = { buildId: string; digest: string | null }

/** Returns the only leg of a run; its digest is null if no image was built. */
function legOf({ outputs }: ActionRun): BuiltLeg {
  const [image] = JSON.parse(outputs.images ?? '') as { legs: BuiltLeg[] }[]
  const [leg] = image?.legs ?? []
  if (!leg) throw new Error(`no leg in ${outputs.images ?? ''}`)
  return leg
}

/** Builds the same image with all its defects accepted, which its label says. @returns its name */
async function publishAnyway(inputs: Record<string, string>, options: TestOptions): Promise<string> {
  const accepted = gateNames.map((gate) => `${gate}=it is to be verified`).join('\n')
  const run = await runAction({ ...inputs, 'allow-failed': accepted }, options)
  expect([errorsOf(run), run.code]).toEqual([[], 0])
  const [tag = ''] = JSON.parse(run.outputs.tags ?? '') as string[]
  return tag
}

it('each defect is in one image, and no gate has two in the same', () => {
  expect(images.flat().sort()).toEqual(Object.keys(mutants).sort())
  for (const names of images) {
    const gates = names.map((name) => mutants[name]?.gate)
    expect(new Set(gates).size).toBe(gates.length)
    expect(names.some((name) => !mutants[name]?.labels)).toBe(true)
  }
})

describe('an image with a defect', () => {
  beforeAll(async () => {
    publishMislabelledBase()
    own = await serveIndex(indexWithOwnPackages(world().standIns.index))
  }, minutes)
  afterAll(() => own.close())

  it.concurrent.each(together.map((names) => [names.join(', '), names] as const))(
    '%s: exactly their gates fail, and again in a verification of what is published in spite of them',
    (_, names) =>
      limit(async () => {
        await expectThemInVerification(names, await expectTheirGates(names))
      }),
    15 * minutes,
  )

  it.concurrent.each(alone.map((names) => [names.join(', '), names] as const))(
    '%s: exactly its gate fails and names the defect, and nothing is verified or public',
    (_, names) =>
      limit(async () => {
        await expectTheirGates(names)
      }),
    15 * minutes,
  )
})

describe('an image without a defect', () => {
  it.concurrent(
    'whose extension links the driver, which no build machine has, is judged with a stub that is in no image',
    () =>
      limit(async () => {
        const namespace = `${world().namespace}-driver`
        const inputs = { engine: 'vllm', versions: 'v0.21.0', 'gpu-architectures': '8.0 9.0', namespace }
        const all = world().inputs({ ...inputs, 'aibrix-version': 'mutant/driver' })
        const run = await runAction(all)
        expect([failedGates(run), run.code]).toEqual([[], 0])
        const image = `${registry}/${namespace}/vllm-openai`
        const [tag = ''] = await tagsOf(`${namespace}/vllm-openai`)
        const find = ['/', '-xdev', '-name', 'libcuda.so*', '-o', '-name', 'driver-stub*']
        const command = ['run', '--rm', '--network', 'none', '--entrypoint', 'find', `${image}:${tag}`]
        const found = execFileSync('docker', [...command, ...find], { encoding: 'utf8' })
        expect(found.trim().split('\n')).toEqual(['/usr/local/cuda/lib64/stubs/libcuda.so'])
        const again = await verifyImage(all, tag, { push: 'false' })
        expect([errorsOf(again), again.outputs.verified, again.code]).toEqual([[], 'true', 0])
      }),
    15 * minutes,
  )
})
