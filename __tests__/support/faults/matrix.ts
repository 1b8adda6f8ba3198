import type { Fault } from './answers.ts'
import type { Seen } from '../registry-proxy.ts'
import type { Trouble } from './trouble.ts'
import { type Kind, longer, type Often, often } from './kinds.ts'
import { ofTheAction } from './of-the-action.ts'
import { ofTheEngine } from './of-the-engine.ts'

/**
 * One fault in one kind of request, a number of times, that a run must survive or correctly fail
 * on.
 */
export type Combination = {
  name: string
  /** Name of the kind of request, as in `Kind` */
  kind: string
  trouble: Trouble
  /** Limits the trouble to the content under a tag with this prefix, found by its digest */
  contentOf: string | undefined
  /** Whether the registry requires tokens */
  tokens: boolean
  /** Whether blobs can be mounted from the cache repository */
  mounts: boolean
  /** Whether the bases also come from the registry with faults */
  bases: boolean
  /** Tags that the cache repository has at the start */
  there: RegExp
  /** Whether these tags include a verified leg, so that nothing must be built */
  isStaged: boolean
  /** Inputs of the action */
  inputs: { cache: 'off' | 'registry'; retries: string }
  command: 'run' | 'tag'
  /** Time-outs in milliseconds that differ from the default */
  waits: { request?: number; stall?: number; build?: number }
  /** Expected end: `right`, or `red` with one sentence that matches `says` */
  ends: 'right' | 'red'
  says: RegExp
  /** Expected text in the summary of a run that ends right */
  warns: RegExp | undefined
}

const moments: Record<Trouble['moment'], string> = {
  before: 'before the registry sees it',
  half: 'in its middle',
  changed: 'on its way to the registry',
  after: 'after the registry was asked',
}

/** Expected text in the one sentence of a red run. */
const says: Record<Fault, RegExp> = {
  '429': /429|too many requests/i,
  '429 with Retry-After': /429|too many requests/i,
  '500': /500/,
  '502': /502/,
  'a reset': /closed|reset|EOF/,
  'a truncated body': /closed|complete|JSON|EOF/,
  'other bytes': /digest|changed|400/,
  'another digest in the header': /digest|changed|sha256/,
  silence: /timeout|answer/,
  'a trickle': /timeout|answer/,
}

type Asking = 'action' | 'engine'

/** Returns the shortest time-outs that still tell a fault from a busy machine. */
function waitsOf(by: Asking, fault: Fault): Combination['waits'] {
  if (fault !== 'silence' && fault !== 'a trickle') return {}
  return by === 'action' ? { request: 600, stall: 600 } : { build: 20_000 }
}

function combinationOf(kind: Kind, by: Asking, fault: Fault, word: Often): Combination {
  const { name, on, moment, tokens = false, mounts = true, bases = false, there, cache = 'off', warns } = kind
  const isMeant = (seen: Seen): boolean =>
    seen.own === (by === 'action') &&
    (mounts || seen.streamed) &&
    on.test(`${seen.method} ${seen.url.replace(/\?.*$/, '')}`)
  const isForEver = word === 'for ever'
  return {
    name: `${name} ${by === 'engine' ? 'of the engine ' : ''}${moments[moment]}: ${fault}, ${word}`,
    kind: name,
    trouble: { on: isMeant, fault, moment, times: often[word] },
    contentOf: kind.contentOf,
    ...{ tokens, mounts, bases, there: there ?? /^(?:facts|report|build)-/, isStaged: there === undefined },
    // The engine has its own retries, which take half a minute if the fault is permanent.
    inputs: { cache, retries: isForEver && by === 'engine' ? '1' : '4' },
    command: kind.command ?? 'run',
    waits: waitsOf(by, fault),
    ends: kind.ends ?? (isForEver ? 'red' : 'right'),
    ...{ says: says[fault], warns: isForEver ? warns : undefined },
  }
}

/** Returns a kind of request of the action or the engine with each of its faults. */
export function combinationsOf(kind: Kind, by: Asking): Combination[] {
  const words = kind.often ?? longer
  return kind.faults.flatMap((fault) => words.map((word) => combinationOf(kind, by, fault, word)))
}

/**
 * All requests of the action to a registry, with every possible fault: in this process, where a run
 * takes milliseconds.
 */
export const inProcess: readonly Combination[] = ofTheAction.flatMap((kind) => combinationsOf(kind, 'action'))

/**
 * Runs of the built action on a real engine and registry: all requests of the engine, and each kind
 * of the action's.
 */
export const whole: readonly Combination[] = [
  ...chosen(inProcess),
  ...ofTheEngine.flatMap((kind) => combinationsOf(kind, 'engine')),
]

/** Returns one combination of each kind, with the fault that is rarest among the others. */
function chosen(all: readonly Combination[]): Combination[] {
  const counts = new Map<Fault, number>()
  return [...new Set(all.map(({ kind }) => kind))].flatMap((kind) => {
    const [first] = all
      .filter((one) => one.kind === kind)
      .sort((left, right) => countOf(left) - countOf(right))
    if (!first) return []
    counts.set(first.trouble.fault, countOf(first) + 1)
    return first
  })
  function countOf({ trouble: { fault } }: Combination): number {
    return counts.get(fault) ?? 0
  }
}
