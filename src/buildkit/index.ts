export {
  type BuildCall,
  buildxArguments,
  commonArguments,
  compressionOf,
  makesIndex,
  outputArguments,
} from './argv.ts'
export { BuildError, NoBuilder } from './build-error.ts'
export { environmentLines, withEnvironment } from './dockerfile.ts'
export { type Builder, openBuilder } from './engine/builder.ts'
export { checkSpace } from './engine/check-space.ts'
export { dockerConfigFolder, openDockerLogin } from './engine/docker-config.ts'
export type { RunDocker } from './engine/info.ts'
export { layerCacheProblems } from './layer-cache.ts'
export type { BuildOptions } from './options.ts'
export { runBuild } from './session.ts'
export { type Component, components, sourceContexts } from './source-contexts.ts'
export { addSteps, isOptional, repeatedSteps, type Step } from './steps.ts'
export { type Build, tolerateLayers } from './tolerate-layers.ts'
