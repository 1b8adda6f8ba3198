import { ucxOf } from '../../support/verified-leg.ts'
import { describe, expect, it } from '@jest/globals'
import { checkSources } from '../../../src/leg/sources.ts'
import { UserError } from '../../../src/errors.ts'
import type { PlannedImage, PlannedLeg, Published } from '../../../src/plan/plan.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { makePlan, makePlannedImage } from '../../support/reports.ts'

const path = { kind: 'path', path: '/srv/source' } as const

/** @returns what is fetched for a plan of one image. @param leg changes of its leg */
async function fetched(leg: Partial<PlannedLeg>, image: Partial<PlannedImage> = {}): Promise<string[]> {
  const planned = makePlannedImage(undefined, undefined, image)
  const [first] = planned.legs
  const asked: string[] = []
  await checkSources(makePlan([{ ...planned, legs: [{ ...first, ...leg }] }]), (component, { ref }) => {
    asked.push(`${component} ${ref}`)
    return Promise.resolve('/fetched')
  })
  return asked
}

describe('the sources of a plan', () => {
  const [leg] = makePlannedImage().legs
  const aibrix = { ...leg.aibrix, repository: path }
  const ucx = { ...ucxOf(leg), repository: path }

  it.each<[string, Partial<PlannedLeg>, string[]]>([
    ['on this machine', { aibrix, ucx }, [`aibrix ${aibrix.ref}`, `ucx ${ucx.ref}`]],
    ['elsewhere', {}, []],
    ['of which one is on this machine', { ucx }, [`ucx ${ucx.ref}`]],
    ['of a leg that is staged', { aibrix, ucx, existing: 'staged' }, []],
  ])('%s', async (_, changes, expected) => {
    expect(await fetched(changes)).toEqual(expected)
  })

  it('of a published image are not fetched', async () => {
    const digest = digestOf(Buffer.from('image'))
    const published: Published = { kind: 'same', digest, tags: ['v1'], missingTags: [] }
    expect(await fetched({ aibrix, ucx }, { published })).toEqual([])
  })

  it('that cannot be built fail the plan', async () => {
    const image = makePlannedImage()
    const plan = makePlan([{ ...image, legs: [{ ...leg, aibrix }] }])
    const refuse = () => Promise.reject(new UserError('It is a shallow clone.'))
    await expect(checkSources(plan, refuse)).rejects.toThrow('It is a shallow clone.')
  })
})
