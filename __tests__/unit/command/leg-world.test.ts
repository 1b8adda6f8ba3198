import { expect, it } from '@jest/globals'
import { actionDefaults } from '../../../script/action-defaults.ts'
import { createSettings } from '../../../src/command/leg-world.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import type { NixlVersions } from '../../../src/plan/nixl-index.ts'
import type { PlannedLeg } from '../../../src/plan/plan.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { makePlannedImage } from '../../support/reports.ts'
import { makeFacts } from '../../support/verified-leg.ts'

/** How a leg is built in a scheduled run. */
function settingsOf(given: Record<string, string>, leg: Partial<PlannedLeg>, answer: NixlVersions) {
  const [planned] = makePlannedImage().legs
  const inputs = readInputs((name) => given[name] ?? actionDefaults()[name] ?? '', {
    event: { name: 'schedule', ref: '', repositoryUrl: '', tag: undefined },
    now: new Date(),
    fileExists: () => true,
  })
  const { cacheRepository } = inputs.plan
  const nixl = { versions: () => Promise.resolve(answer) }
  const machine = { dockerfiles: 'dockerfiles', environment: {} }
  const ofLeg = createSettings(machine, inputs, cacheRepository, inputs.build, new Map(), nixl, '0123abcd')
  return ofLeg({ ...planned, ...leg })
}

/** What is said against a leg by facts of its base. */
async function objection(
  feasibility: PlannedLeg['feasibility'],
  change: (facts: Facts) => void,
  answer: NixlVersions,
) {
  const { base } = makeFacts()
  change(base)
  return settingsOf({}, { feasibility }, answer).objection?.(base)
}

const newPython = ({ python }: Facts): void => {
  python.version = '3.13.1'
}
const nothing = (): void => undefined
const noPip: NixlVersions = { state: 'no-pip', reason: 'python3 has no pip' }
const known = (...versions: string[]): NixlVersions => ({ state: 'known', versions })

it.each<[string, PlannedLeg['feasibility'], (facts: Facts) => void, NixlVersions, string | undefined]>([
  ['is impossible, whatever the plan took for possible', 'possible', newPython, noPip, 'needs Python <3.13'],
  ['is impossible, where the plan could not tell', 'unknown', newPython, noPip, 'needs Python <3.13'],
  ['is built in any case', 'forced', newPython, noPip, undefined],
  ['is as the plan says', 'possible', nothing, known('0.7.1'), undefined],
  ['is as the plan says, without pip', 'possible', nothing, noPip, undefined],
  ['has no wheel of NIXL', 'possible', nothing, known('0.7.0'), 'NIXL 0.7.1 has no wheel for Python 3.12'],
])('by the facts of its base a leg %s (%s)', async (_, feasibility, change, answer, expected) => {
  const reason = await objection(feasibility, change, answer)
  if (expected === undefined) expect(reason).toBeUndefined()
  else expect(reason).toContain(expected)
})

it.each<[string, Record<string, string>, boolean | undefined]>([
  ['read and written by a run that pushes', {}, true],
  ['read alone by one that does not', { push: 'false' }, false],
  ['left alone with cache: off', { cache: 'off' }, undefined],
])('the layer cache is %s', (_, given, write) => {
  const { layerCache } = settingsOf(given, {}, noPip)
  expect(layerCache?.write).toBe(write)
  expect(layerCache?.repository.path).toBe(write === undefined ? undefined : 'aibrix/image-cache')
})
