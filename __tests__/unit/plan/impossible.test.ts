import type { PlanWorld } from '../../../src/plan/world.ts'
import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { request, selectors, world } from '../../support/plan-world.ts'

const vllm = (versions: string) => [{ engine: 'vllm' as const, versions: selectors('engine', versions) }]
const amd64 = { 'linux/amd64': {} }

describe('what is known to be impossible', () => {
  const range = request({ engines: vllm('>=0.9 <0.12') })

  it('is left out of a range, with the reason', async () => {
    const plan = await makePlan(range, world())
    expect(plan.images.map(({ version }) => version.tag)).toEqual(['v0.10.2', 'v0.9.1'])
    expect(plan.excluded).toMatchObject([{ version: 'v0.11.0', platform: 'linux/amd64' }])
    expect(plan.excluded[0]?.reason).toMatch(/patch/)
  })

  it('is an error for a named version', async () => {
    await expect(makePlan(request({ engines: vllm('v0.11.0') }), world())).rejects.toThrow(
      /vLLM v0\.11\.0 with AIBrix v0\.5\.0 and NIXL \S+ can't be built for linux\/amd64: .*; choose another aibrix-version or integration: none, or set force: true to try\.$/,
    )
  })

  it('is an error if nothing of a range is left', async () => {
    await expect(makePlan(request({ engines: vllm('~0.11') }), world())).rejects.toThrow("can't be built")
  })

  it('is built with force', async () => {
    const plan = await makePlan(request({ engines: vllm('v0.11.0'), force: true }), world())
    expect(plan.images[0]?.legs[0].feasibility).toBe('forced')
  })

  it('is determined from the facts that an earlier run stored', async () => {
    const storedFacts = () => Promise.resolve({ source: 'measured', python: '3.13' } as const)
    await expect(makePlan(request(), world({}, { storedFacts }))).rejects.toThrow('3.13')
  })

  it.each<[string, Partial<PlanWorld>, string]>([
    [
      'the index does not answer for one of two bases',
      {
        nixl: {
          versions: ({ cuda }) =>
            Promise.resolve(
              cuda === '13.0'
                ? {
                    state: 'no-pip',
                    reason: "pip can't say: the package index does not answer (503 Server Error)",
                  }
                : { state: 'known', versions: ['0.7.0', '0.7.1'] },
            ),
        },
      },
      "nixl-version: pip can't say: the package index does not answer (503 Server Error); give an exact version such as 0.7.1.",
    ],
    [
      'the index refuses, with what to check',
      {
        nixl: {
          versions: () =>
            Promise.resolve({
              state: 'no-pip',
              reason: "pip can't say: index.example answers 401; check package-index",
            }),
        },
      },
      "nixl-version: pip can't say: index.example answers 401; check package-index, or give an exact version such as 0.7.1.",
    ],
    [
      'there is no pip at all',
      { nixl: { versions: () => Promise.resolve({ state: 'no-pip', reason: 'python3 has no pip' }) } },
      'nixl-version: python3 has no pip; give an exact version such as 0.7.1.',
    ],
    [
      'the cache repository fails at the facts of one of two bases',
      {
        storedFacts: ({ tag }) =>
          tag === 'v0.20.0'
            ? Promise.reject(new UserError('registry docker.io failed at facts-1: 500.'))
            : Promise.resolve(undefined),
      },
      'registry docker.io failed at facts-1: 500.',
    ],
  ])('does not include what could not be determined: %s', async (_, changes, sentence) => {
    const asked = { engines: vllm('0.10.2 - 0.20.0'), nixl: selectors('nixl', '~0.7') }
    const images = { 'vllm/vllm-openai:v0.20.0': amd64 }
    await expect(makePlan(request(asked), world(images, changes))).rejects.toThrow(
      expect.objectContaining({ message: sentence }),
    )
  })

  it('includes a base for which pip lists no NIXL of the range', async () => {
    const nixl: PlanWorld['nixl'] = {
      versions: ({ cuda }) =>
        Promise.resolve({ state: 'known', versions: cuda === '13.0' ? ['0.8.0'] : ['0.7.1', '0.8.0'] }),
    }
    const asked = {
      engines: vllm('0.10.2 - 0.20.0'),
      nixl: selectors('nixl', '~0.7'),
      integration: 'none',
    } as const
    const plan = await makePlan(request(asked), world({ 'vllm/vllm-openai:v0.20.0': amd64 }, { nixl }))
    expect(plan.images.map(({ version }) => version.tag)).toContain('v0.10.2')
    expect(plan.excluded).toMatchObject([
      { version: 'v0.20.0', nixl: '~0.7', reason: expect.stringContaining('"~0.7" matches no version') },
    ])
  })

  it('is not decided for a branch of AIBrix, which the catalogue does not list', async () => {
    const aibrix = { ...request().aibrix, versions: selectors('aibrix', 'main') }
    expect((await makePlan(request({ aibrix }), world())).images[0]?.legs[0].feasibility).toBe('unknown')
  })
})

describe('an image without anything to build it from', () => {
  const withTriggers = {
    'vllm/vllm-openai:v0.20.1': {
      'linux/amd64': {
        onbuild: 'RUN pip install nixl==0.7.0   && \trm /x\u001b[31m https://u:pass@host/\nUSER root',
      },
    },
    'vllm/vllm-openai:v0.20.2': { 'linux/amd64': {}, 'linux/arm64': { onbuild: 'COPY . /app' } },
  }

  it.each<[string, Partial<PlanRequest>, RegExp]>([
    [
      'a NIXL without a known UCX',
      { nixl: selectors('nixl', '9.9.9') },
      /: this version of the action does not know NIXL 9\.9\.9; the nearest that it knows are \d[\d., ]*\.$/,
    ],
    [
      'a NIXL whose UCX the mirror lacks',
      { nixl: selectors('nixl', '0.8.0') },
      /: https:\/\/git\.example\/ucx has no tag v1\.20\.0, the UCX that NIXL 0\.8\.0 bundles; check ucx-repository, or choose another nixl-version\.$/,
    ],
    [
      'a base for another platform',
      { platforms: ['linux/arm64'] },
      /is for linux\/amd64, not for linux\/arm64; leave linux\/arm64 out of platforms\.$/,
    ],
    [
      'a range without a NIXL',
      { engines: vllm('~0.10'), nixl: selectors('nixl', '~5') },
      /"~5" matches no version; the nearest are 0\.7\.1, 0\.7\.0\.$/,
    ],
    [
      'a base with ONBUILD',
      { engines: vllm('v0.20.1') },
      /^vLLM v0\.20\.1 with .* can't be built for linux\/amd64: the base image docker\.io\/vllm\/vllm-openai:v0\.20\.1 for linux\/amd64 has ONBUILD instructions \(the first is "RUN pip install nixl==0\.7\.0 && rm \/x \[31m https:\/\/\*\*\*@host\/"\), which would change it before it is measured as the base; choose a version, or a base-registry, whose image has none\.$/,
    ],
    [
      'a base with ONBUILD on one of two platforms',
      { engines: vllm('v0.20.2'), platforms: ['linux/amd64', 'linux/arm64'] },
      /can't be built for linux\/amd64, linux\/arm64: the base image .*v0\.20\.2 for linux\/arm64 has ONBUILD instructions \(the first is "COPY \. \/app"\)/,
    ],
  ])('is refused also with force, which is not recommended: %s', async (_, changed, sentence) => {
    for (const force of [false, true])
      await expect(makePlan(request({ ...changed, force }), world(withTriggers))).rejects.toThrow(sentence)
  })
})

it('a base with ONBUILD is left out of a range, and its first instruction is reported', async () => {
  const long = `RUN echo ${'x'.repeat(500)}`
  const images = { 'vllm/vllm-openai:v0.10.3': { 'linux/amd64': { onbuild: long } } }
  const plan = await makePlan(request({ engines: vllm('~0.10') }), world(images))
  expect(plan.images.map(({ version }) => version.tag)).toEqual(['v0.10.2'])
  expect(plan.excluded).toMatchObject([{ version: 'v0.10.3' }])
  expect(plan.excluded[0]?.reason).toContain(`(the first is "${long.slice(0, 119)}…")`)
})

it.each<[string, PlanRequest['platforms'], string, string]>([
  ['v0.10.2-aarch64', ['linux/amd64'], 'aarch64', 'linux/amd64'],
  ['v0.10.2-cu129-arm64', ['linux/amd64'], 'arm64', 'linux/amd64'],
  ['v0.10.2-x86_64', ['linux/amd64', 'linux/arm64'], 'x86_64', 'linux/arm64'],
  ['v0.10.2-amd64', ['linux/arm64'], 'amd64', 'linux/arm64'],
])('the tag %s for %j names %s, which is an error for %s', async (tag, platforms, part, platform) => {
  const both = { 'linux/amd64': {}, 'linux/arm64': {} }
  const asked = request({ engines: vllm(tag), platforms, integration: 'none' })
  await expect(makePlan(asked, world({ [`vllm/vllm-openai:${tag}`]: both }))).rejects.toThrow(
    `can't be built for ${platform}: the tag of the base vllm/vllm-openai:${tag} names ${part}, but its image for ${platform} has another architecture; choose`,
  )
})

it.each([
  ['v0.10.2-x86_64', 'linux/amd64'],
  ['v0.10.2-amd64', 'linux/amd64'],
  ['v0.10.2-aarch64', 'linux/arm64'],
  ['v0.10.2-arm64', 'linux/arm64/v8'],
])('the tag %s for %s names the right architecture', async (tag, platform) => {
  const images = { [`vllm/vllm-openai:${tag}`]: { 'linux/amd64': {}, 'linux/arm64': {} } }
  const plan = await makePlan(request({ engines: vllm(tag), platforms: [platform] }), world(images))
  expect(plan.images).toHaveLength(1)
})

it('a NIXL whose UCX the mirror lacks is left out of a range', async () => {
  const nixl: PlanWorld['nixl'] = {
    versions: () => Promise.resolve({ state: 'known', versions: ['0.7.1', '0.8.0'] }),
  }
  const plan = await makePlan(request({ nixl: selectors('nixl', '>=0.7') }), world({}, { nixl }))
  expect(plan.images.map(({ legs }) => legs[0].nixl)).toEqual(['0.7.1'])
  expect(plan.excluded).toMatchObject([
    {
      nixl: '0.8.0',
      reason:
        'https://git.example/ucx has no tag v1.20.0, the UCX that NIXL 0.8.0 bundles; check ucx-repository, or choose another nixl-version',
    },
  ])
})

describe('a named version', () => {
  type Asked = { versions: string; aibrix?: string; nixl?: string; integration?: 'none' }
  const asking = ({ versions, aibrix = 'default', nixl = 'default', integration }: Asked) =>
    makePlan(
      request({
        engines: vllm(versions),
        aibrix: { ...request().aibrix, versions: selectors('aibrix', aibrix) },
        nixl: selectors('nixl', nixl),
        integration: integration ?? 'auto',
      }),
      world({ 'vllm/vllm-openai:v0.20.0': amd64 }),
    )

  it.each<[string, Asked, RegExp[]]>([
    [
      'of the engine, although the AIBrix is matched',
      { versions: 'v0.11.0, v0.10.2', aibrix: '~0.7', nixl: '0.7.1' },
      [/^vLLM v0\.11\.0 with AIBrix v0\.7\.0 and NIXL 0\.7\.1 can't be built for linux\/amd64: /],
    ],
    [
      'of the engine, with each AIBrix',
      { versions: 'v0.11.0, v0.10.2', aibrix: '>=0.5 <1' },
      [
        /vLLM v0\.11\.0 with AIBrix v0\.7\.0/,
        /vLLM v0\.11\.0 with AIBrix v0\.6\.0/,
        /vLLM v0\.11\.0 with AIBrix v0\.5\.0/,
      ],
    ],
    [
      'of AIBrix, although the engine is matched',
      { versions: '~0.20', aibrix: 'v0.5.0, v0.7.0' },
      [/vLLM v0\.20\.0 with AIBrix v0\.5\.0/],
    ],
    [
      'of NIXL, although the engine is matched',
      { versions: '>=0.10 <0.12, ~0.9', nixl: '0.7.1, 9.9.9', integration: 'none' },
      [/vLLM v0\.11\.0 .* NIXL 9\.9\.9/, /vLLM v0\.10\.2 .* NIXL 9\.9\.9/, /vLLM v0\.9\.1 .* NIXL 9\.9\.9/],
    ],
  ])('that cannot be built at all is an error: %s', async (_, asked, sentences) => {
    const error: unknown = await asking(asked).catch((thrown: unknown) => thrown)
    if (!(error instanceof UserError)) throw new Error('it is planned')
    const lines = error.message.split('\n')
    expect(lines).toHaveLength(sentences.length)
    sentences.forEach((sentence, index) => expect(lines[index]).toMatch(sentence))
  })

  it.each<[string, Asked, string[]]>([
    [
      'an AIBrix that does not fit a matched engine',
      { versions: 'v0.10.2, latest', aibrix: 'default, ~0.7' },
      ['v0.20.0 v0.5.0'],
    ],
    [
      'an engine that does not fit a matched AIBrix',
      { versions: 'v0.20.0', aibrix: '>=0.5 <1' },
      ['v0.20.0 v0.6.0', 'v0.20.0 v0.5.0'],
    ],
    [
      'a NIXL that does not fit a matched engine',
      { versions: 'v0.10.2, latest', aibrix: '~0.7', nixl: '0.7.0, 0.7.1' },
      ['v0.20.0 v0.7.0'],
    ],
  ])('that can be built in part leaves out the rest: %s', async (_, asked, excluded) => {
    const plan = await asking(asked)
    expect(plan.excluded.map(({ version, aibrix }) => `${version} ${aibrix}`)).toEqual(excluded)
  })
})
