import { describe, expect, it } from '@jest/globals'
import { actionDefaults } from '../../../script/action-defaults.ts'
import { inputsOf } from '../../support/machine.ts'

const vllm = { registry: 'docker.io', path: 'aibrix/vllm-openai' }
const mirror = { registry: 'ghcr.io', path: 'acme/sglang' }
const dry = { kind: 'prune', apply: false, keepDays: 30, keep: 3, undated: false, publicOnes: [] }

const read = (more: Record<string, string> = {}) => inputsOf({ command: 'prune', ...more })

describe('the inputs of command: prune', () => {
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    // A dry run needs only the right to pull.
    [{ push: 'false' }, {}],
    [{ apply: 'true' }, { apply: true }],
    [{ apply: 'true', registry: 'ghcr.io', 'github-token': 'ghs_0123456789abcdef' }, { apply: true }],
    [{ registry: 'ghcr.io' }, {}],
    [
      { apply: 'yes', undated: 'on' },
      { apply: true, undated: true },
    ],
    [
      { 'keep-days': '1', keep: '0' },
      { keepDays: 1, keep: 0 },
    ],
    [
      { 'keep-days': '3650', keep: '1000' },
      { keepDays: 3650, keep: 1000 },
    ],
    [{ 'prune-public': 'aibrix/vllm-openai' }, { publicOnes: [vllm] }],
    [
      {
        mirrors: 'ghcr.io/acme/sglang',
        'prune-public': 'docker.io/aibrix/vllm-openai\n\n ghcr.io/acme/sglang',
      },
      { publicOnes: [vllm, mirror] },
    ],
    [
      { mirrors: 'ghcr.io/acme/sglang', 'prune-public': 'ghcr.io/acme/sglang; aibrix/vllm-openai' },
      { publicOnes: [mirror, vllm] },
    ],
  ])('%j', (given, expected) => {
    expect(read(given).command).toEqual({ ...dry, ...expected })
  })

  const own = 'use docker.io/aibrix/vllm-openai or docker.io/aibrix/sglang, each once.'
  it.each<[Record<string, string>, string]>([
    [{ apply: 'please' }, 'apply: "please" is not allowed; use true or false.'],
    [
      { apply: 'true', push: 'false' },
      'apply: "true" is not allowed; use false, or true where this run may push: not with push: false or a pull request.',
    ],
    [{ 'keep-days': '0' }, 'keep-days: "0" is not allowed; use a whole number from 1 to 3650.'],
    [{ 'keep-days': '30d' }, 'keep-days: "30d" is not allowed; use a whole number from 1 to 3650.'],
    [{ 'keep-days': '-1' }, 'keep-days: "-1" is not allowed'],
    [{ 'keep-days': '' }, 'keep-days: the input is empty; use a whole number'],
    [{ keep: '-1' }, 'keep: "-1" is not allowed; use a whole number from 0 to 1000.'],
    [{ keep: '1.5' }, 'keep: "1.5" is not allowed'],
    [
      { apply: 'true', registry: 'ghcr.io', 'keep-days': '30d' },
      'github-token: the input is empty; use a token that may delete packages, since GitHub deletes for ghcr.io.',
    ],
    [
      {
        ...{ apply: 'true', mirrors: 'ghcr.io/acme/sglang' },
        'prune-public': 'ghcr.io:443/acme/sglang',
      },
      'github-token: the input is empty',
    ],
    [{ undated: '2' }, 'undated: "2" is not allowed; use true or false.'],
    [{ 'prune-public': 'aibrix/other' }, `prune-public: "docker.io/aibrix/other" is not allowed; ${own}`],
    [
      { 'prune-public': 'aibrix/image-cache' },
      `prune-public: "docker.io/aibrix/image-cache" is not allowed; ${own}`,
    ],
    [
      { 'prune-public': 'aibrix/sglang\ndocker.io/aibrix/sglang' },
      `prune-public: "docker.io/aibrix/sglang" is not allowed; ${own}`,
    ],
    [{ engine: 'vllm', 'prune-public': 'aibrix/sglang' }, 'use docker.io/aibrix/vllm-openai, each once.'],
    [
      { 'prune-public': 'aibrix/vllm-openai:stable' },
      'prune-public: "aibrix/vllm-openai:stable" is not allowed; use a repository such as ghcr.io/acme/vllm-openai, without tag and digest.',
    ],
    [{ 'prune-public': 'true' }, 'prune-public: "docker.io/library/true" is not allowed'],
    [{ 'prune-public': 'A b' }, 'prune-public: "A b" is not allowed; use a repository such as'],
    [{ command: 'run', apply: 'true' }, 'apply: "true" is not allowed; use it only with command: prune.'],
    [
      { command: 'list', 'keep-days': '7' },
      'keep-days: "7" is not allowed; use it only with command: prune.',
    ],
    [{ command: 'tag', keep: '1' }, 'keep: "1" is not allowed; use it only with command: prune.'],
    [
      { command: 'plan', undated: 'true' },
      'undated: "true" is not allowed; use it only with command: prune.',
    ],
    [
      { command: 'run', 'prune-public': 'aibrix/sglang' },
      'prune-public: "aibrix/sglang" is not allowed; use it only with command: prune.',
    ],
    [{ where: 'nixl=1' }, 'where: "nixl=1" is not allowed; use it only with command: list.'],
  ])('%j is refused', (given, sentence) => {
    expect(() => read(given)).toThrow(sentence)
  })

  it('reports all mistakes together', () => {
    const given = { apply: 'maybe', 'keep-days': '0', keep: 'all', undated: 'x', 'prune-public': 'a b' }
    for (const name of Object.keys(given)) expect(() => read(given)).toThrow(new RegExp(`^${name}: `, 'm'))
  })

  it('are accepted with other commands if they have their defaults, which a runner passes on', () => {
    for (const command of ['run', 'plan', 'list', 'history'])
      expect(inputsOf({ command }).command.kind).toBe(command)
    for (const name of ['apply', 'keep-days', 'keep', 'undated', 'prune-public'])
      expect(actionDefaults()).toHaveProperty(name)
  })
})
