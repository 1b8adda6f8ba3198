// bin/image-action as a person starts it, for the scripts that show it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

export type TerminalRun = {
  code: number | null
  /** Those that are JSON by action.yml are parsed */
  outputs: Record<string, unknown>
  /** Markdown; empty if there is none */
  summary: string
}

/** Returns inputs as options; each line of an input is an option of its own. */
export function asOptions(inputs: Record<string, string>): string[] {
  return Object.entries(inputs).flatMap(([name, value]) =>
    value
      .split('\n')
      .flatMap((line) => (['true', 'false'].includes(line) ? `--${name}=${line}` : [`--${name}`, line])),
  )
}

/** Returns a command line as a shell reads it. */
function shellLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

/**
 * Prints a command line and runs it in this terminal. Ctrl+C reaches the program, which cleans up;
 * this process waits for that.
 *
 * @param temp folder for logs and other files, which are kept
 */
export async function runInTerminal(
  command: string,
  inputs: Record<string, string>,
  temp: string,
): Promise<TerminalRun> {
  const args = [command, ...asOptions(inputs)]
  console.log(`$ ${shellLine(['bin/image-action', ...args])}\n`)
  const wait = () => {
    process.exitCode = 130
  }
  process.on('SIGINT', wait)
  try {
    mkdirSync(temp, { recursive: true })
    const child = spawn('bin/image-action', [...args, '--json'], {
      env: { ...process.env, RUNNER_TEMP: temp },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [output, [code]] = await Promise.all([
      text(child.stdout),
      once(child, 'close') as Promise<[number | null]>,
    ])
    const outputs = (output === '' ? {} : JSON.parse(output)) as Record<string, unknown>
    const path = outputs['summary-path']
    return {
      code,
      outputs,
      summary: typeof path === 'string' && path !== '' ? readFileSync(path, 'utf8') : '',
    }
  } finally {
    process.off('SIGINT', wait)
  }
}
