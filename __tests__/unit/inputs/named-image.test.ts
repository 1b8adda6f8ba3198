import { describe, expect, it } from '@jest/globals'
import { inputsOf } from '../../support/machine.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

const digest = `sha256:${'a'.repeat(64)}`
const staged = `build-${'b'.repeat(64)}-amd64`
const vllm = { registry: 'docker.io', path: 'aibrix/vllm-openai' }
const cache = { registry: 'docker.io', path: 'aibrix/image-cache' }

const read = (image: string, more: Record<string, string> = {}) =>
  inputsOf({ command: 'tag', tags: 'stable', image, ...more })

describe('the image of command: tag', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['v0.10.2-20251123', {}, { reference: 'v0.10.2-20251123', repository: undefined }],
    ['20251123', {}, { reference: '20251123', repository: undefined }],
    [digest, {}, { reference: digest, repository: undefined }],
    ['aibrix/vllm-openai:stable', {}, { reference: 'stable', repository: vllm }],
    [`docker.io/aibrix/vllm-openai@${digest}`, {}, { reference: digest, repository: vllm }],
    [`aibrix/vllm-openai:stable@${digest}`, {}, { reference: digest, repository: vllm }],
    [`aibrix/image-cache:${staged}`, {}, { reference: staged, repository: cache }],
    [`aibrix/image-cache@${digest}`, {}, { reference: digest, repository: cache }],
    [
      `ghcr.io/me/cache:${staged}`,
      { 'cache-repository': 'ghcr.io/me/cache' },
      { reference: staged, repository: { registry: 'ghcr.io', path: 'me/cache' } },
    ],
    [
      'localhost:5000/me/sglang:x',
      { registry: 'localhost:5000', namespace: 'me', engine: 'sglang' },
      { reference: 'x', repository: { registry: 'localhost:5000', path: 'me/sglang' } },
    ],
  ])('%s with %j', (image, more, expected) => {
    expect(read(image, more).command).toEqual({ kind: 'tag', image: expected })
  })

  it.each<[string, Record<string, string>, string]>([
    ['', {}, 'image: the input is empty; use the tag or digest of a published image, or a full reference'],
    ['0.1', {}, 'image: "0.1", which YAML also makes of an unquoted 0.10, is not allowed'],
    ['sha256:abc', {}, 'image: "sha256:abc" is not allowed; use an image of docker.io/aibrix/vllm-openai,'],
    ['aibrix/vllm-openai', {}, 'image: "aibrix/vllm-openai" is not allowed; use the tag or digest'],
    ['a b', {}, 'image: "a b" is not allowed; use the tag or digest'],
    [
      'vllm/vllm-openai:v0.10.2',
      {},
      'use an image of docker.io/aibrix/vllm-openai, docker.io/aibrix/sglang or docker.io/aibrix/image-cache.',
    ],
    [
      'aibrix/sglang:x',
      { engine: 'vllm' },
      'use an image of docker.io/aibrix/vllm-openai or docker.io/aibrix/image-cache.',
    ],
    [
      'aibrix/image-cache:candidate-x',
      {},
      'image: "aibrix/image-cache:candidate-x" is not allowed; use a tag build-… or a digest in docker.io/aibrix/image-cache.',
    ],
    ['x', { push: 'false' }, 'push: "false" is not allowed; use true with command: tag'],
    ['x', { tags: '' }, 'tags: the input is empty'],
    [
      'x',
      { tags: actionDefaults().tags ?? '' },
      'is not allowed; use the tags that the image gets, such as stable, with command: tag.',
    ],
    ['x', { command: 'run' }, 'image: "x" is not allowed; use it only with command: tag or verify.'],
  ])('%j with %j is refused', (image, more, sentence) => {
    expect(() => read(image, more)).toThrow(sentence)
  })

  it('reports all mistakes together', () => {
    const given = { push: 'false', 'overwrite-tags': 'latest', tags: 'stable\n{{nothing}}', engine: 'tgi' }
    const sentences = ['push: ', 'image: ', 'tags: ', 'overwrite-tags: ', 'engine: ']
    for (const sentence of sentences)
      expect(() => read('a b', given)).toThrow(new RegExp(`^${sentence}`, 'm'))
  })
})
