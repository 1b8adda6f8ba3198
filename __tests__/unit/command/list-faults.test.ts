import { beforeAll, describe, it } from '@jest/globals'
import pLimit from 'p-limit'
import { runUndisturbed, type UndisturbedInProcess } from '../../support/faults/in-process.ts'
import { attemptList, listing } from '../../support/faults/of-a-list.ts'

const minutes = 60_000

/** They mostly wait. */
const many = pLimit(32)

let published: UndisturbedInProcess
beforeAll(async () => {
  published = await runUndisturbed()
}, minutes)

describe('a list is right, with a warning about what it can do without, or fails with one sentence at', () => {
  it.concurrent.each(listing.map((combination) => [combination.name, combination] as const))(
    '%s',
    (_, combination) => many(() => attemptList(combination, published.content)),
    2 * minutes,
  )
})
