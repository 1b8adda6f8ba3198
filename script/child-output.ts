import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** Waits for a process. @returns its exit code, and what it printed on both outputs */
export async function outputOf(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
): Promise<{ code: number | null; output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((done, fail) =>
    child.once('error', fail).once('close', (ended) => {
      done(ended)
    }),
  )
  return { code, output }
}
