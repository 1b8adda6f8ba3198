import { expect, it } from '@jest/globals'
import type { Measured } from '../../../script/bench-run.ts'
import { type Line, tables } from '../../../script/bench-table.ts'

const measured = (changes: Partial<Measured>): Measured => ({
  seconds: 40,
  compiling: 0,
  measuring: 0,
  traffic: { requests: ['GET /v2/', 'GET /v2/x'], up: 1000, down: 2e9, layers: ['a'] },
  memory: 90,
  failed: false,
  compiled: [],
  ...changes,
})

const line = (changes: Partial<Line>): Line => ({
  title: 'NIXL 0.7.1',
  times: 1,
  floor: measured({ seconds: 40 }),
  ours: measured({ seconds: 60, measuring: 10 }),
  theirs: measured({ seconds: 80, compiled: ['build-wheel'] }),
  images: 2,
  verdict: { limit: 69, against: 1, misses: [], isClose: { seconds: false, against: false } },
  ...changes,
})

const rowsOf = (...lines: Line[]): string[] =>
  tables([{ title: 'docker pull', measured: measured({}) }], lines)
    .split('\n')
    .filter((row) => !/^(\| --- |$)/.test(row))

it('has the floor, each row as a ratio to it, and the traffic of both sides', () => {
  const [, floor, cost, , ours, theirs] = rowsOf(line({}))
  expect(floor).toMatch(/^\| docker pull \| 40\.0 \| 1\.00 \| – \|/)
  expect(cost).toBe(
    '| NIXL 0.7.1 | 60.0 | 1.50 | 50.0 | 1.25 | 0.0 | 69.0 | 80.0 | 2.00 | 1.33 | 1.60 | 1 | yes |',
  )
  expect(ours).toBe('| NIXL 0.7.1 | ours | 2.0 GB | 1.0 KB | 1 | 1.0 | 90 MB | nothing |')
  expect(theirs).toContain('| build-push-action | 2.0 GB | 1.0 KB | 1 | 1.0 | 90 MB | build-wheel |')
})

it('shows what is beyond a limit, and that a median counts', () => {
  const verdict = { ...line({}).verdict, misses: ['1.0 s too slow', '151 MB, not 150'] }
  const [, , cost = ''] = rowsOf(line({ times: 3, verdict }))
  expect(cost).toContain('| NIXL 0.7.1 (median of 3) |')
  expect(cost).toMatch(/\| 1\.0 s too slow; 151 MB, not 150 \|$/)
})

it('compares nothing without build-push-action, or if a side failed', () => {
  const [, , alone = ''] = rowsOf(line({ theirs: undefined }))
  expect(alone).toMatch(/\| 69\.0 \| – \| – \| – \| – \| – \| yes \|$/)
  const [, , failed = ''] = rowsOf(line({ theirs: measured({ seconds: 5, failed: true }) }))
  expect(failed).toMatch(/\| failed after 5\.0 \| – \| – \| – \| 1 \| failed \|$/)
})
