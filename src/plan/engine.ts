/** How the engines differ for the action. All else is in their Dockerfiles. */
export const engines = {
  vllm: {
    title: 'vLLM',
    baseRepository: 'vllm/vllm-openai',
    source: 'https://github.com/vllm-project/vllm',
    publicName: 'vllm-openai',
    dockerfile: 'Dockerfile.vllm',
    versionArgument: 'VLLM_VERSION',
  },
  sglang: {
    title: 'SGLang',
    baseRepository: 'lmsysorg/sglang',
    source: 'https://github.com/sgl-project/sglang',
    publicName: 'sglang',
    dockerfile: 'Dockerfile.sglang',
    versionArgument: 'SGLANG_VERSION',
  },
} as const

export type Engine = keyof typeof engines

export const engineNames = Object.keys(engines) as Engine[]
