import { expect, it } from '@jest/globals'
import type { Loopback } from '../../../src/verify/functional-facts.ts'
import { judgeUcxLoopback } from '../../../src/verify/loopback.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

const ok = { outcome: 'ok', megabytesPerSecond: 287.8 } as const
const fault = { outcome: 'error', error: 'no usable transports', sandbox: null } as const
const noMemory = { outcome: 'error', error: 'x', sandbox: '/dev/shm: No space left on device' } as const
const noNetwork = { outcome: 'error', error: 'y', sandbox: '127.0.0.1: Network is unreachable' } as const

const undetermined = (why: string) => `undetermined: Undetermined: ${why}`
const cases: [string, Loopback | null, string][] = [
  ['both move', { sharedMemory: ok, tcp: ok }, 'pass: shared memory 287.8 MB/s, TCP 287.8 MB/s'],
  ['TCP does not', { sharedMemory: ok, tcp: fault }, 'fail: ucx_perftest moves nothing over TCP: no usable'],
  [
    'one has no memory to share, the other is at fault',
    { sharedMemory: noMemory, tcp: fault },
    'fail: ucx_perftest moves nothing over TCP: no usable',
  ],
  [
    'the sandbox has no memory to share',
    { sharedMemory: noMemory, tcp: ok },
    undetermined(
      'where the image is built, no program can use shared memory (/dev/shm: No space left on device); fix',
    ),
  ],
  [
    'the sandbox has neither',
    { sharedMemory: noMemory, tcp: noNetwork },
    undetermined(
      'where the image is built, no program can use shared memory (/dev/shm: No space left on device) and TCP (127.0.0.1: Network is unreachable)',
    ),
  ],
  ['nothing was measured', null, undetermined("ucx_perftest could not be run as the image's user")],
]

it.each(cases)('ucx-loopback where %s', (_, loopback, told) => {
  const facts = makeFacts()
  facts.image.running.loopback = loopback
  const gate = judgeUcxLoopback(makeLeg(), facts)
  expect(`${gate.state}: ${'hint' in gate ? gate.hint : gate.actual}`).toContain(told)
})
