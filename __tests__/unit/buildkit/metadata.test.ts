import { describe, expect, it } from '@jest/globals'
import { describeExit, digestIn } from '../../../src/buildkit/metadata.ts'

const digest = `sha256:${'a'.repeat(64)}`
/** As buildx 0.13 with the docker driver and the containerd store writes it */
const written = JSON.stringify({
  'buildx.build.ref': 'default/default/vasyaif846vua0hixctna5f74',
  'containerimage.config.digest': digest,
  'containerimage.descriptor': { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 856 },
  'containerimage.digest': digest,
  'image.name': '127.0.0.1:5000/t/bx:1',
})

describe('the metadata of a build', () => {
  it('has the digest', () => {
    expect(digestIn(written)).toBe(digest)
  })

  it.each<[string, string | undefined, string]>([
    [
      'no file',
      undefined,
      'buildx ended without an error but left no digest of an image; the image does not count as built.',
    ],
    ['an empty file', ' ', 'left no digest'],
    ['a file without a digest', '{}', 'left no digest'],
    ['an invalid digest', '{"containerimage.digest":"sha256:x"}', 'left no digest'],
    ['a truncated file', written.slice(0, 40), 'its metadata file is truncated'],
  ])('is an error with %s', (_, content, message) => {
    expect(() => digestIn(content)).toThrow(message)
  })
})

it.each([
  [{ kind: 'code', code: 0 }, undefined],
  [{ kind: 'code', code: 1 }, 'buildx ended with exit code 1'],
  [{ kind: 'code', code: 137 }, 'buildx was killed (exit code 137) in the middle of the build'],
  [{ kind: 'signal', signal: 'SIGKILL' }, 'buildx was killed by SIGKILL in the middle of the build'],
] as const)('the exit %j is %s', (exit, expected) => {
  expect(describeExit(exit)).toBe(expected)
})
