import { describe, expect, it } from '@jest/globals'
import { watchQuiet } from '../../../src/buildkit/quiet.ts'
import type { Timers } from '../../../src/system/clock.ts'

/** A clock that a test moves, with its timers. */
function clock() {
  let time = 0
  let timers: { interval: number; next: number; action: () => void }[] = []
  const every: Timers['every'] = (interval, action) => {
    const timer = { interval, next: time + interval, action }
    timers.push(timer)
    return () => {
      timers = timers.filter((other) => other !== timer)
    }
  }
  const pass = (milliseconds: number): void => {
    for (const end = time + milliseconds; time < end;) {
      time += 1
      for (const timer of timers)
        if (timer.next === time) {
          timer.next += timer.interval
          timer.action()
        }
    }
  }
  return { timers: { now: () => time, every }, pass, running: () => timers.length }
}

describe('a build without output', () => {
  it('is stopped at its limit, or shortly after', () => {
    const { timers, pass } = clock()
    pass(7)
    const { signal } = watchQuiet(timers, 1000)
    pass(999)
    expect(signal.aborted).toBe(false)
    pass(101)
    expect(signal.aborted).toBe(true)
  })

  it('has all of its time again after each output', () => {
    const { timers, pass } = clock()
    const watch = watchQuiet(timers, 1000)
    for (let word = 0; word < 5; word += 1) {
      pass(999)
      watch.heard()
    }
    expect(watch.signal.aborted).toBe(false)
    pass(1100)
    expect(watch.signal.aborted).toBe(true)
  })

  it('may run for ever without a limit', () => {
    const { timers, pass, running } = clock()
    const watch = watchQuiet(timers, undefined)
    pass(100_000)
    watch.stop()
    expect([watch.signal.aborted, running()]).toEqual([false, 0])
  })

  it('is not watched after its end', () => {
    const { timers, pass, running } = clock()
    const watch = watchQuiet(timers, 1000)
    watch.stop()
    pass(5000)
    expect([watch.signal.aborted, running()]).toEqual([false, 0])
  })
})
