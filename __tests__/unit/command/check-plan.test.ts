import { describe, expect, it } from '@jest/globals'
import { refuseOtherMirrors, refuseOtherRegistry } from '../../../src/command/check-plan.ts'
import { parseRepository } from '../../../src/registry/content/reference.ts'
import { makePlan, makePlannedImage, sglang } from '../../support/reports.ts'

const planWith = (...names: string[]) =>
  makePlan([
    makePlannedImage(undefined, undefined, {
      mirrors: names.map((name) => ({ repository: parseRepository(name), missingTags: [] })),
    }),
    makePlannedImage(sglang()),
  ])
const given = (...names: string[]) => ({
  mirrors: names.map((name) => ({ engine: 'vllm' as const, repository: parseRepository(name) })),
})
const [ghcr, quay] = ['ghcr.io/acme/vllm-openai', 'quay.io/acme/vllm-openai']

it("a plan for another registry does not get this one's credentials", () => {
  expect(() => {
    refuseOtherRegistry(planWith(), { registry: 'ghcr.io' })
  }).toThrow('registry: the plan publishes to docker.io, but ghcr.io was given;')
  expect(() => {
    refuseOtherRegistry(planWith(), { registry: 'docker.io' })
  }).not.toThrow()
})

describe('a plan is promoted', () => {
  it.each([
    ['without mirrors', planWith(), given()],
    ['with the mirrors of the input, in any order', planWith(ghcr, quay), given(quay, ghcr)],
    ['without mirrors if it pushes nothing', { ...planWith(), publicTags: 'ignore' as const }, given(ghcr)],
  ])('%s', (_, plan, input) => {
    expect(() => {
      refuseOtherMirrors(plan, input)
    }).not.toThrow()
  })

  it.each([
    [
      'not with mirrors that this job does not name',
      planWith(ghcr),
      given(),
      `to ${ghcr}, but none was given`,
    ],
    [
      'not with more mirrors than this job names',
      planWith(ghcr, quay),
      given(ghcr),
      `to ${ghcr}, ${quay}, but ${ghcr} was given`,
    ],
    ['not with fewer', planWith(), given(ghcr), `to no repository, but ${ghcr} was given`],
  ])('%s', (_, plan, input, expected) => {
    expect(() => {
      refuseOtherMirrors(plan, input)
    }).toThrow(`mirrors: the plan mirrors vLLM ${expected}; use the same for plan and promote.`)
  })
})
