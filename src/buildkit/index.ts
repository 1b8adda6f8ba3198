export { buildxArguments, commonArguments, compressionOf, outputArguments, producesIndex } from './argv.ts'
export { BuildError, NoBuilder } from './build-error.ts'
export {
  type BuildCall,
  type BuildOptions,
  type CallBuildKit,
  certificatesContext,
  type Component,
  components,
  extraFilesContext,
  sourceContexts,
} from './call.ts'
export { setTimesByContent } from './context-times.ts'
export { environmentLines, withEnvironment, withoutAbsentSecrets } from './dockerfile.ts'
export { type Builder, openBuilder } from './engine/builder.ts'
export { checkSpace } from './engine/check-space.ts'
export { dockerConfigFolder, dockerEnvironment } from './engine/docker-config.ts'
export type { RunDocker } from './engine/info.ts'
export { slowSecretsNotice } from './engine/slow-secrets.ts'
export { layerCacheProblems, tolerateMissingLayers } from './layer-cache.ts'
export { runBuild } from './session.ts'
export { addSteps, isOptional, repeatedSteps, type Step } from './steps.ts'
