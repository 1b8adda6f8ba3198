import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { commonLabels } from '../../../src/promote/labels.ts'

const nixl = { 'io.aibrix.image.nixl': '0.7.1' }
const title = { 'org.opencontainers.image.title': 'vLLM' }
const buildId = (id: string) => ({ 'io.aibrix.image.build-id': id })

describe('the annotations of an index', () => {
  it.each<[string, Record<string, string>[], Record<string, string>]>([
    ['none of no image', [], {}],
    ['all of one image', [{ ...title, ...nixl, ...buildId('a') }], { ...buildId('a'), ...nixl, ...title }],
    [
      'what two have with the same value',
      [
        { ...nixl, ...buildId('a') },
        { ...buildId('b'), ...nixl },
      ],
      nixl,
    ],
    ['nothing that the first one alone has', [{ ...title, ...nixl }, nixl], nixl],
    ['nothing that the second one alone has', [nixl, { ...title, ...nixl }], nixl],
    [
      'nothing that others than we wrote',
      [
        { maintainer: 'x', ...nixl },
        { maintainer: 'x', ...nixl },
      ],
      nixl,
    ],
    [
      'nothing that only looks like ours',
      [{ 'x.io.aibrix.image.a': '1', 'io-aibrix-image-a': '1', 'io.aibrix.imagery': '1' }],
      {},
    ],
    [
      'the gates that were waived for any platform',
      [
        { ...nixl, 'io.aibrix.image.waived': 'pip-check=a; b' },
        { ...nixl, 'io.aibrix.image.waived': 'pip-check=a; b; ucx-tools=c' },
        nixl,
      ],
      { ...nixl, 'io.aibrix.image.waived': 'pip-check=a; b; ucx-tools=c' },
    ],
    [
      'the conditions of any platform',
      [
        { ...nixl, 'io.aibrix.image.conditions': 'B=0' },
        { ...nixl, 'io.aibrix.image.conditions': 'A=1; B=0' },
        nixl,
      ],
      { ...nixl, 'io.aibrix.image.conditions': 'A=1; B=0' },
    ],
    [
      'nothing that is set to nothing',
      [{ ...nixl, 'io.aibrix.image.waived': '', 'org.opencontainers.image.licenses': '' }],
      nixl,
    ],
  ])('are %s', (_, labels, expected) => {
    expect(commonLabels(labels)).toEqual(expected)
  })

  it('are the same bytes in whatever order images and labels come', () => {
    const names = fc.constantFrom('io.aibrix.image.a', 'io.aibrix.image.b', 'org.opencontainers.image.c', 'd')
    const labels = fc.dictionary(names, fc.constantFrom('1', '2'))
    fc.assert(
      fc.property(fc.array(labels, { minLength: 1, maxLength: 4 }), (images) => {
        const turned = images.toReversed().map((each) => Object.fromEntries(Object.entries(each).reverse()))
        expect(JSON.stringify(commonLabels(turned))).toBe(JSON.stringify(commonLabels(images)))
      }),
    )
  })
})
