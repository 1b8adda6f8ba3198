import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { changedAction, failedGates, registry, runAction, tagsOf } from '../support/action.ts'
import { type StandInWorld, useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const mislabelled = 'stand-in/mislabelled'

const world = useStandIns()

/** One thing that is really wrong, and the one gate that must see it. */
type Mutant = {
  gate: string
  /** Part of the message that names the cause */
  cause: RegExp
  inputs?: (world: StandInWorld) => Record<string, string>
  /** An instruction at the end of the image's stage */
  step?: string
  /** A change of one file of the action itself */
  change?: { file: string; from: string; to: string }
}

const pip = (...args: string[]) =>
  `RUN --mount=type=secret,id=package-index PIP_INDEX_URL="$(cat /run/secrets/package-index)" PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip ${args.join(' ')}`
const libraries =
  "$(python3 -c 'import nixl_cu13, os; print(os.path.dirname(os.path.dirname(nixl_cu13.__file__)))')/nixl_cu13.libs"

const onBase =
  (variant: string) =>
  ({ standIns }: StandInWorld) => ({ 'base-registry': standIns.baseRegistries[variant] ?? '' })

const mutants: Record<string, Mutant> = {
  'a base whose tag names another version than it holds': {
    gate: 'engine-version',
    cause: /0\.21\.0/,
    inputs: () => ({ versions: 'v0.21.1', 'base-registry': `${registry}/${mislabelled}` }),
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
    inputs: ({ standIns }) => ({ 'ucx-repository': ucxWithMovedTag(standIns.ucx) }),
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
    cause: /USER engine is not there/,
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
}

/** A repository whose release tag names another release. */
function ucxWithMovedTag(repository: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'ucx-')), 'ucx.git')
  execFileSync('git', ['clone', '--quiet', '--mirror', repository, folder])
  execFileSync('git', ['-C', folder, 'tag', '--force', 'v1.19.0', 'mutant/wrong-version'])
  return folder
}

/** The v0.21.0 base once more, under a tag that it is not. */
function publishMislabelledBase(): void {
  const source = `${world().standIns.baseRegistries.published ?? ''}/vllm/vllm-openai:v0.21.0`
  const target = `${registry}/${mislabelled}/vllm/vllm-openai:v0.21.1`
  execFileSync('docker', ['pull', '--quiet', source])
  execFileSync('docker', ['tag', source, target])
  execFileSync('docker', ['push', '--quiet', target])
}

/** The part of the bundle that is loaded when there is something to build. */
function buildChunk(): string {
  return `dist/${readdirSync('dist').find((name) => name.startsWith('build-with-docker-')) ?? ''}`
}

function actionWith({ step, change }: Mutant): string | undefined {
  const edit =
    change ??
    (step !== undefined && {
      file: 'dockerfiles/Dockerfile.vllm',
      from: 'ARG BASE_USER=""',
      to: `${step}\nARG BASE_USER=""`,
    })
  return edit ? changedAction(edit.file, (text) => text.replaceAll(edit.from, () => edit.to)) : undefined
}

/** Mutants at a time; each has a namespace of its own */
const limit = pLimit(3)

async function expectOneGate(name: string): Promise<void> {
  const mutant = mutants[name]
  if (!mutant) throw new Error(name)
  const namespace = `${world().namespace}-${Object.keys(mutants).indexOf(name)}`
  const inputs = {
    engine: 'vllm',
    versions: 'v0.21.0',
    'aibrix-version': 'v0.7.0',
    'gpu-architectures': '8.0 9.0',
    namespace,
    ...mutant.inputs?.(world()),
  }
  const folder = actionWith(mutant)
  const run = await runAction(world().inputs(inputs), folder === undefined ? {} : { folder })
  expect(failedGates(run)).toEqual([mutant.gate])
  expect(run.log.split('\n').find((line) => line.startsWith('::error'))).toMatch(mutant.cause)
  expect(run.code).toBe(1)
  expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual([])
  // What was measured in the base and compiled, and layers, are kept: none of them says that a gate let it through.
  const kinds = (await tagsOf(`${namespace}/image-cache`)).map((tag) => tag.split('-')[0] ?? '')
  expect(['candidate', 'facts', 'layers', 'ucx', 'wheel']).toEqual(expect.arrayContaining(kinds))
}

describe('one thing wrong', () => {
  beforeAll(publishMislabelledBase, minutes)

  it.concurrent.each(Object.keys(mutants))(
    '%s: exactly its gate fails, names the cause, and nothing is verified or public',
    (name) => limit(() => expectOneGate(name)),
    15 * minutes,
  )
})
