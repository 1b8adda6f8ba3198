import { expect, it } from '@jest/globals'
import { workflowEvent } from '../../../src/inputs/context.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { inputNames } from '../../../src/inputs/names.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import { actionDefaults, readAction } from '../../../script/action-defaults.ts'

it('action.yml has exactly the inputs that are read', () => {
  const defaults = actionDefaults()
  const asked = new Set<string>()
  const read = (name: string) => {
    asked.add(name)
    return defaults[name] ?? ''
  }
  const event = workflowEvent({})
  readInputs(read, { event, now: new Date(0), fileExists: () => true, readFolder: () => undefined })
  expect(Object.keys(defaults).sort()).toEqual(expect.arrayContaining([...asked]))
  // One command each reads these.
  const others = ['leg', 'plan', 'runners', 'where'].filter((name) => !asked.has(name))
  expect([...asked, ...others].sort()).toEqual(Object.keys(defaults).sort())
})

it('action.yml has the listed inputs in this order', () => {
  expect(Object.keys(readAction().inputs)).toEqual(inputNames)
})

it('action.yml has exactly the outputs that are set', () => {
  const ofList = ['list-path', 'page-path', 'behind']
  const ofPrune = ['pruned', 'prune-path']
  const ofFiles = ['attestations', 'attestations-path', 'logs-path']
  const ofPlan = ['plan', 'matrix', 'verify-matrix']
  const ofVerify = ['verified', 'verify-path']
  const set = [
    ...Object.keys(outputsOf([], undefined)),
    ...[...ofPlan, ...ofList, ...ofPrune, ...ofFiles, ...ofVerify],
  ]
  expect(set.sort()).toEqual(Object.keys(readAction().outputs).sort())
})

it('each input and output has a description', () => {
  const { inputs, outputs } = readAction()
  for (const { description } of [...Object.values(inputs), ...Object.values(outputs)])
    expect(description.length).toBeGreaterThan(10)
})
