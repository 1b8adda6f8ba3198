/** What the two engines differ in, as far as the action is concerned. Everything else is in their Dockerfiles. */
export const engines = {
  vllm: {
    title: 'vLLM',
    baseRepository: 'vllm/vllm-openai',
    publicName: 'vllm-openai',
    dockerfile: 'Dockerfile.vllm',
    versionArgument: 'VLLM_VERSION',
  },
  sglang: {
    title: 'SGLang',
    baseRepository: 'lmsysorg/sglang',
    publicName: 'sglang',
    dockerfile: 'Dockerfile.sglang',
    versionArgument: 'SGLANG_VERSION',
  },
} as const

export type Engine = keyof typeof engines

export const engineNames = Object.keys(engines) as Engine[]
