import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { inputsOf } from '../../support/machine.ts'

const read = (environment: string) => inputsOf({ environment }).plan.environment

function complaints(environment: string, more: Record<string, string> = {}): string[] {
  try {
    inputsOf({ environment, ...more })
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('variables of the image', () => {
  it('are none by default', () => {
    expect(inputsOf().plan.environment).toEqual({})
  })

  it.each<[string, Record<string, string>]>([
    ['VLLM_USE_V2_MODEL_RUNNER=0', { VLLM_USE_V2_MODEL_RUNNER: '0' }],
    ['A=1\n\n  B = two  words \r\nA=1', { A: '1', B: 'two  words' }],
    ['EMPTY=', { EMPTY: '' }],
    [`A='$HOME' "\${PATH}" \\n ;#=x`, { A: `'$HOME' "\${PATH}" \\n ;#=x` }],
    ['__proto__=1', Object.fromEntries([['__proto__', '1']])],
    ['A=a\tb ü 🚀', { A: 'a\tb ü 🚀' }],
    ['TOKENIZERS_PARALLELISM=false', { TOKENIZERS_PARALLELISM: 'false' }],
    ['SGLANG_PER_TOKEN_GROUP_QUANT_8BIT_V2=1', { SGLANG_PER_TOKEN_GROUP_QUANT_8BIT_V2: '1' }],
    ['MAX_TOKENS=131072', { MAX_TOKENS: '131072' }],
    ['HF_TOKEN_PATH=/run/secrets/hf', { HF_TOKEN_PATH: '/run/secrets/hf' }],
    ['VLLM_ARGS=--max-num-batched-tokens 8192', { VLLM_ARGS: '--max-num-batched-tokens 8192' }],
    ['UCX_TLS=rc,cuda', { UCX_TLS: 'rc,cuda' }],
    ['NCCL_IB_HCA==mlx5_0:1,mlx5_1:1', { NCCL_IB_HCA: '=mlx5_0:1,mlx5_1:1' }],
    ['URL=redis://cache.example:6379/0', { URL: 'redis://cache.example:6379/0' }],
    ['KEYBOARD=de', { KEYBOARD: 'de' }],
    ['AUTHOR=me', { AUTHOR: 'me' }],
  ])('are read from %j', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    ['PATH=/x', 'which decides which programs are found'],
    ['Path=/x', 'which decides which programs are found'],
    ['PYTHONPATH=/x', 'what code an interpreter runs'],
    ['PYTHONNOUSERSITE=1', 'what code an interpreter runs'],
    ['PYTHON=3', 'what code an interpreter runs'],
    ['VIRTUAL_ENV=/opt/venv', 'what code an interpreter runs'],
    ['LD_PRELOAD=/x.so', 'which libraries are loaded'],
    ['LD_LIBRARY_PATH=/x', 'which libraries are loaded'],
    ['BASH_ENV=/x', 'changes what a shell does'],
    ['ENV=/x', 'changes what a shell does'],
    ['PIP_PYTHON=/x', 'what pip and dpkg report as installed'],
    ['DPKG_ADMINDIR=/x', 'what pip and dpkg report as installed'],
    ['HOME=/x', 'set by the user and the machine'],
    ['USER=x', 'set by the user and the machine'],
    ['PWD=/x', 'set by the user and the machine'],
    ['HOSTNAME=x', 'set by the user and the machine'],
    ...['HTTP_PROXY', 'https_proxy', 'No_Proxy', 'ALL_PROXY', 'ftp_proxy'].map((name) => [
      `${name}=http://proxy.example:3128`,
      'describes the network of one machine',
    ]),
    ['BASE_USER=me', 'which the Dockerfiles use themselves'],
    ['BASE_ENTRYPOINT=[]', 'which the Dockerfiles use themselves'],
    ['NIXL_VERSION=1', 'which the Dockerfiles use themselves'],
  ])('cannot be %s', (text, why) => {
    const [name = ''] = text.split('=')
    expect(complaints(`A=1\n\n${text}`)).toEqual([
      expect.stringMatching(`^environment: line 3 \\(${name}\\), .*${why}.*, is not allowed; use variables`),
    ])
  })

  it.each([
    'HF_TOKEN=canary',
    'GITHUBTOKEN=canary',
    'hf_tokens=canary',
    'AWS_SECRET_ACCESS_KEY=canary',
    'AWS_ACCESS_KEY_ID=canary',
    'OPENAI_API_KEY=canary',
    'VLLM_APIKEY=canary',
    'PGPASSWORD=canary',
    'MYSQL_PWD=canary',
    'SSH_KEY=canary',
    'REDIS_AUTH=canary',
    'GOOGLE_CREDENTIALS=canary',
    'INDEX=https://me:canary@packages.example/simple',
    'INDEX=https://packages.example/simple?private_token=canary',
    'OPTIONS=--api-key canary --port 8000',
    'OPTIONS=--port 8000 --hf-token=canary',
    'OPTIONS={"password": "canary"}',
    'HEADER=Authorization: Bearer canary-canary',
    'X=hf_canarycanarycanarycanary',
    'X=ghp_canarycanarycanarycanary0123456789',
    'X=AKIACANARYCANARYCANA',
    'X=eyJcanarycanary.eyJcanarycanary.sig',
    'X=-----BEGIN RSA PRIVATE KEY----- canary',
  ])('cannot be secrets, which are not shown: %s', (text) => {
    const [name = ''] = text.split('=')
    const found = complaints(text)
    expect(found).toEqual([
      `environment: line 1 (${name}), which looks like a secret (not shown), is not allowed; use a variable without secrets, since everybody with the image can read it; give this one to the container.`,
    ])
  })

  it.each<[string, Record<string, string>]>([
    ['a build secret', { secrets: 'mine=correct-horse' }],
    ['the password', { username: 'me', password: 'correct-horse' }],
    ['the token', { 'github-token': 'correct-horse' }],
    ['the password of the index', { 'package-index': 'https://me:correct-horse@packages.example/simple' }],
    ['the password of a proxy', { 'build-args': 'HTTP_PROXY=http://me:correct-horse@proxy.example:3128' }],
  ])('cannot hold %s, alone or within a text', (_, given) => {
    for (const value of [
      'correct-horse',
      'x correct-horse y',
      Buffer.from('correct-horse').toString('base64'),
    ]) {
      const found = complaints(`A=1\nB=${value}`, given)
      expect(found).toEqual([
        expect.stringMatching(
          /^environment: line 2 \(B\), which holds a secret of another input \(not shown\), /,
        ),
      ])
      expect(found.join()).not.toContain('horse')
    }
  })

  it.each([
    ['NOTHING', 'line 1 (not shown)'],
    ['=x', 'line 1 (not shown)'],
    ['1A=x', 'line 1 (not shown)'],
    ['A-B=x', 'line 1 (not shown)'],
    ['A B=x', 'line 1 (not shown)'],
    ['Ä=x', 'line 1 (not shown)'],
    ['export A=x', 'line 1 (not shown)'],
    ['A=x\rB=y', 'line 1 (A), whose value has a control or invisible character,'],
    ['A=x\0y', 'line 1 (A), whose value has a control or invisible character,'],
    ['A=x\u001by', 'line 1 (A), whose value has a control or invisible character,'],
    ['A=x\u2028y', 'line 1 (A), whose value has a control or invisible character,'],
    ['A=x\u202ey', 'line 1 (A), whose value has a control or invisible character,'],
    [`A=${'x'.repeat(4097)}`, 'line 1 (A), whose value has 4097 characters,'],
    ['A=1\nB=1\nA=2', 'line 3 (A) again, with another value,'],
  ])('are refused by line: %j', (text, expected) => {
    const found = complaints(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`environment: ${expected} is not allowed; use `)
  })

  it('are all refused together, with other inputs', () => {
    const found = complaints('PATH=/x\nA\nHF_TOKEN=canary\nB=1\nB=2', { date: 'x' })
    expect(found.map((line) => /^\S+(?: line \d)?/.exec(line)?.[0]).sort()).toEqual([
      'date:',
      ...[1, 2, 3, 5].map((number) => `environment: line ${number}`),
    ])
    expect(found.join()).not.toContain('canary')
  })
})
