import { execFile } from 'node:child_process'
import type { RunCredentialHelper } from './credentials.ts'

/**
 * Runs the credential helpers of this machine.
 * @param env the environment that they are found and run in
 * @param timeout milliseconds after which a helper (it may want to ask a person) is ended
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
      // A helper that ends without reading is no reason to crash: its exit code tells.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(server)
    })
}
