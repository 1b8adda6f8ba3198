import { expect, it } from '@jest/globals'
import { measuringSeconds } from '../../../script/bench-measuring.ts'
import type { StepTime } from '../../../src/store/index.ts'

const step = (name: string, started: number, ended: number, cached = false): StepTime => ({
  name,
  started: started * 1000,
  duration: (ended - started) * 1000,
  cached,
  failed: false,
})

it('counts the seconds in which nothing but measuring ran, also in two steps at once', () => {
  const steps = [
    step('[base 1/1] FROM vllm', 0, 10),
    step('[measured-base 1/1] RUN measure base', 5, 20),
    step('[running-base 1/1] RUN as-user measure running-base', 18, 25),
    step('[wheel-builder 1/1] RUN build-wheel', 22, 30),
    step('[measured-image 1/2] RUN measure image', 40, 50),
    step('[linux/amd64 measured-image 2/2] RUN as-user measure running-image', 50, 51),
  ]
  expect(measuringSeconds(steps)).toBe(12 + 10 + 1)
})

it('counts neither cached steps nor a FROM, nor measuring beside two steps that meet', () => {
  const steps = [
    step('[measured-base 1/1] RUN measure base', 0, 10, true),
    step('[measured-base 1/1] FROM base', 20, 30),
    step('[measured-image 1/2] RUN measure image', 40, 50),
    step('exporting to image', 38, 45),
    step('pushing layers', 45, 50),
  ]
  expect(measuringSeconds(steps)).toBe(0)
})

it('is nothing if nothing was built', () => {
  expect(measuringSeconds([])).toBe(0)
})
