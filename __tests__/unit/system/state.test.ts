import { afterEach, describe, expect, it } from '@jest/globals'
import { type Leftover, remember, remembered } from '../../../src/system/github/state.ts'
import { useStep } from '../../support/step.ts'

const step = useStep()

/** Fails on a warning. */
function keep(leftover: Leftover, value: string): void {
  remember(leftover, value, (message) => {
    throw new Error(message)
  })
}

const handed: string[] = []
afterEach(() => {
  for (const name of handed.splice(0)) Reflect.deleteProperty(process.env, name)
})

/** Passes the state to post in the environment, as a runner does. */
function beginPost(): void {
  for (const [name, value] of Object.entries(step().state())) {
    handed.push(`STATE_${name}`)
    process.env[`STATE_${name}`] = value
  }
}

const leftovers: Leftover[] = ['privateFolder', 'builder']

describe.each(leftovers)('a leftover for post: %s', (leftover) => {
  it('has its last value, whatever the text', () => {
    keep(leftover, 'first')
    keep(leftover, '/tmp/a b=c\n%0A"é')
    beginPost()
    expect(remembered(leftover)).toBe('/tmp/a b=c\n%0A"é')
  })

  it('is empty after it was cleaned up', () => {
    keep(leftover, 'x')
    keep(leftover, '')
    beginPost()
    expect(remembered(leftover)).toBe('')
  })

  it('is empty if main stored nothing', () => {
    beginPost()
    expect(remembered(leftover)).toBe('')
  })
})

it('the leftovers for post have different names', () => {
  for (const leftover of leftovers) keep(leftover, leftover)
  beginPost()
  expect(leftovers.map(remembered)).toEqual(leftovers)
})
