// Not TypeScript, because the types of @jest/test-sequencer are those of its CommonJS form, and Node loads the other one.
import TestSequencer from '@jest/test-sequencer'
import { basename } from 'node:path'

/** Seconds that the longest files take on two cores, as script/test prints them. All others count as short. */
const known = {
  kills: 200,
  faults: 200,
  mutants: 160,
  'main-job': 160,
  artifacts: 110,
  interrupted: 100,
  examples: 75,
  promotion: 70,
  'layer-cache': 60,
  'actions-cache': 30,
  planning: 30,
  'many-runners': 30,
  unchanged: 20,
  sources: 20,
  'plain-build': 20,
  failures: 20,
}
const short = 10

const secondsOf = ({ path }) => known[basename(path, '.test.ts')] ?? short

/** Starts with the files that take longest, so that none of them ends alone, and cuts shards that take equally long. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    // It sets `duration` where this machine has run a file before.
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
