import { afterEach, describe, expect, it } from '@jest/globals'
import { type Leftover, remember, remembered } from '../../../src/system/github/state.ts'
import { useStep } from '../../support/step.ts'

const step = useStep()

const handed: string[] = []
afterEach(() => {
  for (const name of handed.splice(0)) Reflect.deleteProperty(process.env, name)
})

/** Hands the state to post as a runner does: in its environment. */
function beginPost(): void {
  for (const [name, value] of Object.entries(step().state())) {
    handed.push(`STATE_${name}`)
    process.env[`STATE_${name}`] = value
  }
}

const leftovers: Leftover[] = ['privateFolder', 'builder']

describe.each(leftovers)('what post has to clean up: %s', (leftover) => {
  it('comes to it as it was remembered last, whatever it is', () => {
    remember(leftover, 'first')
    remember(leftover, '/tmp/a b=c\n%0A"é')
    beginPost()
    expect(remembered(leftover)).toBe('/tmp/a b=c\n%0A"é')
  })

  it('is nothing once it is cleaned up', () => {
    remember(leftover, 'x')
    remember(leftover, '')
    beginPost()
    expect(remembered(leftover)).toBe('')
  })

  it('is nothing where main came to nothing', () => {
    beginPost()
    expect(remembered(leftover)).toBe('')
  })
})

it('what post has to clean up is kept under names of their own', () => {
  for (const leftover of leftovers) remember(leftover, leftover)
  beginPost()
  expect(leftovers.map(remembered)).toEqual(leftovers)
})
