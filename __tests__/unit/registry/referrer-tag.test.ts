import { describe, expect, it } from '@jest/globals'
import { digestOf, referrerTag, referrerTagSubject } from '../../../src/registry/index.ts'

const digest = digestOf(Buffer.from('an image'))
const hex = digest.slice('sha256:'.length)

describe('The tags of what refers to an image', () => {
  it.each<[string, string | undefined]>([
    [`sha256-${hex}`, digest],
    [`sha256-${hex}.sig`, digest],
    [`sha256-${hex}.att`, digest],
    [`sha256-${hex}.sbom`, digest],
    [`sha256-${hex}.0a1b2c3d.json`, digest],
    [`sha256-${hex}-latest`, digest],
    [`sha256-${hex.slice(1)}`, undefined],
    [`sha256-${hex}0`, undefined],
    [`sha256-${hex.toUpperCase()}`, undefined],
    [`sha512-${hex}${hex}`, undefined],
    [`v1-sha256-${hex}`, undefined],
    ['sha256-stable', undefined],
    ['v0.20.2-aibrix-v0.5.0-20251201', undefined],
  ])('%s is about %s', (tag, subject) => {
    expect(referrerTagSubject(tag)).toBe(subject)
  })

  it('are read as they are written', () => {
    expect(referrerTagSubject(referrerTag(digest))).toBe(digest)
  })
})
