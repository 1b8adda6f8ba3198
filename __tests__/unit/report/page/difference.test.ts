import { describe, expect, it } from '@jest/globals'
import { fewImages } from '../../../../script/page-samples.ts'
import type { ListedImage, ListedPlatform } from '../../../../src/inventory/inventory.ts'
import { pageDataOf } from '../../../support/page-data.ts'
import { compareImages, type Comparison } from '../../../../src/report/page/view/difference.ts'

/** Compares the first image, for two platforms, with itself after a change. */
function compareWith(change: (changed: ListedImage) => void): Comparison[] {
  const inventory = fewImages()
  const [first] = inventory.images
  if (first === undefined) throw new Error('There are no images.')
  const changed = structuredClone(first)
  change(changed)
  const { images, packages } = pageDataOf({ ...inventory, images: [first, changed] })
  const [left, right] = images
  return left && right ? compareImages(left, right, packages) : []
}

function changeEach(changes: Partial<ListedPlatform>): Comparison[] {
  return compareWith(({ platforms }) => platforms.forEach((platform) => Object.assign(platform, changes)))
}

describe('the difference of two images', () => {
  it('is empty for the same image, on each platform', () => {
    expect(compareWith(() => undefined)).toEqual([
      { title: 'linux/amd64', facts: [], packages: [] },
      { title: 'linux/arm64', facts: [], packages: [] },
    ])
  })

  it.each<[string, Partial<ListedPlatform>, string[]]>([
    [
      'a component',
      { components: { engine: '9.9' } },
      ['Components Engine v0.23.0 → v9.9', 'Components Torch 2.8.0 → none'],
    ],
    ['conditions', { conditions: [] }, ['Checks Conditions VLLM_USE_V2_MODEL_RUNNER=0 → none']],
    ['a waiver', { waivers: [{ gate: 'torch', reason: 'known' }] }, ['Checks Waived: torch none → known']],
    ['a variable', { environment: { A: '1' } }, ['Environment A none → 1']],
    ['the size', { totalBytes: 5 }, ['→ 5 B']],
    ['the base', { base: null }, ['Base Base digest', 'Base State Current → none']],
    ['the driver', { minimumDriver: '580.65' }, ['Base Minimum driver 525.60.13 → 580.65']],
  ])('names %s', (_, changes, expected) => {
    const [{ facts } = { facts: [] }] = changeEach(changes)
    const lines = facts.map(
      ({ group, name, left = 'none', right = 'none' }) => `${group} ${name} ${left} → ${right}`,
    )
    for (const part of expected)
      expect(lines).toEqual(expect.arrayContaining([expect.stringContaining(part)]))
  })

  it('does not name what always differs', () => {
    expect(changeEach({ digest: `sha256:${'1'.repeat(64)}`, buildId: 'other' })[0]?.facts).toEqual([])
  })

  it('names packages that are added, removed or of another version', () => {
    const [comparison] = compareWith(({ platforms }) => {
      for (const { addedPackages } of platforms) {
        addedPackages?.shift()
        addedPackages?.push({ from: 'dpkg', name: 'zlib1g', version: '1.3' })
        for (const added of addedPackages ?? []) if (added.name === 'redis') added.version = '9.9'
      }
    })
    expect(comparison?.packages).toEqual([
      { group: 'pip', name: 'aibrix_kvcache', left: '0.7.0', right: undefined },
      { group: 'pip', name: 'redis', left: '7.1.0', right: '9.9' },
      { group: 'dpkg', name: 'zlib1g', left: undefined, right: '1.3' },
    ])
  })

  it('has no packages if one of the two has no report', () => {
    expect(changeEach({ addedPackages: null })[0]?.packages).toBeNull()
  })

  it('is of the platforms that both have', () => {
    const comparisons = compareWith((image) => image.platforms.pop())
    expect(comparisons.map(({ title }) => title)).toEqual(['linux/amd64'])
  })

  it('is of two platforms if the images have none in common', () => {
    const comparisons = compareWith((image) => {
      image.platforms = image.platforms.slice(0, 1)
      for (const platform of image.platforms) platform.platform = 'linux/riscv64'
    })
    expect(comparisons.map(({ title }) => title)).toEqual(['linux/amd64 and linux/riscv64'])
  })

  it('is empty without platforms', () => {
    expect(compareWith((image) => (image.platforms = []))).toEqual([])
  })
})
