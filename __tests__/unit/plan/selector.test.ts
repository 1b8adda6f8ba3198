import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Product } from '../../../src/plan/versions/release.ts'
import { parseSelectors, type Selector } from '../../../src/plan/versions/selector.ts'

const commit = '52405d7852405d7852405d7852405d7852405d78'

function parse(text: string, product: Product = 'engine') {
  const selectors = parseSelectors(text, product)
  if ('invalid' in selectors) throw new Error(`${selectors.invalid} is not allowed`)
  return selectors
}

describe('a selector', () => {
  it.each<[Product, string, object]>([
    ['engine', 'default', { kind: 'default' }],
    ['engine', 'latest', { kind: 'latest', lines: 1, variant: '' }],
    ['engine', 'latest-3', { kind: 'latest', lines: 3, variant: '' }],
    ['engine', 'latest-cu129', { kind: 'latest', lines: 1, variant: '-cu129' }],
    ['engine', 'latest-12-cu129-ubuntu2404', { kind: 'latest', lines: 12, variant: '-cu129-ubuntu2404' }],
    ['engine', 'v0.10.2', { kind: 'exact', tag: 'v0.10.2' }],
    ['engine', '0.10.2', { kind: 'exact', tag: 'v0.10.2' }],
    ['engine', '0.5.5.post3', { kind: 'exact', tag: 'v0.5.5.post3' }],
    ['engine', 'v0.11.0-rc.1', { kind: 'exact', tag: 'v0.11.0rc1' }],
    ['engine', 'v0.20.0-cu129', { kind: 'exact', tag: 'v0.20.0-cu129' }],
    ['engine', 'v0.20.0-x86_64', { kind: 'exact', tag: 'v0.20.0-x86_64' }],
    ['engine', 'v0.21.0-acme-cu129', { kind: 'exact', tag: 'v0.21.0-acme-cu129' }],
    ['engine', '0.21.0_cu129', { kind: 'exact', tag: 'v0.21.0_cu129' }],
    ['engine', 'latest-efa', { kind: 'latest', lines: 1, variant: '-efa' }],
    ['engine', 'latest-2-cu129-efa', { kind: 'latest', lines: 2, variant: '-cu129-efa' }],
    ['engine', '~0.33-efa', { kind: 'range', range: '~0.33', variant: '-efa' }],
    ['engine', '~0.10', { kind: 'range', range: '~0.10', variant: '' }],
    ['engine', '~0.20-cu129', { kind: 'range', range: '~0.20', variant: '-cu129' }],
    ['engine', 'v0.10', { kind: 'range', range: 'v0.10', variant: '' }],
    ['engine', '0.10-cu129', { kind: 'range', range: '0.10', variant: '-cu129' }],
    ['engine', '0', { kind: 'range', range: '0', variant: '' }],
    ['engine', '0.x', { kind: 'range', range: '0.x', variant: '' }],
    ['engine', '0.10.x', { kind: 'range', range: '0.10.x', variant: '' }],
    ['engine', '*', { kind: 'range', range: '*', variant: '' }],
    ['engine', '=0.10.2', { kind: 'range', range: '=0.10.2', variant: '' }],
    ['engine', '>= 0.10   < 0.12', { kind: 'range', range: '>=0.10 <0.12', variant: '' }],
    ['engine', '0.10 - 0.12', { kind: 'range', range: '0.10 - 0.12', variant: '' }],
    ['engine', '~0.9||~0.10 >0.10.1', { kind: 'range', range: '~0.9 || ~0.10 >0.10.1', variant: '' }],
    ['engine', '>=0.5.5.post3', { kind: 'range', range: '>=0.5.5.post3', variant: '' }],
    ['engine', '>=0.11.0-rc.1', { kind: 'range', range: '>=0.11.0-rc.1', variant: '' }],
    ['engine', '>=0.11.0-0', { kind: 'range', range: '>=0.11.0-0', variant: '' }],
    ['aibrix', 'v0.5.0-rc.1', { kind: 'exact', tag: 'v0.5.0-rc.1' }],
    ['aibrix', '0.5.0', { kind: 'exact', tag: '0.5.0' }],
    ['aibrix', 'main', { kind: 'exact', tag: 'main' }],
    ['aibrix', 'feature/kv+cache', { kind: 'exact', tag: 'feature/kv+cache' }],
    ['aibrix', 'latest-cu129', { kind: 'exact', tag: 'latest-cu129' }],
    ['aibrix', commit, { kind: 'exact', tag: commit }],
    ['aibrix', '1'.repeat(40), { kind: 'exact', tag: '1'.repeat(40) }],
    ['aibrix', 'latest-2', { kind: 'latest', lines: 2, variant: '' }],
    ['aibrix', '0.6', { kind: 'range', range: '0.6', variant: '' }],
    ['nixl', '0.7.1', { kind: 'exact', tag: '0.7.1' }],
    ['nixl', 'v1.4.0-rc2', { kind: 'exact', tag: '1.4.0rc2' }],
    ['nixl', '^1', { kind: 'range', range: '^1', variant: '' }],
  ])('for %s: %s', (product, text, expected) => {
    const { include, exclude } = parse(text, product)
    expect({ include, exclude }).toEqual({
      include: [{ text: text.replace(/ +/g, ' '), ...expected }],
      exclude: [],
    })
  })

  it.each<[Product, string]>([
    ['engine', 'main'],
    ['engine', 'Latest'],
    ['engine', 'latest-0'],
    ['engine', 'latest-100'],
    ['engine', 'latest-x86_64'],
    ['engine', 'latest-cu129-3'],
    ['engine', '~0.20-x86_64'],
    ['engine', '~0.20-acme'],
    ['engine', 'latest-acme'],
    ['engine', 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123'],
    ['engine', '~0.19-cu129 || ~0.20-cu129'],
    ['engine', 'v0.12.0-1'],
    ['engine', 'gateway-v0.3.1'],
    ['engine', 'v0.10.2 v0.11.0.'],
    ['engine', '==0.10.2'],
    ['engine', '~=0.10'],
    ['engine', '!=0.10.'],
    ['engine', '~>0.10'],
    ['engine', '0.x.1'],
    ['engine', 'x'],
    ['engine', '~0.10 ||'],
    ['engine', '|| ~0.10'],
    ['engine', '0.9 - 0.10 - 0.11'],
    ['engine', '>0.9 - 0.10'],
    ['engine', '0.10.2+cu128'],
    ['engine', '>=0.10.1-beta'],
    ['engine', `~0.${'1'.repeat(16)}`],
    ['engine', '0.10.2; rm -rf /'],
    ['engine', '$(id)'],
    ['engine', '${{ secrets.TOKEN }}'],
    ['aibrix', '--upload-pack=x'],
    ['aibrix', 'a..b'],
    ['aibrix', '~main'],
    ['nixl', 'main'],
    ['nixl', commit],
    ['nixl', '0.7.1-cu129'],
    ['nixl', '~0.7-cu129'],
    ['nixl', 'latest-cu129'],
  ])('for %s is not "%s"', (product, text) => {
    expect(parseSelectors(text, product)).toEqual({
      invalid: text,
      allowed: expect.stringContaining('latest-3'),
    })
  })
})

describe('an image for other hardware', () => {
  it.each([
    ['v0.21.0-rocm', 'rocm', 'AMD ROCm'],
    ['v0.5.5.post3-rocm700-mi30x', 'rocm700', 'AMD ROCm'],
    ['v0.21.0_ROCm7.0', 'ROCm7.0', 'AMD ROCm'],
    ['v0.21.0-acme-mi300x', 'mi300x', 'AMD ROCm'],
    ['~0.20-rocm700', 'rocm700', 'AMD ROCm'],
    ['latest-rocm', 'rocm', 'AMD ROCm'],
    ['v0.21.0-rocm.6', 'rocm.6', 'AMD ROCm'],
    ['v0.21.0-gfx942', 'gfx942', 'AMD ROCm'],
    ['v0.21.0-dtk25.04', 'dtk25.04', 'Hygon DCU'],
    ['v0.21.0-tpuv5', 'tpuv5', 'Google TPU'],
    ['v0.21.0-xpu', 'xpu', 'Intel XPU'],
    ['v0.21.0-hpu', 'hpu', 'Intel Gaudi'],
    ['v0.21.0-gaudi3', 'gaudi3', 'Intel Gaudi'],
    ['v0.21.0-npu', 'npu', 'Huawei Ascend'],
    ['v0.5.6-cann8.3.rc1-910b', 'cann8.3.rc1', 'Huawei Ascend'],
    ['v0.21.0-tpu', 'tpu', 'Google TPU'],
    ['v0.21.0-neuronx', 'neuronx', 'AWS Neuron'],
    ['v0.5.5-xeon', 'xeon', 'CPUs'],
    ['v0.21.0-cpu', 'cpu', 'CPUs'],
    ['v0.21.0-cpu-arm64', 'cpu', 'CPUs'],
    ['v0.21.0-x86_64-cpu', 'cpu', 'CPUs'],
  ])('%s is refused by its name', (text, part, name) => {
    expect(parseSelectors(text, 'engine')).toEqual({
      invalid: text,
      allowed: `images for NVIDIA CUDA, for which AIBrix's extension is compiled ("${part}" marks an image for ${name})`,
    })
  })

  it.each(['v0.21.0-cpu-offload', 'v0.21.0-mi', 'v0.21.0-rocmless', 'v0.21.0-acme_tpux'])(
    '%s is none',
    (text) => {
      expect(parse(text).include).toMatchObject([{ kind: 'exact', tag: text }])
    },
  )
})

describe('a list of selectors', () => {
  const texts = (selectors: Selector[]) => selectors.map(({ text }) => text)

  it.each([
    ['v0.10.2, v0.11.0', ['v0.10.2', 'v0.11.0'], []],
    ['\n v0.10.2 ,\r\n,latest-2\n', ['v0.10.2', 'latest-2'], []],
    ['~0.10, !v0.10.1', ['~0.10'], ['v0.10.1']],
    ['! ~0.10,*,!=0.11.0,!latest', ['*'], ['~0.10', '=0.11.0', 'latest']],
    ['v0.10.2, v0.10.2', ['v0.10.2'], []],
    ['<0.9 || >=0.12', ['<0.9 || >=0.12'], []],
    ['<0.9||~0.12, >=0.20', ['<0.9||~0.12', '>=0.20'], []],
    ['!>=0.12, !<0.9, *', ['*'], ['>=0.12', '<0.9']],
  ])('%j', (text, include, exclude) => {
    const selectors = parse(text)
    expect([texts(selectors.include), texts(selectors.exclude)]).toEqual([include, exclude])
  })

  it.each([
    ['', '', 'default'],
    [' ,\n', ',', 'default'],
    ['!v0.11.0', '!v0.11.0', '"!" leaves versions out of'],
    ['>=0.10,<0.12', '>=0.10, <0.12', 'in one piece'],
    ['<=0.12\nlatest\n> 0.10', '> 0.10, <=0.12', 'in one piece'],
    ['v0.10.2, !!v0.10.2', '!!v0.10.2', 'default'],
    ['v0.10.2, !', '!', 'default'],
  ])('is not %j', (text, invalid, allowed) => {
    expect(parseSelectors(text, 'engine')).toEqual({ invalid, allowed: expect.stringContaining(allowed) })
  })

  it.each(['', ' , '])('%j has the plain advice of an empty input', (text) => {
    expect(parseSelectors(text, 'engine')).toHaveProperty(
      'allowed',
      expect.stringMatching(/^default, latest/),
    )
  })

  it('is at most 2048 characters long, and one selector 256', () => {
    const many = Array.from({ length: 128 }, (_, index) => `v0.10.${index + 100}`)
      .join(',\n')
      .padEnd(2048)
    expect(parse(many).include).toHaveLength(128)
    expect(parseSelectors(`${many} `, 'engine')).toMatchObject({ allowed: 'at most 2048 characters' })
    expect(parse('a'.repeat(256), 'aibrix').include).toHaveLength(1)
    expect(parseSelectors('a'.repeat(257), 'aibrix')).toMatchObject({ invalid: `${'a'.repeat(60)}…` })
  })
})

describe('a hostile text', () => {
  it.each<Product>(['engine', 'aibrix', 'nixl'])(
    'for %s is refused or read, and never thrown at',
    (product) => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
          const selectors = parseSelectors(text, product)
          if ('invalid' in selectors) expect(selectors.invalid).toMatch(/^[\x20-\x7e]*…?$/)
          else
            for (const { text: shown } of selectors.include)
              expect(shown).toMatch(/^[\x21-\x7e][\x20-\x7e]*$/)
        }),
        { numRuns: 2000 },
      )
    },
  )

  const pieces = [
    '0',
    '9'.repeat(15),
    '.',
    '0.',
    'v',
    '-cu129',
    '_x86_64',
    '-acme',
    '-cuda-12.',
    '-cpu',
    '-rc.',
    'rc1',
    '.post1',
    '-0',
    '!',
    '>=',
    '~',
    '||',
    ' ',
    ' - ',
    '\t',
    '*',
    'x',
    'latest-',
    '/',
    '@{',
    '..',
    ',',
    '\u0000',
    '\u{1f600}',
  ]

  it.each<Product>(['engine', 'aibrix', 'nixl'])(
    'for %s takes less than 100 ms of work, however it is made',
    (product) => {
      // Warm up, so that no compilation is measured.
      parseSelectors('~0.10, latest, !0.10.1', product)
      const unit = fc
        .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 })
        .map((some) => some.join(''))
      const size = fc.constantFrom(255, 2048, 20_000)
      fc.assert(
        fc.property(
          fc.constantFrom(...pieces, ''),
          unit,
          fc.constantFrom(...pieces, ''),
          size,
          (start, repeated, end, length) => {
            const room = Math.max(1, length - start.length - end.length)
            const text = start + repeated.repeat(Math.ceil(room / repeated.length)).slice(0, room) + end
            const began = process.cpuUsage()
            parseSelectors(text, product)
            expect(process.cpuUsage(began).user).toBeLessThan(100_000)
          },
        ),
        { numRuns: 500 },
      )
    },
  )
})
