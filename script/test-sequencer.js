// Not TypeScript, because the types of @jest/test-sequencer describe its CommonJS form, and Node
// loads the other one.
import TestSequencer from '@jest/test-sequencer'
import { basename } from 'node:path'

/**
 * Seconds of the slowest files on two cores, as printed by script/test. All others count as short.
 */
const known = {
  kills: 290,
  faults: 260,
  mutants: 160,
  examples: 160,
  'main-job': 140,
  'layer-cache': 130,
  artifacts: 130,
  interrupted: 85,
  unchanged: 80,
  'nixl-of-bases': 70,
  'many-runners': 65,
  'prune-matrix': 60,
  secrets: 55,
  verify: 50,
  page: 50,
  'mirror-faults': 45,
  failures: 45,
  planning: 45,
  sources: 45,
  'plain-build': 40,
  'own-contents': 40,
  impossible: 40,
  'actions-cache': 35,
  'prune-histories': 30,
  'prune-year': 30,
  catalogue: 30,
  list: 30,
  'cxx-standard': 25,
  terminal: 25,
  'pull-request': 25,
  environment: 25,
  prune: 20,
  promotion: 20,
  'at-once': 20,
  // Unit tests
  'list-faults': 30,
  pip: 20,
  select: 15,
  retries: 15,
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
