import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { listen } from '../support/listen.ts'
import { useStandIns, withProgram } from '../support/stand-in-inputs.ts'
import { type Printed, runInTerminal, runProgram } from '../support/terminal.ts'

const minutes = 60_000
const world = useStandIns()
const canary = 'canary-terminal-81d3'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'terminal-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** One image of one engine */
const wanted = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'nixl-version': '0.7.1' }

/** Runs a command on the stand-ins. TMPDIR is a folder of this test. */
function run(
  command: string,
  args: string[] = [],
  more: Record<string, string> = {},
  environment = {},
): Promise<Printed> {
  const { 'package-index': index, ...inputs } = world().inputs({ ...wanted, ...more })
  return runInTerminal(
    [command, '--username', 'robot', '--password-stdin', ...args],
    { ...inputs, 'package-index': index ?? '' },
    {
      input: `${canary}\n`,
      environment: { TMPDIR: folder, ...environment },
    },
  )
}

/** Commands for a runner, and the password */
function forNobody({ stdout, stderr }: Printed): string[] {
  return `${stdout}${stderr}`.split('\n').filter((line) => /^::|##\[/.test(line) || line.includes(canary))
}

it(
  'plans, runs and lists as on a runner, and shows it to people',
  async () => {
    const plan = await run('plan', ['--json'])
    expect(plan.stderr).toContain('📋 Plan for 1 image: 1 leg to build')
    expect(plan.code).toBe(0)
    const outputs = JSON.parse(plan.stdout) as Record<string, unknown>
    expect(outputs).toMatchObject({
      plan: expect.stringMatching(/image-cache:plan-[0-9a-f]{64}$/) as unknown,
      matrix: { include: [{ engine: 'vllm', version: 'v0.21.0', platform: 'linux/amd64' }] },
      changed: 'true',
    })
    expect(plan.stderr).toContain(String(outputs['summary-path']))

    const built = await run('run')
    expect(built.stderr).not.toContain('error:')
    expect(built.code).toBe(0)
    expect(built.stdout).toContain('✅ vLLM v0.21.0 published')
    expect(built.stdout).toMatch(/^Component +vLLM Image\n─+ {2}─+\nEngine version +v0\.21\.0\n/m)
    expect(
      built.stdout.split('\n').filter((line) => stringWidth(line) > 80 && !line.startsWith('  ')),
    ).toEqual([])
    // What programs print in a step is in the log file only.
    expect(built.stderr).toMatch(/^▸ vllm v0\.21\.0: measure the base$/m)
    expect(built.stderr).not.toMatch(/^\[[^\]]+\] (?!RUN |image-action:)/m)
    const logs = /^logs-path +(.*)$/m.exec(built.stderr)?.[1] ?? ''
    expect(readdirSync(logs)).toHaveLength(1)

    const list = await run('list', [], { where: 'nixl=0.7.1' }, { FORCE_COLOR: '1', COLUMNS: '120' })
    expect(list.code).toBe(0)
    expect(list.stdout).toContain('\u001b[1m')
    expect(stripVTControlCharacters(list.stdout)).toMatch(/^Image +Built +Engine /m)

    for (const printed of [plan, built, list]) expect(forNobody(printed)).toEqual([])
    // Neither credentials nor what stood for the runner's files is left.
    const left = readdirSync(folder)
    expect(left.filter((name) => name.startsWith('image-action-terminal-'))).toEqual([])
    for (const name of left.filter((entry) => entry.startsWith('image-action-')))
      expect(readdirSync(join(folder, name))).not.toContain('private')
  },
  5 * minutes,
)

describe('exit codes', () => {
  it('2: options and inputs that are wrong are reported together, before anything happens', async () => {
    const { code, stdout, stderr } = await run('plan', ['--vresions', 'latest', '--json', '--retries=many'], {
      engine: 'vlm',
    })
    expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toEqual([
      'error: There is no option --vresions; use --versions.',
      expect.stringMatching(/^error: engine: /),
      'error: retries: "many" is not allowed; use a whole number from 0 to 10.',
    ])
    expect(stderr).toContain('image-action plan --help')
    expect([code, stdout]).toEqual([2, ''])
  })

  it('130: the second Ctrl-C ends a run whose programs do not end, and removes its credentials', async () => {
    const own = mkdtempSync(join(folder, 'twice-'))
    const programs = mkdtempSync(join(folder, 'git-'))
    const PATH = withProgram(programs, 'git', `#!/bin/sh\ntrap '' INT\ntouch ${own}/asked\nsleep 20\n`)
    const start = performance.now()
    const { code, stderr } = await runInTerminal(['plan', '--no-push'], world().inputs(wanted), {
      environment: { TMPDIR: own, PATH },
      started: (child) => {
        const timer = setInterval(() => {
          if (!readdirSync(own).includes('asked')) return
          clearInterval(timer)
          child.kill('SIGINT')
          setTimeout(() => child.kill('SIGINT'), 300)
        }, 50)
      },
    })
    expect(stderr).toContain('Ctrl-C again stops at once')
    expect(code).toBe(130)
    expect(performance.now() - start).toBeLessThan(15_000)
    expect(
      readdirSync(own, { recursive: true }).filter((name) => /private|terminal/.test(String(name))),
    ).toEqual([])
  })

  it('1: a run that failed, whose outputs are printed all the same', async () => {
    const { code, stdout, stderr } = await runInTerminal(['plan', '--json', '--no-push'], {
      ...world().inputs({ ...wanted, 'base-registry': '127.0.0.1:9', retries: '0' }),
    })
    expect(stderr).toMatch(/^error: .*127\.0\.0\.1:9/m)
    expect(JSON.parse(stdout)).toHaveProperty('logs-path')
    expect(code).toBe(1)
  })

  it('2: the environment is wrong: no place for files, no standard input, no configuration', async () => {
    const nowhere = await runProgram('bin/image-action', ['history', '--bogus'], {
      environment: { TMPDIR: '/nowhere' },
    })
    expect(nowhere).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringMatching(
        /^error: There is no option --bogus; .*\nerror: The folder for temporary files cannot be used: .*; set TMPDIR to another one\.\n$/,
      ) as unknown,
    })
    const script = 'bin/image-action plan --username me --password-stdin < /'
    const unreadable = await runProgram('bash', ['-c', script])
    expect(unreadable.stderr).toMatch(
      /^error: Standard input cannot be read \(EISDIR.*\); pipe the value into --password-stdin\.$/m,
    )
    expect(unreadable.code).toBe(2)
    const DOCKER_CONFIG = mkdtempSync(join(folder, 'docker-'))
    writeFileSync(join(DOCKER_CONFIG, 'config.json'), '{')
    const misconfigured = await runProgram('bin/image-action', ['history'], {
      environment: { DOCKER_CONFIG },
    })
    expect(misconfigured.stderr).toMatch(
      /^error: Docker's configuration .* is not JSON; repair or remove it\.$/m,
    )
    expect(misconfigured.code).toBe(2)
  })

  it.each([
    [
      'v18.20.4',
      /^error: image-action needs Node 24 or later, and node on the PATH is v18\.20\.4; install a newer one/,
    ],
    [undefined, /^error: image-action needs Node 24 or later, and there is no node on the PATH; install it/],
  ])('2: the Node on the PATH is %s', async (version, sentence) => {
    const programs = mkdtempSync(join(folder, 'node-'))
    for (const name of ['dirname', 'readlink']) symlinkSync(`/usr/bin/${name}`, join(programs, name))
    if (version !== undefined) withProgram(programs, 'node', `#!/bin/sh\necho ${version}\n`)
    const { code, stderr } = await runProgram('/bin/sh', ['bin/image-action', 'plan'], {
      environment: { PATH: programs },
    })
    expect(stderr).toMatch(sentence)
    expect(code).toBe(2)
  })
})

describe('cancelling', () => {
  let silent: { host: string; close: () => Promise<void> }
  beforeAll(async () => {
    // Never answers.
    silent = await listen(createServer(() => undefined))
  })
  afterAll(() => silent.close())

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s cancels as on a runner, with the exit code %d', async (signal, expected) => {
    const own = mkdtempSync(join(folder, 'cancelled-'))
    const hasBegun = () => readdirSync(own).some((name) => !name.includes('terminal'))
    const { code, stderr } = await runInTerminal(
      ['plan', '--no-push'],
      world().inputs({ ...wanted, 'base-registry': silent.host }),
      {
        environment: { TMPDIR: own },
        started: (child) => {
          const timer = setInterval(() => {
            if (!hasBegun()) return
            clearInterval(timer)
            // It may be about to send its first request.
            setTimeout(() => child.kill(signal), 300)
          }, 50)
        },
      },
    )
    expect(stderr).toMatch(/^error: .*cancelled\.$/m)
    expect(code).toBe(expected)
    expect(
      readdirSync(own, { recursive: true }).filter((name) => /private|terminal/.test(String(name))),
    ).toEqual([])
  })
})

describe('the program itself', () => {
  it('has the descriptions of action.yml in its help', async () => {
    const { code, stdout, stderr } = await runProgram('bin/image-action', ['plan', '--help'])
    expect(stdout).toMatch(/^What is built\n {2}--engine <value> +vllm, sglang, or both/m)
    expect([code, stderr]).toEqual([0, ''])
  })

  it('shows its help without arguments, and its version, also through a link', async () => {
    const link = join(folder, 'linked')
    symlinkSync(resolve('bin/image-action'), link)
    expect((await runProgram(link, [])).stdout).toContain('Usage: image-action <command> [options]')
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await runProgram(link, ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('is started by a relative path wherever CDPATH leads', async () => {
    const { code, stderr } = await runProgram('bin/image-action', ['--version'], {
      environment: { CDPATH: '/usr' },
    })
    expect([code, stderr]).toEqual([0, ''])
  })

  it('completes in bash', async () => {
    const script = `source <(bin/image-action completion bash)
      complete -p image-action
      COMP_WORDS=(bin/image-action plan --int) COMP_CWORD=2
      _image_action
      echo "$COMPREPLY"`
    expect((await runProgram('bash', ['--norc', '-c', script])).stdout).toBe(
      'complete -F _image_action image-action\n--integration\n',
    )
  })

  it('needs nobody who reads to the end', async () => {
    const { code, stdout, stderr } = await runProgram('bash', [
      '-c',
      'set -o pipefail; bin/image-action run --help | head -n 1',
    ])
    expect(stdout).toBe('image-action run: plan, build and promote\n')
    expect([code, stderr]).toEqual([0, ''])
  })

  it('fits a real terminal, with its colours, unless NO_COLOR is set', async () => {
    const inTerminal = (environment: NodeJS.ProcessEnv) =>
      runProgram('script', ['-qec', 'stty cols 60; bin/image-action history', '/dev/null'], {
        environment: { TERM: 'xterm-256color', TMPDIR: folder, ...environment },
      })
    const [coloured, plain] = [await inTerminal({}), await inTerminal({ NO_COLOR: '1' })]
    expect(coloured.code).toBe(0)
    expect(coloured.stdout).toContain('\u001b[1mCompatibility Matrix')
    expect(plain.stdout).toContain('Compatibility Matrix')
    expect(plain.stdout).not.toContain('\u001b[1m')
    const lines = stripVTControlCharacters(coloured.stdout).split(/\r?\n/)
    expect(lines.filter((line) => stringWidth(line) > 60 && !/^ {2}|-path/.test(line))).toEqual([])
    expect(lines.filter((line) => line.includes('Compatibility Matrix'))).toHaveLength(1)
  })
})

it('the documentation has every option of the terminal and every exit code', () => {
  const text = readFileSync('docs/terminal.md', 'utf8')
  for (const part of [
    '--json',
    '--details',
    '--verbose',
    '--help',
    '--version',
    '| 0 ',
    '| 1 ',
    '| 2 ',
    '| 130 ',
    '| 143 ',
  ])
    expect(text).toContain(part)
})
