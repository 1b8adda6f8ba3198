/**
 * How the engines differ for the action. All else is in their Dockerfiles. `zstd`: the second tag that
 * upstream gives a version, whose layers are compressed with zstd.
 */
export const engines = {
  vllm: {
    title: 'vLLM',
    baseRepository: 'vllm/vllm-openai',
    source: 'https://github.com/vllm-project/vllm',
    publicName: 'vllm-openai',
    dockerfile: 'Dockerfile.vllm',
    versionArgument: 'VLLM_VERSION',
    // vLLM's own release images since v0.31.0
    zstd: { platform: 'linux/amd64', suffix: '-x86_64-zstd' },
  },
  sglang: {
    title: 'SGLang',
    baseRepository: 'lmsysorg/sglang',
    source: 'https://github.com/sgl-project/sglang',
    publicName: 'sglang',
    dockerfile: 'Dockerfile.sglang',
    versionArgument: 'SGLANG_VERSION',
    zstd: undefined,
  },
} as const

export type Engine = keyof typeof engines

export const engineNames = Object.keys(engines) as Engine[]
