// Not TypeScript, because the types of @jest/test-sequencer describe its CommonJS form, and Node
// loads the other one.
import TestSequencer from '@jest/test-sequencer'
import { basename } from 'node:path'

/**
 * Seconds of the slowest files on two cores, as printed by script/test. All others count as short.
 */
const known = {
  kills: 200,
  faults: 200,
  mutants: 160,
  'main-job': 160,
  artifacts: 110,
  'prune-matrix': 190,
  interrupted: 100,
  examples: 75,
  promotion: 70,
  'prune-year': 65,
  'layer-cache': 60,
  prune: 40,
  'actions-cache': 30,
  'mirror-faults': 40,
  planning: 30,
  'many-runners': 30,
  verify: 30,
  'prune-histories': 30,
  unchanged: 20,
  sources: 20,
  page: 20,
  'plain-build': 20,
  terminal: 30,
  failures: 20,
}
const short = 10

const secondsOf = ({ path }) => known[basename(path, '.test.ts')] ?? short

/**
 * Starts the slowest files first, so that none runs alone at the end, and cuts shards of equal
 * duration.
 */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    // jest sets `duration` if this machine ran the file before.
    const sorted = super.sort(tests)
    const guess = (test) => (test.duration === undefined ? secondsOf(test) : test.duration / 1000)
    return sorted.toSorted((a, b) => guess(b) - guess(a))
  }

  shard(tests, { shardIndex, shardCount }) {
    const shards = Array.from({ length: shardCount }, () => ({ seconds: 0, tests: [] }))
    for (const test of tests.toSorted((a, b) => secondsOf(b) - secondsOf(a) || (a.path < b.path ? -1 : 1))) {
      const [least] = shards.toSorted((a, b) => a.seconds - b.seconds)
      least.tests.push(test)
      least.seconds += secondsOf(test)
    }
    return shards[shardIndex - 1].tests
  }
}
