import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { commonLabels } from '../../../src/promote/labels.ts'

const nixl = { 'io.aibrix.image.nixl': '0.7.1' }
const title = { 'org.opencontainers.image.title': 'vLLM' }
const buildId = (id: string) => ({ 'io.aibrix.image.build-id': id })

describe('the annotations of an index', () => {
  it.each<[string, Record<string, string>[], Record<string, string>]>([
    ['none without an image', [], {}],
    ['all of one image', [{ ...title, ...nixl, ...buildId('a') }], { ...buildId('a'), ...nixl, ...title }],
    [
      'labels of both with the same value',
      [
        { ...nixl, ...buildId('a') },
        { ...buildId('b'), ...nixl },
      ],
      nixl,
    ],
    ['no label of the first one alone', [{ ...title, ...nixl }, nixl], nixl],
    ['no label of the second one alone', [nixl, { ...title, ...nixl }], nixl],
    [
      'no label of others',
      [
        { maintainer: 'x', ...nixl },
        { maintainer: 'x', ...nixl },
      ],
      nixl,
    ],
    [
      'no label that only resembles ours',
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
      'no empty label',
      [{ ...nixl, 'io.aibrix.image.waived': '', 'org.opencontainers.image.licenses': '' }],
      nixl,
    ],
  ])('are %s', (_, labels, expected) => {
    expect(commonLabels(labels)).toEqual(expected)
  })

  it('are the same bytes for images and labels in any order', () => {
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
