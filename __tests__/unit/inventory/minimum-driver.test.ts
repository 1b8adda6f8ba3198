import { expect, it } from '@jest/globals'
import { minimumDriver } from '../../../src/inventory/minimum-driver.ts'

it.each([
  ['11.8', '450.80.02'],
  ['12.1', '525.60.13'],
  ['12.9', '525.60.13'],
  ['13.0', '580.65.06'],
  ['14.0', null],
  ['', null],
  ['constructor', null],
  ['toString.1', null],
  ['__proto__', null],
  [undefined, null],
])('CUDA %s needs the driver %s', (cuda, driver) => {
  expect(minimumDriver(cuda)).toBe(driver)
})
