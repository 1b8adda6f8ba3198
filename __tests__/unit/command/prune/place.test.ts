import { expect, it } from '@jest/globals'
import { heldBecause, type Held, hold } from '../../../../src/command/prune/place.ts'
import { contentOf, digestFor } from '../../../support/prune-content.ts'

const content = contentOf({
  top: { tags: ['v1-20250101'], kind: 'image', parts: ['index'] },
  index: { parts: ['image'] },
  image: {},
  report: {},
})

it.each([
  ['itself', 'image', 'image'],
  ['an index that holds it', 'top', 'image'],
  ['what an index that stays names', 'image', 'top'],
])('what stays after all keeps %s, at any depth', (_, asked, named) => {
  const held: Held = new Map()
  hold(digestFor(named), 'it was signed', content, held)
  expect(heldBecause({ digest: digestFor(asked), neededBy: [] }, content, held)).toBe('it was signed')
  expect(heldBecause({ digest: digestFor('report'), neededBy: [] }, content, held)).toBeUndefined()
})
