import { describe, expect, it } from '@jest/globals'
import { compareEnds, type Comparison } from '../../../src/verify/entrypoint-ends.ts'
import type { Ended, Start } from '../../../src/verify/functional-facts.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { realFacts } from '../../support/measured-facts.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

const command = ['vllm', 'serve', '--help']

function died(line: string, code = 1): Start {
  return { command, end: { kind: 'exit', code }, line, again: null }
}

const well: Start = { command, end: { kind: 'exit', code: 0 }, line: null, again: null }
const late: Start = {
  command,
  end: { kind: 'late', seconds: 60 },
  line: 'did not end within 60 s',
  again: null,
}
const killed: Start = {
  command,
  end: { kind: 'signal', signal: 'SIGSEGV' },
  line: 'killed by SIGSEGV',
  again: null,
}
const lacks = (module: string) => died(`ModuleNotFoundError: No module named '${module}'`)

const thenDied = (first: Start, again: Ended): Start => ({ ...first, again })
const unsteady = thenDied(died('no room at seat 7'), died('no room at seat 9'))

/** rocksdict is added by the build, numpy is the base's. */
const ends: [string, Start, Start, Comparison][] = [
  ['both well', well, well, 'alike'],
  ['only the base dead', died('ValueError: x'), well, 'alike'],
  ['only the image dead', well, died('ValueError: x'), 'different'],
  ['only the image still running', well, late, 'different'],
  ['both running on', late, late, 'alike'],
  ['the same error', died('ValueError: x'), died('ValueError: x'), 'alike'],
  ['another error', died('ValueError: x'), died('ValueError: y'), 'different'],
  ['another exit code', died('ValueError: x'), died('ValueError: x', 2), 'different'],
  ['a signal for an exit code', died('killed by SIGSEGV'), killed, 'different'],
  ['other addresses', died('fault at 0x7f3a10'), died('fault at 0x55ee0'), 'alike'],
  [
    'other times',
    died('ERROR 11-29 14:22:27 [cli.py:10] x'),
    died('ERROR 11-30 03:02:01 [cli.py:12] x'),
    'alike',
  ],
  ['other dates', died('2026-11-29T14:22:27.123 x'), died('2026-11-30 01:00:00,5 x'), 'alike'],
  ['other processes', died('Process 12 (pid=41) x'), died('Process 8 (pid=7) x'), 'alike'],
  ['other temporary files', died("no '/tmp/a1/x'"), died("no '/tmp/b2/y'"), 'alike'],
  ['other durations', died('no answer in 1.52 seconds'), died('no answer in 2 seconds'), 'alike'],
  [
    'other libraries',
    died('ImportError: libcudart.so.12'),
    died('ImportError: libcudart.so.13'),
    'different',
  ],
  ['other ports', died('x on 8000'), died('x on 9000'), 'different'],
  ['what is another line each time in the base', unsteady, died('no room at seat 3'), 'alike'],
  ['the same, with another exit code', unsteady, died('no room at seat 3', 2), 'different'],
  ['the same, killed in the image', unsteady, killed, 'different'],
  [
    'another line, where only an address varies in the base',
    thenDied(died('fault at 0x7f3a10'), died('fault at 0x55ee0')),
    died('ValueError: x'),
    'different',
  ],
  ['the same module missing', lacks('cv2'), lacks('cv2'), 'alike'],
  ['a module that the build adds, then another', lacks('rocksdict'), lacks('cv2.dnn'), 'alike'],
  ['a module that the build adds, then one lost', lacks('rocksdict'), lacks('numpy'), 'different'],
  [
    'a module that the build adds, then one of AIBrix',
    lacks('rocksdict'),
    lacks('aibrix_kvcache.x'),
    'different',
  ],
  ['a module that the build adds, then an error', lacks('rocksdict'), died('ValueError: x'), 'further'],
  ['a module that the build does not add, then another', lacks('orjson'), lacks('cv2'), 'different'],
]

describe('two ends', () => {
  it.each(ends)('%s', (_, base, image, comparison) => {
    expect(compareEnds(base, image, makeFacts())).toBe(comparison)
  })
})

it("two ends of a real base that lacks most of vLLM's imports, one of which AIBrix installs", () => {
  const facts = { base: realFacts('vllm-v0.10.2', 'base'), image: realFacts('vllm-v0.10.2', 'image') }
  expect(compareEnds(lacks('tqdm'), lacks('huggingface_hub'), facts)).toBe('alike')
})

function judged(change: (facts: LegFacts) => void) {
  const facts = makeFacts()
  change(facts)
  const gate = judgeFacts(makeLeg(), facts).find(({ name }) => name === 'entrypoint')
  if (!gate) throw new Error('there is no gate entrypoint')
  return [gate.state, 'hint' in gate ? gate.hint : 'reason' in gate ? gate.reason : gate.actual]
}

function starting(base: Start[] | null, image: Start[] | null) {
  return judged((facts) => {
    facts.base.running.entrypoint = base
    facts.image.running.entrypoint = image
  })
}

describe('the gate entrypoint', () => {
  it('passes an image that ends for the same reason as its base, and gives that reason', () => {
    expect(starting([died('RuntimeError: no GPU')], [died('RuntimeError: no GPU')])).toEqual([
      'pass',
      'exit code 1 (RuntimeError: no GPU)',
    ])
  })

  it('is undetermined if neither ends', () => {
    expect(starting([late], [late])).toEqual([
      'undetermined',
      expect.stringContaining('vllm serve did not end, neither in the base nor in the image'),
    ])
  })

  it('is undetermined if the image gets further than its base', () => {
    expect(starting([lacks('rocksdict')], [died('ValueError: x')])).toEqual([
      'undetermined',
      expect.stringContaining('lacks a package that the build adds'),
    ])
  })

  it.each([
    ['base', null, [well]],
    ['image', [well], null],
  ] as const)('is undetermined where nothing could be started in the %s', (where, base, image) => {
    const copy = (some: readonly Start[] | null) => some && [...some]
    expect(starting(copy(base), copy(image))).toEqual([
      'undetermined',
      expect.stringContaining(`nothing could be started in the ${where}`),
    ])
  })

  it('does not apply if there is nothing to start', () => {
    expect(starting([], [])[0]).toBe('not applicable')
  })

  it('fails for the second command as well, and for one that was not started', () => {
    const wrapper: Start = { ...well, command: ['/entry', '--help'] }
    expect(starting([wrapper, well], [wrapper, killed])).toEqual(['fail', expect.stringContaining('SIGSEGV')])
    expect(starting([wrapper, well], [wrapper])).toEqual(['fail', expect.stringContaining('was not started')])
    expect(starting([wrapper, well], [wrapper, well])).toEqual(['pass', 'exit code 0; exit code 0'])
  })

  it('leaves a command that could not be started to the gate of what the engine needs', () => {
    const state = judged((facts) => {
      facts.image.torch = null
      facts.image.running.entrypoint = null
    })
    expect(state[0]).toBe('follows')
  })

  it('leaves it to the gate of what the engine needs', () => {
    const state = judged((facts) => {
      facts.image.torch = null
      facts.image.running.entrypoint = [lacks('torch')]
    })
    expect(state).toEqual(['follows', 'what the engine starts with is not as it should be'])
  })
})
