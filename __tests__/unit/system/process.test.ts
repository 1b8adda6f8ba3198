import { describe, expect, it, jest } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { type ProcessOptions, runProcess } from '../../../src/system/process.ts'
import { UserError } from '../../../src/errors.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

const options = (more: Partial<ProcessOptions> = {}): ProcessOptions => ({
  environment: process.env,
  signal: new AbortController().signal,
  killAfter: 200,
  ...more,
})

const shell = (script: string, more: Partial<ProcessOptions> = {}) =>
  runProcess('sh', ['-c', script], options(more))

async function running(text: string): Promise<boolean> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (command.replaceAll('\0', ' ').trim() === text) return true
  }
  return false
}

/** A killed process needs a moment to end, and longer on a busy machine; half of its own sleep. */
async function gone(text: string): Promise<boolean> {
  for (const end = Date.now() + 35_000; Date.now() < end;) {
    if (!(await running(text))) return true
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return false
}

describe('running a command', () => {
  it('returns exit code and both outputs', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({
      exit: { kind: 'code', code: 3 },
      endedBy: 'itself',
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('returns the signal that ended it', async () => {
    expect((await shell('kill -KILL $$')).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  })

  it('passes on input, and chunks to handlers', async () => {
    const chunks: string[] = []
    const result = await shell('cat', {
      input: 'hello',
      onStdout: (chunk) => chunks.push(chunk.toString('utf8')),
    })
    expect(chunks.join('')).toBe('hello')
    expect(result.stdout).toBe('')
  })

  it('accepts a command that ignores its input', async () => {
    expect((await shell('exit 0', { input: 'x'.repeat(1_000_000) })).exit).toEqual({ kind: 'code', code: 0 })
  })

  it('returns a long output completely', async () => {
    const { stdout, stderr } = await shell(
      'head -c 6000000 /dev/zero; echo end; (head -c 5000000 /dev/zero; echo error) >&2',
    )
    expect([stdout.length, stdout.slice(-4)]).toEqual([6_000_004, 'end\n'])
    expect([stderr.length, stderr.slice(-6)]).toEqual([5_000_006, 'error\n'])
  })

  it.each(['>&1', '>&2'])('ends a command that prints more than the limit: %s', async (where) => {
    const failure = shell(`yes ${where}; sleep 71.9`, { outputLimit: 100_000 })
    await expect(failure).rejects.toThrow(UserError)
    await expect(failure).rejects.toThrow('sh printed more than 100000 bytes and was ended.')
    expect(await gone('sleep 71.9')).toBe(true)
  })

  it('has no limit for handlers', async () => {
    let size = 0
    await shell('head -c 300000 /dev/zero', {
      outputLimit: 1000,
      onStdout: (chunk) => (size += chunk.length),
    })
    expect(size).toBe(300_000)
  })

  it.each([
    ['is missing', 'image-action-nothing', ['a'], 'image-action-nothing was not found on PATH'],
    ['is not executable', '/etc/passwd', [], 'cannot be started'],
    ['has an argument that is too long', 'true', ['x'.repeat(200_000)], 'longer than 128 KiB'],
  ])('throws one sentence if the command %s', async (_, command, args, message) => {
    const failure = runProcess(command, args, options())
    await expect(failure).rejects.toThrow(UserError)
    await expect(failure).rejects.toThrow(message)
  })

  it('stops the command after an error of a handler, and throws that error', async () => {
    const failure = shell('echo x; exec sleep 71.1', {
      onStdout: () => {
        throw new Error('no room')
      },
    })
    await expect(failure).rejects.toThrow('no room')
    expect(await gone('sleep 71.1')).toBe(true)
  })
})

describe('ending a command', () => {
  it.each([
    ['that obeys SIGINT', 'sleep 71.2', '71.2'],
    ['that does not', 'trap "" INT; sleep 71.3', '71.3'],
    ['with a child that does not', 'sh -c \'trap "" INT; sleep 71.4\'; true', '71.4'],
  ])('%s ends all its children', async (_, script, seconds) => {
    const controller = new AbortController()
    const result = shell(`echo started; ${script}`, {
      signal: controller.signal,
      onStdout: () => {
        controller.abort()
      },
    })
    expect((await result).endedBy).toBe('abort')
    expect(await gone(`sleep ${seconds}`)).toBe(true)
  })

  it('before its start starts nothing', async () => {
    const result = await runProcess('image-action-nothing', [], options({ signal: AbortSignal.abort() }))
    expect(result.endedBy).toBe('abort')
  })

  it('by a time-out is reported', async () => {
    expect((await shell('sleep 71.5', { timeout: 50 })).endedBy).toBe('timeout')
    expect(await gone('sleep 71.5')).toBe(true)
  })

  it('does not wait for ever for leftover children', async () => {
    const result = await shell('sleep 71.6 & kill -KILL $$')
    expect(result).toMatchObject({ exit: { kind: 'signal', signal: 'SIGKILL' }, endedBy: 'itself' })
    expect(await gone('sleep 71.6')).toBe(true)
  })
})
