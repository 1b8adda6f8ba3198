export { removeBallast } from './ballast.ts'
export { authoritiesForPrograms, readCertificates, trustCertificates } from './certificates.ts'
export { systemTimers, type Timers } from './clock.ts'
export { type FolderContent, type FolderEntry, folderDigest, readFolder } from './folder.ts'
export { createGit, globalConfiguration, type RunGit } from './git.ts'
export { declareImages } from './github/artifacts.ts'
export { attempt } from './github/attempt.ts'
export { inputsOfCaller } from './github/composite.ts'
export { updateRelease } from './github/github-release.ts'
export { createOutput, type Output } from './github/output.ts'
export { remember, remembered } from './github/state.ts'
export { createByteBuffer, createLineSplitter, type LineSplitter } from './lines.ts'
export { writeParts } from './file-parts.ts'
export { type LogFile, openLogFile } from './log-file.ts'
export { createPip, type PipAnswer, type RunPip } from './pip.ts'
export { type ProcessExit, type ProcessResult, runProcess } from './process.ts'
export { environmentForPrograms, withheldFrom, withoutEmpty } from './program-variables.ts'
export { ProgramFailure } from './program.ts'
export { dockerProxySecrets, environmentProxySecrets, refuseToPublishProxies } from './proxies.ts'
export { createRedact, type IsOrdinary, maskedValues, type Redact } from './redact.ts'
export { redirectOf } from './redirect.ts'
export {
  createRetry,
  type KnownErrors,
  type Retried,
  type Retry,
  systemWait,
  type Transience,
  type WithRetries,
} from './retry.ts'
export { passwordsIn, passwordsInAddresses } from './secret-parts.ts'
export { isTransient } from './transient-messages.ts'
export { createWorkspace, removePrivate, type Workspace, writePrivateFile } from './workspace.ts'
export { keepHeapSmall } from './heap.ts'
