import { execFile } from 'node:child_process'
import type { RunCredentialHelper } from './credentials.ts'

/**
 * Runs the credential helpers of this machine.
 * @param env the environment of the helpers, with the PATH to find them
 * @param timeout milliseconds after which a helper, which may prompt a person, is killed
 */
export function credentialHelperRunner(env: NodeJS.ProcessEnv, timeout: number): RunCredentialHelper {
  return (name, server) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        `docker-credential-${name}`,
        ['get'],
        { env, timeout, maxBuffer: 1024 * 1024, killSignal: 'SIGKILL' },
        (error, stdout) => {
          if (error !== null && typeof error.code !== 'number')
            reject(new Error(error.message, { cause: error }))
          else resolve({ exitCode: Number(error?.code ?? 0), stdout })
        },
      )
      // A helper may end without reading its input; its exit code says what happened.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(server)
    })
}
