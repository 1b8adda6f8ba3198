import { describe, expect, it } from '@jest/globals'
import { judgeBase, judgeFacts } from '../../../src/verify/judge.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

type Inside = { cuda?: string | null; machine?: string; distribution?: string; platform?: string }

/** @param inside what differs from torch for CUDA 13.0 on Debian 12, linux/amd64 */
function worldOf(tag: string, inside: Inside) {
  const leg = makeLeg({ platform: inside.platform ?? 'linux/amd64' })
  leg.base.tag = tag
  const facts = makeFacts()
  for (const some of [facts.base, facts.image]) {
    some.system.machine = inside.machine ?? some.system.machine
    some.system.distribution = inside.distribution ?? some.system.distribution
    if (some.torch && inside.cuda !== undefined) some.torch.cuda = inside.cuda
  }
  return { leg, facts }
}

/** The gate, for the base alone and for the finished image. */
function judge(tag: string, inside: Inside = {}) {
  const { leg, facts } = worldOf(tag, inside)
  const [ofBase, ofImage] = [judgeBase(leg, facts.base), judgeFacts(leg, facts)].map((gates) =>
    gates.find(({ name }) => name === 'engine-version'),
  )
  expect(ofBase).toEqual(ofImage)
  return ofImage
}

describe('a base of base-image', () => {
  const given = (version: string, changes: { tag?: string } = {}) => {
    const leg = makeLeg({ version: { tag: `v${version}`, release: version } })
    Object.assign(leg.base, { given: 'ghcr.io/acme/vllm:v1', tag: changes.tag ?? `v${version}` })
    return judgeFacts(leg, makeFacts()).find(({ name }) => name === 'engine-version')
  }

  it('is compared with the version that is asked for, whatever its own tag says', () => {
    expect(given('0.21.0')?.state).toBe('pass')
    expect(given('0.21.1')).toMatchObject({
      state: 'fail',
      hint: 'The base ghcr.io/acme/vllm:v1 contains another version than versions says; set versions to v0.21.0, or choose another base-image.',
    })
  })

  it('is compared with what the version claims', () => {
    expect(given('0.21.0', { tag: 'v0.21.0-cu129' })).toMatchObject({
      state: 'fail',
      hint: expect.stringMatching(
        /^versions says cu129, but the base ghcr\.io\/acme\/vllm:v1 is torch for CUDA 13\.0/,
      ),
    })
  })
})

const arm = { platform: 'linux/arm64', machine: 'aarch64' }

describe('the tag of a base', () => {
  it.each<[string, Inside]>([
    ['v0.21.0', {}],
    ['v0.21.0-cu130', {}],
    ['v0.21.0-cu13', {}],
    ['v0.21.0-cu129', { cuda: '12.9' }],
    ['v0.21.0-cu129', { cuda: '12.9.1' }],
    ['v0.21.0-x86_64', {}],
    ['v0.21.0-amd64', { platform: 'linux/amd64/v3' }],
    ['v0.21.0-aarch64', arm],
    ['v0.21.0-arm64', { ...arm, platform: 'linux/arm64/v8' }],
    ['v0.21.0-arm64', { ...arm, machine: 'unknown' }],
    ['v0.21.0-debian12', {}],
    ['v0.21.0-ubuntu2404', { distribution: 'ubuntu 24.04' }],
    ['v0.21.0-ubuntu24.04', { distribution: 'ubuntu 24.04' }],
    ['v0.21.0-ubuntu24', { distribution: 'ubuntu 24.04' }],
    ['v0.21.0-ubi9', { distribution: 'rhel 9.4' }],
    ['v0.21.0-cu130-x86_64-debian12-efa-zstd-post1', {}],
    ['v0.21.0_cu130', {}],
    ['v0.21.0-acme-cuda-13.0_debian-12', {}],
    ['v0.21.0-runtime', { distribution: 'unknown', machine: 'unknown' }],
  ])('%s is true for %j', (tag, inside) => {
    expect(judge(tag, inside)?.state).toBe('pass')
  })

  it.each<[string, Inside, string, string]>([
    ['v0.21.0-cu129', {}, 'cu129', 'torch for CUDA 13.0'],
    ['v0.21.0-cu12', {}, 'cu12', 'torch for CUDA 13.0'],
    ['v0.21.0-cu131', {}, 'cu131', 'torch for CUDA 13.0'],
    ['v0.21.0-cu129', { cuda: '13' }, 'cu129', 'torch for CUDA 13'],
    ['v0.21.0-cu130-cu129', {}, 'cu129', 'torch for CUDA 13.0'],
    ['v0.21.0-acme-cu129', {}, 'cu129', 'torch for CUDA 13.0'],
    ['v0.21.0_cu129', {}, 'cu129', 'torch for CUDA 13.0'],
    ['v0.21.0-cuda-12.9', {}, 'cuda-12.9', 'torch for CUDA 13.0'],
    ['v0.21.0-acme_arm64', {}, 'arm64', 'an image for linux/amd64'],
    ['v0.21.0-acme-ubuntu-22.04', {}, 'ubuntu-22.04', 'debian 12'],
    ['v0.21.0-aarch64', {}, 'aarch64', 'an image for linux/amd64'],
    ['v0.21.0-amd64', arm, 'amd64', 'an image for linux/arm64'],
    ['v0.21.0-x86_64', { machine: 'aarch64' }, 'x86_64', 'programs for aarch64'],
    ['v0.21.0-ubuntu2404', { distribution: 'ubuntu 22.04' }, 'ubuntu2404', 'ubuntu 22.04'],
    ['v0.21.0-ubuntu22.04', {}, 'ubuntu22.04', 'debian 12'],
    ['v0.21.0-ubuntu2', { distribution: 'ubuntu 22.04' }, 'ubuntu2', 'ubuntu 22.04'],
    ['v0.21.0-ubuntu2404', { distribution: 'debian' }, 'ubuntu2404', 'debian'],
    ['v0.21.0-debian12', { distribution: 'debian 13' }, 'debian12', 'debian 13'],
    ['v0.21.0-cu130-x86_64-ubuntu2404-zstd', {}, 'ubuntu2404', 'debian 12'],
  ])('%s is wrong for %j', (tag, inside, part, found) => {
    expect(judge(tag, inside)).toMatchObject({
      state: 'fail',
      hint: `The tag of the base vllm/vllm-openai:${tag} says ${part}, but behind it is ${found}; choose another version, report it to the maker of that image, or accept it with allow-failed: engine-version=<why>.`,
      expected: expect.stringContaining(part),
      actual: `vllm 0.21.0, ${found}`,
    })
  })

  it.each<[string, Inside, string]>([
    ['v0.21.0-cu130', { cuda: '13' }, 'says cu130, and its torch only says CUDA 13'],
    [
      'v0.21.0-debian12',
      { distribution: 'debian' },
      'says debian12, and its os-release says debian without a VERSION_ID',
    ],
    ['v0.21.0-debian12.5', {}, 'says debian12.5, and its os-release only says debian 12'],
    [
      'v0.21.0-ubuntu2404',
      { distribution: 'unknown' },
      'says ubuntu2404, and it has no os-release that names its distribution',
    ],
    [
      'v0.21.0-ubuntu2404',
      { distribution: '24.04' },
      'says ubuntu2404, and it has no os-release that names its distribution',
    ],
  ])('%s is undetermined for %j', (tag, inside, why) => {
    expect(judge(tag, inside)).toMatchObject({ state: 'undetermined', hint: expect.stringContaining(why) })
  })

  it('follows from the gates that report that there is no CUDA to compare with', () => {
    const without = worldOf('v0.21.0-cu130', { cuda: null })
    expect(judgeFacts(without.leg, without.facts)[0]).toMatchObject({ state: 'follows', from: 'cuda-major' })
    without.facts.base.torch = null
    expect(judgeFacts(without.leg, without.facts)[0]).toMatchObject({
      state: 'follows',
      from: 'torch-untouched',
    })
  })

  it('is not compared with the image, where a build step may be at fault', () => {
    const { leg, facts } = worldOf('v0.21.0-cu130', {})
    if (facts.image.torch) facts.image.torch.cuda = '12.9'
    facts.image.system.distribution = 'ubuntu 24.04'
    expect(judgeFacts(leg, facts)[0]?.state).toBe('pass')
  })
})
