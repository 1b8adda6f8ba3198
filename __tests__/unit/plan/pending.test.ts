import { describe, expect, it } from '@jest/globals'
import { pendingLegs } from '../../../src/plan/pending.ts'
import type { PlannedImage, Published } from '../../../src/plan/plan.ts'
import { digest, makePlannedImage } from '../../support/reports.ts'

const absent: Published = { kind: 'absent' }
const same: Extract<Published, { kind: 'same' }> = { kind: 'same', digest, tags: [], missingTags: [] }

/** An image for two platforms. @param existing what the cache repository has of each */
function image(published: Published, existing: ['nothing' | 'staged', 'nothing' | 'staged']): PlannedImage {
  const { legs, ...rest } = makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'])
  const [first, second] = legs
  if (!second) throw new Error('there are two')
  const [one, another] = existing
  return {
    ...rest,
    published,
    legs: [
      { ...first, existing: one },
      { ...second, existing: another },
    ],
  }
}

describe('the legs to build', () => {
  it.each<[string, PlannedImage[], string[]]>([
    ['none of nothing', [], []],
    ['all that there is nothing of', [image(absent, ['nothing', 'nothing'])], ['amd64', 'arm64']],
    ['none that is staged', [image(absent, ['staged', 'nothing'])], ['arm64']],
    ['none of an image of which all are', [image(absent, ['staged', 'staged'])], []],
    [
      'none of a published image, whatever the cache repository has',
      [image(same, ['nothing', 'nothing'])],
      [],
    ],
    [
      'none of an image that lacks only a tag',
      [image({ ...same, missingTags: ['v1'] }, ['nothing', 'staged'])],
      [],
    ],
    [
      'those of several images in the order of the plan',
      [
        image(absent, ['nothing', 'staged']),
        image(same, ['nothing', 'nothing']),
        image(absent, ['nothing', 'nothing']),
      ],
      ['amd64', 'amd64', 'arm64'],
    ],
  ])('are %s', (_, images, expected) => {
    expect(pendingLegs({ images }).map(({ architecture }) => architecture)).toEqual(expected)
  })
})
