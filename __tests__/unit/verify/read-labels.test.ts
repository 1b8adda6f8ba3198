import { describe, expect, it } from '@jest/globals'
import { determinantsLabel } from '../../../src/plan/keys/build-id.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { readLabels } from '../../../src/verify/read-labels.ts'
import { conditionalFacts } from '../../support/reports.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

const leg = makeLeg({ buildId: 'a'.repeat(64) })
const labels = labelsOf(leg, makeFacts(), new Map())

describe('the labels of an image', () => {
  it('have what was written into them', () => {
    const waived = new Map([
      ['second-libucp', 'nothing loads it; see #12'],
      ['extension', 'x=y'],
    ] as const)
    const written = labelsOf(leg, conditionalFacts(leg), waived)
    expect(readLabels(written)).toMatchObject({
      engine: 'vllm',
      buildId: 'a'.repeat(64),
      components: { engine: '0.21.0', nixl: '0.7.1', ucx: '1.19.0' },
      conditions: ['VLLM_USE_V2_MODEL_RUNNER=0'],
      waivers: [
        { gate: 'second-libucp', reason: 'nothing loads it; see #12' },
        { gate: 'extension', reason: 'x=y' },
      ],
    })
  })

  it('name all components that were measured', () => {
    const { components } = readLabels(labels) ?? {}
    expect(Object.keys(components ?? {})).toEqual([
      ...['engine', 'torch', 'cuda', 'python', 'aibrix', 'nixl', 'ucx'],
    ])
  })

  it.each([
    ['without labels', {}],
    ['of another engine', { ...labels, 'io.aibrix.image.engine': 'other' }],
    ['without a build id', { ...labels, 'io.aibrix.image.build-id': '' }],
    ['with a strange build id', { ...labels, 'io.aibrix.image.build-id': '../x' }],
  ])('are none of ours on an image %s', (_, some) => {
    expect(readLabels(some)).toBeUndefined()
  })

  it('name the variables that were set in the image, without what may be a password', () => {
    const environment = { VLLM_LOGGING_LEVEL: 'DEBUG', HUB: 'https://name:word@hub.example/x' }
    const written = labelsOf(makeLeg({ ...leg, environment }), makeFacts(), new Map())
    expect(readLabels(written)?.environment).toEqual({
      VLLM_LOGGING_LEVEL: 'DEBUG',
      HUB: expect.stringMatching(/^https:\/\/(?!.*word).*hub\.example\/x$/),
    })
    expect(readLabels({ ...labels, [determinantsLabel]: '{"environment":{"A":1}}' })?.environment).toEqual({})
  })

  it('are clipped, whatever they are', () => {
    const long = 'x'.repeat(100_000)
    const found = readLabels({
      ...labels,
      'io.aibrix.image.nixl': long,
      'io.aibrix.image.conditions': `${long}; `.repeat(30),
      [determinantsLabel]: JSON.stringify({ environment: { [long.slice(0, 9000)]: long.slice(0, 9000) } }),
      'io.aibrix.image.waived': `no-gate=${long}; extension=${long}`,
    })
    expect(JSON.stringify(found).length).toBeLessThan(10_000)
    expect(found?.waivers).toMatchObject([{ gate: 'extension' }])
  })
})
