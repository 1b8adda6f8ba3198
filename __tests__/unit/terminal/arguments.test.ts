import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readDefinition } from '../../../script/action-definition.ts'
import { inputNames } from '../../../src/inputs/names.ts'
import { readArguments } from '../../../src/terminal/arguments.ts'
import { inputsOf } from '../../../src/terminal/definition.ts'
import { kindOf, secretInputs, settings, stdinOption } from '../../../src/terminal/kinds.ts'

const definition = readDefinition()
const read = (...args: string[]) => readArguments(args, definition)
const inputsIn = (...args: string[]) => Object.fromEntries(read(...args).inputs)

const secret = 'canary-5f1c'

describe('inputs', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['a value is the next argument', ['--engine', 'vllm'], { engine: 'vllm' }],
    ['a value is behind =', ['--engine=vllm'], { engine: 'vllm' }],
    ['a value may contain =', ['--build-args=A=b=c'], { 'build-args': 'A=b=c' }],
    ['a value may be empty', ['--tags=', '--date', ''], { tags: '', date: '' }],
    ['a value may begin with - behind =', ['--where=-x'], { where: '-x' }],
    ['a value may begin with one -', ['--where', '-x'], { where: '-x' }],
    [
      'a value may be like short options',
      ['--where', '-x-y=z', '--force'],
      { where: '-x-y=z', force: 'true' },
    ],
    ['a value may have lines', ['--versions', 'vllm: v1\nsglang: v2'], { versions: 'vllm: v1\nsglang: v2' }],
    ['options that are repeated are lines', ['--tags', 'a', '--tags=b', '--tags', 'c'], { tags: 'a\nb\nc' }],
    ['a flag alone is true', ['--force', '--push'], { force: 'true', push: 'true' }],
    ['a flag with no- is false', ['--no-push', '--no-fail-fast'], { push: 'false', 'fail-fast': 'false' }],
    [
      'a flag has a value behind =',
      ['--push=auto', '--sbom=generator=x'],
      { push: 'auto', sbom: 'generator=x' },
    ],
    [
      'a flag takes false and auto',
      ['--push', 'false', '--force', 'false'],
      { push: 'false', force: 'false' },
    ],
    ['a flag before the command takes no word', ['--force', 'run'], { force: 'true' }],
    ['a flag that has a value takes no word', ['--push=auto', 'run'], { push: 'auto' }],
    ['the command is no input here', ['plan', '--engine', 'vllm'], { engine: 'vllm' }],
  ])('%s', (_, args, inputs) => {
    const { problems, inputs: found } = read('plan', ...args.filter((arg) => arg !== 'run' && arg !== 'plan'))
    expect(Object.fromEntries(found)).toEqual(inputs)
    expect(problems).toEqual([])
    expect(inputsIn(...args)).toEqual(inputs)
  })

  it('every input of action.yml is an option, secrets from standard input', () => {
    expect(inputsOf(definition).map(({ name }) => name)).toEqual(inputNames)
    for (const input of inputsOf(definition)) {
      const { name } = input
      if (kindOf(input) === 'secret')
        expect(read('run', `--${stdinOption(name)}`)).toMatchObject({ stdin: [name], problems: [] })
      else
        expect(read('run', `--${name}=run`)).toMatchObject({ inputs: new Map([[name, 'run']]), problems: [] })
    }
  })

  it('each secret is an input, and no option of the terminal has the name of one', () => {
    expect(inputNames).toEqual(expect.arrayContaining([...secretInputs]))
    const own = [...Object.keys(settings), ...secretInputs.map(stdinOption)]
    expect(own.filter((name) => (inputNames as readonly string[]).includes(name))).toEqual([])
  })
})

describe('commands', () => {
  it.each<[string[], string | undefined, string | undefined]>([
    [['plan'], 'plan', undefined],
    [['--engine', 'vllm', 'plan'], 'plan', undefined],
    [['--json', 'list'], 'list', undefined],
    [['--no-push', 'run'], 'run', undefined],
    [['--command', 'plan'], 'plan', undefined],
    [['plan', '--command=plan'], 'plan', undefined],
    [['help'], 'help', undefined],
    [['help', 'plan'], 'help', 'plan'],
    [['completion', 'zsh'], 'completion', 'zsh'],
    [['-h'], undefined, undefined],
    [['--version'], undefined, undefined],
  ])('%j', (args, command, topic) => {
    expect(read(...args)).toMatchObject({ command, topic, problems: [] })
  })
})

describe('mistakes', () => {
  const all = 'run, plan, build, promote, list, tag, verify, prune, history, help or completion'

  it.each<[string[], string[]]>([
    [['plan', '--vresions', 'latest'], ['There is no option --vresions; use --versions.']],
    [['plan', '--versions-x=latest'], ['There is no option --versions-x; use --versions.']],
    [['plan', '--no-engine'], ['There is no option --no-engine; use --engine.']],
    [['plan', '--pasword', secret], ['There is no option --pasword; use --password-stdin.']],
    [['plan', `--pasword=${secret}`], ['There is no option --pasword; use --password-stdin.']],
    [['plan', '--nothing-like-it', secret], ['There is no option --nothing-like-it; remove it.']],
    [['plan', '-versions', 'latest'], ['There is no option -versions; use --versions.']],
    [['plan', '-x'], ['There is no option -x; remove it.']],
    [
      ['plan', '-dry-run', '--bogus', '--json=1'],
      [
        'There is no option -d… (not shown); remove it.',
        'There is no option --bogus; remove it.',
        '--json takes no value; remove it.',
      ],
    ],
    [['plan', '-p', secret], ['There is no option -p; remove it.']],
    [['plan', `-p${secret}`], ['There is no option -p… (not shown); remove it.']],
    [['plan', '--engine'], ['--engine needs a value.']],
    [
      ['plan', '--engine', '--push'],
      ['--engine needs a value; if it begins with "--", write --engine=<value>.'],
    ],
    [['plan', '--json=yes'], ['--json takes no value; remove it.']],
    [['plan', `--password-stdin=${secret}`], ['--password-stdin takes no value; remove it.']],
    [['plan', '--no-push', 'true'], ['The word after --no-push is not its value; write --push=<value>.']],
    [['plan', '--no-push=true'], ['--no-push takes no value; write --push=<value>.']],
    [
      ['plan', '--overwrite-tags', 'stable'],
      ['The word after --overwrite-tags is not its value; write --overwrite-tags=<value>.'],
    ],
    [['--version', 'latest'], ['The word after --version is not its value; use --versions.']],
    [
      ['plan', '--password-stdin', secret],
      [
        'The word after --password-stdin is no option (not shown); options begin with --, and a value with blanks needs quotes.',
      ],
    ],
    [
      ['plan', 'vllm'],
      [
        'There is a word that is no option (not shown); options begin with --, and a value with blanks needs quotes.',
      ],
    ],
    [['plna'], ['There is no command "plna"; use plan.']],
    [[secret], [`The first word is no command (not shown); use ${all}.`]],
    [
      ['--password-stdin', secret],
      [
        'The word after --password-stdin is no option (not shown); options begin with --, and a value with blanks needs quotes.',
      ],
    ],
    [['--no-push'], [`There is no command; use ${all}.`]],
    [
      ['plan', '--command', 'list'],
      ['The command is given twice, as plan and in --command; use one of them.'],
    ],
    [
      ['plan', '--password-stdin', '--github-token-stdin'],
      [
        'Standard input can hold only one of password, github-token; give the others by environment variables such as INPUT_PASSWORD.',
      ],
    ],
    [
      ['plan', '--password', secret],
      [
        '--password is a secret, and every process on this machine can read arguments; pipe it into --password-stdin, or set the environment variable INPUT_PASSWORD.',
      ],
    ],
    [
      ['plan', `--github-token=${secret}`],
      [
        '--github-token is a secret, and every process on this machine can read arguments; pipe it into --github-token-stdin, or set the environment variable INPUT_GITHUB_TOKEN.',
      ],
    ],
    [
      ['plan', '--package-index', `https://user:${secret}@host/simple`],
      [
        '--package-index contains a password (not shown), and every process on this machine can read arguments; set the environment variable INPUT_PACKAGE_INDEX instead.',
      ],
    ],
    [
      ['pln', '--vresions', 'x', '--engine', '--bogus=1', '--bogus=2', '-q'],
      [
        'There is no option --vresions; use --versions.',
        '--engine needs a value; if it begins with "--", write --engine=<value>.',
        'There is no option --bogus; remove it.',
        'There is no option -q; remove it.',
        'There is no command "pln"; use plan.',
      ],
    ],
  ])('%j', (args, problems) => {
    expect(read(...args).problems).toEqual(problems)
    expect(problems.join()).not.toContain(secret)
  })

  it('a name that a terminal would act on is shown harmlessly, and short', () => {
    const [problem = ''] = read('plan', `--\u001b[31m${'x'.repeat(500)}`).problems
    expect(problem).toMatch(/^There is no option -- \[31mx+…; remove it\.$/)
    expect(problem.length).toBeLessThan(100)
  })
})

describe('hostile arguments', () => {
  const names = [
    ...inputNames,
    ...Object.keys(settings),
    'no-push',
    'password-stdin',
    '__proto__',
    'constructor',
  ]
  const argument = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...names).map((name) => `--${name}`),
    fc.tuple(fc.constantFrom(...names), fc.string()).map(([name, value]) => `--${name}=${value}`),
    fc.constantFrom(
      '--',
      '-',
      '',
      '=',
      '--=',
      '--no-',
      '-stdin',
      'plan',
      'help',
      'true',
      '--toString',
      'constructor',
    ),
  )

  it('end in inputs and sentences, and never show a value', () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), (args) => {
        const { inputs, problems, settings: set, stdin } = read(...args)
        for (const name of [...inputs.keys(), ...stdin]) expect(inputNames).toContain(name)
        for (const name of set) expect(Object.keys(settings)).toContain(name)
        for (const problem of problems) {
          expect(problem).toMatch(/\.$/)
          // eslint-disable-next-line no-control-regex
          expect(problem).not.toMatch(/[\u0000-\u001f\u007f]/)
        }
      }),
    )
  })

  it('a secret behind a short option is in no sentence about the word after it', () => {
    const { problems } = read('plan', `-p${secret}`, 'help')
    expect(problems.join('\n')).not.toContain(secret)
    expect(problems).toContainEqual(expect.stringContaining('There is a word that is no option (not shown)'))
  })

  it('a secret is in no sentence, wherever it is and whatever is around it', () => {
    fc.assert(
      fc.property(
        fc.array(argument, { maxLength: 5 }),
        fc.array(argument, { maxLength: 5 }),
        (before, after) => {
          for (const word of [
            secret,
            `-p${secret}`,
            `--password=${secret}`,
            `--registry=https://u:${secret}@host`,
          ])
            expect(read(...before, word, ...after).problems.join('\n')).not.toContain(secret)
        },
      ),
    )
  })
})
