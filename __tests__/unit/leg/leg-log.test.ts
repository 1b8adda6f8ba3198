import { describe, expect, it } from '@jest/globals'
import { createLegLog, type LegLog, legNames } from '../../../src/leg/leg-log.ts'
import type { PlannedImage } from '../../../src/plan/plan.ts'
import { makePlannedImage, makePlannedImages, sglang } from '../../support/reports.ts'

const id = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1'
const other = makePlannedImage()

describe('the name in front of a line', () => {
  it.each<[string, PlannedImage[], string[]]>([
    ['nothing', [], []],
    ['the version of an engine', [makePlannedImage()], ['vllm v0.21.0']],
    [
      'the versions of two engines',
      [makePlannedImage(), makePlannedImage(sglang())],
      ['vllm v0.21.0', 'sglang v0.5.11'],
    ],
    ['different versions', makePlannedImages(2), ['vllm v0.1.0', 'vllm v0.2.0']],
    [
      'the id if two platforms have the same version',
      [makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'])],
      [`${id}-amd64`, `${id}-arm64`],
    ],
    [
      'the id if two images have the same version, beside one that is alone',
      [
        makePlannedImage(),
        { ...other, legs: [{ ...other.legs[0], id: 'other' }] },
        makePlannedImage(sglang()),
      ],
      [`${id}-amd64`, 'other', 'sglang v0.5.11'],
    ],
  ])('is %s', (_, images, expected) => {
    expect([...legNames({ images }).values()]).toEqual(expected)
  })

  it('exists for every leg, by its id', () => {
    const images = [makePlannedImage(undefined, ['linux/amd64', 'linux/arm64'])]
    expect([...legNames({ images }).keys()]).toEqual([`${id}-amd64`, `${id}-arm64`])
  })
})

/** @returns the log after these lines of a leg and its end */
function logged(isParallel: boolean, lines: string[]): string[] {
  const all: string[] = []
  const log = createLegLog('vllm v0.21.0', isParallel, (line) => all.push(line))
  for (const line of lines) log.print(line)
  log.end()
  return all
}

describe('the lines of a leg', () => {
  it('are in the log once if it is built alone', () => {
    expect(logged(false, ['a', 'b'])).toEqual(['a', 'b'])
  })

  it('have its name and are repeated in a group if it is built in parallel', () => {
    expect(logged(true, ['a', 'b'])).toEqual([
      'vllm v0.21.0 | a',
      'vllm v0.21.0 | b',
      '::group::vllm v0.21.0',
      'a',
      'b',
      '::endgroup::',
    ])
    expect(logged(true, [])).toEqual(['::group::vllm v0.21.0', '::endgroup::'])
  })

  it('are not mixed with those of another leg in their group', () => {
    const all: string[] = []
    const [one, two] = ['one', 'two'].map((name) => createLegLog(name, true, (line) => all.push(line)))
    one?.print('a')
    two?.print('b')
    one?.print('c')
    one?.end()
    two?.end()
    expect(all).toEqual([
      'one | a',
      'two | b',
      'one | c',
      '::group::one',
      'a',
      'c',
      '::endgroup::',
      '::group::two',
      'b',
      '::endgroup::',
    ])
  })

  it('are the last 5000 in the group, which reports how many are above', () => {
    const lines = Array.from({ length: 5003 }, (_, index) => `line ${index}`)
    expect(logged(true, lines).slice(5003)).toEqual([
      '::group::vllm v0.21.0',
      '(the first 3 lines are above)',
      ...lines.slice(3),
      '::endgroup::',
    ])
    expect(logged(true, lines.slice(3)).slice(5000)[1]).toBe('line 3')
  })
})

describe('the steps of a leg', () => {
  function steps(isParallel: boolean, work: (log: LegLog) => void): string[] {
    const all: string[] = []
    work(createLegLog('vllm v0.21.0', isParallel, (line) => all.push(line)))
    return all
  }

  it('are a group each if it is built alone, and sentences are outside of them', () => {
    const said = steps(false, (log) => {
      for (const title of ['measure the base', 'compile']) {
        const end = log.step(title)
        log.print('a')
        end()
      }
      log.say('17 of 17 gates passed')
      log.end()
    })
    expect(said).toEqual([
      ...['::group::vllm v0.21.0: measure the base', 'a', '::endgroup::'],
      ...['::group::vllm v0.21.0: compile', 'a', '::endgroup::'],
      '17 of 17 gates passed',
    ])
  })

  it('are one group if they run in parallel', () => {
    const said = steps(false, (log) => {
      const [one, two] = [log.step('compile'), log.step('compile')]
      log.print('a')
      one()
      log.print('b')
      two()
    })
    expect(said).toEqual(['::group::vllm v0.21.0: compile', 'a', 'b', '::endgroup::'])
  })

  it('are no groups beside parallel legs, since groups cannot be nested', () => {
    const said = steps(true, (log) => {
      log.step('compile')()
      log.say('17 of 17 gates passed')
    })
    expect(said).toEqual(['17 of 17 gates passed'])
  })
})
