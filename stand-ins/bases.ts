/** Stages of bases in which another user cannot run everything that root finds. */
export const notAsMeasured = [
  'user-site',
  'closed-folder',
  'closed-workdir',
  'unknown-user',
  'nixl-checkout',
  'older-aibrix',
] as const

type NotAsMeasured = (typeof notAsMeasured)[number]

/**
 * One stand-in base image. All are built from `Dockerfile`; the names state what they stand for.
 */
export type Base = {
  /**
   * Part of the base registry: `` for the published images, otherwise the name of the difference
   */
  variant: string
  repository: 'vllm/vllm-openai' | 'lmsysorg/sglang'
  tag: string
  /** Stage of the Dockerfile */
  target: 'plain' | 'one-layer' | 'not-root' | 'with-nixl' | 'with-libucx' | 'without-v1' | NotAsMeasured
  arguments: Record<string, string>
  /** More fields of buildx's `--output type=image` */
  output?: string
}

const slim = { SYSTEM: 'debian', FLAVOUR: 'slim' }
/**
 * For variants whose tests are about something else: their images install no debug tools, and the
 * builders no git, which takes longer than all other steps.
 */
const slimWithTools = { ...slim, SYSTEM: 'debian-with-tools' }
const devel = { SYSTEM: 'debian-with-git', FLAVOUR: 'devel' }
const vllm21 = { ENGINE: 'vllm', VERSION: '0.21.0', CUDA: '13.0', TORCH: '2.11.0', ...slim }

/**
 * The differences between published images: CUDA, torch, a slim or a full toolkit, an older NIXL.
 */
const published: Base[] = [
  base('vllm', 'v0.21.0', 'plain', vllm21),
  base('vllm', 'v0.10.2', 'plain', {
    ENGINE: 'vllm',
    VERSION: '0.10.2',
    CUDA: '12.8',
    TORCH: '2.8.0',
    ...devel,
  }),
  base('sglang', 'v0.5.11', 'plain', {
    ENGINE: 'sglang',
    VERSION: '0.5.11',
    CUDA: '13.0',
    TORCH: '2.11.0',
    ...devel,
  }),
  base('sglang', 'v0.5.5.post3', 'with-nixl', {
    ...{ ENGINE: 'sglang', VERSION: '0.5.5.post3', CUDA: '12.9', TORCH: '2.9.0', NIXL: 'nixl==0.7.0' },
    ...devel,
  }),
]

/**
 * Later versions of vLLM: the second model runner by default, without the first one, with a
 * required NIXL.
 */
const later: Base[] = [
  newer('second-runner', 'plain', '0.29.0', '2.13.0'),
  newer('without-v1', 'without-v1', '0.29.0', '2.13.0'),
  newer('demanding', 'plain', '0.33.0', '2.14.0'),
]

/** Variants of vLLM 0.21.0, each with one feature that a base may have. */
const variants: Base[] = [
  variant('venv', 'plain', { PYTHON: 'venv-python' }),
  variant('not-root', 'not-root'),
  variant('with-nixl', 'with-nixl', { ...slimWithTools, NIXL: 'nixl==0.8.0 nixl-cu12==0.8.0' }),
  variant('with-both-nixl', 'with-nixl', {
    ...slimWithTools,
    NIXL: 'nixl==1.5.0 nixl-cu12==1.5.0 nixl-cu13==1.5.0',
  }),
  variant('with-libucx', 'with-libucx'),
  ...notAsMeasured.map((name) => variant(name, name, slimWithTools)),
  variant(
    'zstd',
    'one-layer',
    {},
    'compression=zstd,compression-level=1,force-compression=true,oci-mediatypes=true',
  ),
  variant(
    'zstd-docker-types',
    'one-layer',
    {},
    'compression=zstd,compression-level=1,force-compression=true,oci-mediatypes=false',
  ),
]

export const bases: readonly Base[] = [...published, ...variants, ...later]

/** Returns the action's input `base-registry` for the bases of a variant. */
export function baseRegistry(registry: string, name: string): string {
  return name === '' ? `${registry}/stand-in` : `${registry}/stand-in/${name}`
}

function base(engine: 'vllm' | 'sglang', tag: string, target: Base['target'], args: Base['arguments']): Base {
  const repository = engine === 'vllm' ? 'vllm/vllm-openai' : 'lmsysorg/sglang'
  return { variant: '', repository, tag, target, arguments: args }
}

function variant(name: string, target: Base['target'], more: Base['arguments'] = {}, output?: string): Base {
  const made = { ...base('vllm', 'v0.21.0', target, { ...vllm21, ...more }), variant: name }
  return output === undefined ? made : { ...made, output }
}

function newer(name: string, target: Base['target'], version: string, torch: string): Base {
  const args = { ENGINE: 'vllm', VERSION: version, CUDA: '13.0', TORCH: torch, ...slimWithTools }
  return { ...base('vllm', `v${version}`, target, args), variant: name }
}
