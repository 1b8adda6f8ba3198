import { describe, expect, it } from '@jest/globals'
import { metadataOf } from '../../../src/buildkit/metadata.ts'
import type { ProcessExit } from '../../../src/system/process.ts'

const digest = `sha256:${'a'.repeat(64)}`
const code = (value: number): ProcessExit => ({ kind: 'code', code: value })
/** As buildx 0.13 with the docker driver and the containerd store writes it */
const written = JSON.stringify({
  'buildx.build.ref': 'default/default/vasyaif846vua0hixctna5f74',
  'containerimage.config.digest': digest,
  'containerimage.descriptor': { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 856 },
  'containerimage.digest': digest,
  'image.name': '127.0.0.1:5000/t/bx:1',
})

describe('the end of a build', () => {
  it('is a success with exit code 0 and a digest', () => {
    expect(metadataOf(code(0), written)).toEqual({
      digest,
      configDigest: digest,
      descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 856 },
      reference: 'default/default/vasyaif846vua0hixctna5f74',
    })
  })

  it.each<[string, ProcessExit, string | undefined, string]>([
    ['a failure', code(1), written, 'buildx ended with exit code 1.'],
    ['a silent kill', code(137), undefined, 'buildx was killed (exit code 137) in the middle of the build.'],
    [
      'a signal',
      { kind: 'signal', signal: 'SIGKILL' },
      undefined,
      'buildx was killed by SIGKILL in the middle of the build.',
    ],
    [
      'no file',
      code(0),
      undefined,
      'buildx ended without an error but left no digest of an image; the image does not count as built.',
    ],
    ['an empty file', code(0), ' ', 'left no digest'],
    ['a file without a digest', code(0), '{}', 'left no digest'],
    ['an invalid digest', code(0), '{"containerimage.digest":"sha256:x"}', 'left no digest'],
    ['a truncated file', code(0), written.slice(0, 40), 'its metadata file is truncated'],
  ])('%s is an error', (_, exit, content, message) => {
    expect(() => metadataOf(exit, content)).toThrow(message)
  })
})
