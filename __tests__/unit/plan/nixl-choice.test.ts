import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Catalogue } from '../../../src/plan/feasibility/catalogue.ts'
import type { KnownBase } from '../../../src/plan/feasibility/known-base.ts'
import {
  chooseNixl,
  isOutdated,
  type NixlChoice,
  type NixlPair,
  unknownNixl,
} from '../../../src/plan/nixl/nixl-choice.ts'
import { catalogue } from '../../support/plan-world.ts'

const usual = catalogue()
const pair: NixlPair = {
  engine: 'sglang',
  version: { tag: 'v0.5.5.post3', release: '0.5.5.post3' },
  aibrix: { kind: 'tag', ref: 'v0.5.0' },
  name: 'lmsysorg/sglang:v0.5.5.post3',
}
const other = { ...pair, aibrix: { kind: 'tag', ref: 'v0.7.0' } } as const

function bases(...known: Omit<KnownBase, 'python'>[]): Map<string, KnownBase> {
  return new Map(known.map((one, index) => [index === 0 ? 'linux/amd64' : 'linux/arm64', one]))
}

const brings = (nixl: string | null): KnownBase => ({ source: 'measured', nixl })
const guessed = (nixl?: string | null): KnownBase => ({
  source: 'catalogue',
  ...(nixl !== undefined && { nixl }),
})
const is = (version: string, from: 'tested' | 'base' | 'default'): NixlChoice => ({
  kind: 'version',
  version,
  from,
})
const unknown: NixlChoice = { kind: 'unknown' }

describe('default', () => {
  it.each<[string, NixlPair, KnownBase[], NixlChoice]>([
    [
      'is what was tested with the pair, whatever the base ships',
      pair,
      [brings('1.5.0')],
      is('0.7.1', 'tested'),
    ],
    [
      'is what was tested with the pair, even if the base is unknown',
      pair,
      [guessed()],
      is('0.7.1', 'tested'),
    ],
    ['is that of the base for another AIBrix', other, [brings('1.5.0')], is('1.5.0', 'base')],
    [
      'is that of the base for a branch with the name of the release',
      { ...pair, aibrix: { kind: 'branch', ref: 'v0.5.0' } },
      [brings('1.5.0')],
      is('1.5.0', 'base'),
    ],
    ['is that of the base as the catalogue has it', other, [guessed('1.5.0')], is('1.5.0', 'base')],
    ["is the catalogue's if the base ships none", other, [brings(null)], is('0.7.1', 'default')],
    ["is the catalogue's where that says so of the base", other, [guessed(null)], is('0.7.1', 'default')],
    ['is not known for an unknown base', other, [guessed()], unknown],
    ['is not known if one of the bases is unknown', other, [brings('1.5.0'), guessed()], unknown],
    [
      'is not known if they differ only by the catalogue',
      other,
      [brings('1.4.1'), guessed('1.5.0')],
      unknown,
    ],
    ['is one for all platforms', other, [brings('1.5.0'), guessed('1.5.0')], is('1.5.0', 'base')],
  ])('%s', (_, of, known, choice) => {
    expect(chooseNixl('default', of, bases(...known), usual)).toEqual(choice)
  })

  it.each<[KnownBase[], RegExp]>([
    [
      [brings('1.4.1'), brings('1.5.0')],
      /ships NIXL 1\.4\.1 for linux\/amd64 and NIXL 1\.5\.0 for linux\/arm64, but an image has one/,
    ],
    [[brings(null), brings('1.5.0')], /ships none for linux\/amd64 and NIXL 1\.5\.0 for linux\/arm64/],
  ])('is refused if platforms ship different ones, which are reported', (known, reason) => {
    expect(chooseNixl('default', other, bases(...known), usual)).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(reason),
    })
  })
})

describe('base', () => {
  it.each<[string, KnownBase[], NixlChoice]>([
    ['is what the base ships, whatever was tested', [brings('1.5.0')], is('1.5.0', 'base')],
    ['is not known for an unknown base', [guessed()], unknown],
    ['is left to the base if the catalogue has none', [guessed(null)], unknown],
  ])('%s', (_, known, choice) => {
    expect(chooseNixl('base', pair, bases(...known), usual)).toEqual(choice)
  })

  it('is refused with a reason if the base ships none, or one that does not work', () => {
    const broken = { ...brings(null), brokenNixl: 'its nixl is 0.7.1, and its nixl-cu12 is 1.5.1' }
    for (const known of [brings(null), broken])
      expect(chooseNixl('base', pair, bases(known), usual)).toEqual({
        kind: 'refused',
        reason: expect.stringMatching(
          known === broken
            ? /ships no usable NIXL \(its nixl is 0\.7\.1, .*\); set nixl-version: default/
            : /ships no usable NIXL; set nixl-version: default/,
        ),
      })
  })
})

/** @returns the NIXL of the image: the step keeps the base's for `base`, and installs any other */
function imageOf(choice: Extract<NixlChoice, { kind: 'version' }>, base: string | null): string | null {
  return choice.from === 'base' ? base : choice.version
}

const version = fc.constantFrom('0.7.1', '1.1.0', '1.4.1', '1.5.0', '1.6.0')
const brought = fc.option(version)

describe('for any catalogue, facts and inputs', () => {
  const world = fc.record({
    wish: fc.constantFrom('default' as const, 'base' as const),
    /** What each base really ships, and what is known of it: nothing, facts, or a catalogue's row */
    platforms: fc.array(
      fc.record({
        really: brought,
        known: fc.oneof(
          fc.constant('measured' as const),
          fc.constant(undefined),
          fc.record({ says: brought }),
        ),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    tested: fc.option(version, { nil: undefined }),
    current: version,
  })

  /** The catalogue with other releases. */
  function catalogueOf(tested: string | undefined, current: string): Catalogue {
    const release = usual.releases['v0.5.0']
    if (!release?.tested) throw new Error('it was tested')
    const engines = { vllm: 'v0.1.0', sglang: tested === undefined ? 'v0.1.0' : pair.version.tag }
    const with_ = (nixl: string, of: typeof engines) => ({
      ...release,
      tested: { engines: of, nixl, tags: ['x'] },
    })
    return {
      ...usual,
      current: 'v0.1.0',
      releases: {
        'v0.5.0': with_(tested ?? '0.7.1', engines),
        'v0.1.0': with_(current, { vllm: 'v0.1.0', sglang: 'v0.1.0' }),
      },
    }
  }

  it("the plan's NIXL is the one that the image will have, or reported as unknown", () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(world, ({ wish, platforms, tested, current }) => {
        const of = catalogueOf(tested, current)
        const measured = platforms.map(({ really }) => brings(really))
        const first = platforms.map(({ really, known }) =>
          known === 'measured' ? brings(really) : guessed(known?.says),
        )
        const choice = chooseNixl(wish, pair, bases(...first), of)
        const planned = {
          nixl: choice.kind === 'version' ? choice.version : unknownNixl,
          nixlFrom: choice.kind === 'version' ? choice.from : ('base' as const),
          ucxVersion: null,
        }
        // Before anything is compiled, the facts of the base stop a leg whose plan was wrong.
        const isBuilt = choice.kind !== 'refused' && !measured.some((base) => isOutdated(planned, base))
        if (isBuilt) {
          if (choice.kind !== 'version') throw new Error('nothing is built of which the plan does not know')
          for (const { really } of platforms) expect(imageOf(choice, really)).toBe(choice.version)
        }
        // With what was measured the plan is right, and stays so.
        const second = chooseNixl(wish, pair, bases(...measured), of)
        expect(second.kind).not.toBe('unknown')
        if (second.kind === 'version')
          for (const { really } of platforms) expect(imageOf(second, really)).toBe(second.version)
        if (isBuilt) expect(second).toEqual(choice)
        seen.add(`${choice.kind} ${isBuilt ? 'built' : 'not'} ${second.kind}`)
      }),
      { numRuns: 2000 },
    )
    expect([...seen].sort()).toEqual([
      'refused not refused',
      'unknown not refused',
      'unknown not version',
      'version built version',
      'version not refused',
      'version not version',
    ])
  })
})
