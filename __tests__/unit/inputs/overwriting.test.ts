import { describe, expect, it } from '@jest/globals'
import { inputsOf } from '../../support/machine.ts'

const dated = '{{engine-version}}-{{date}}'
const tags = `${dated}\n  stable \n{{engine-version}}`

const overwriting = (given: Record<string, string>) => {
  const { publicTags, overwritable } = inputsOf({ tags, ...given }).plan
  return { publicTags, overwritable }
}

describe('overwrite-tags', () => {
  it.each<[string, string, string[]]>([
    ['false', 'look', []],
    ['off', 'look', []],
    ['true', 'overwrite', []],
    ['True', 'overwrite', []],
    ['stable', 'look', ['stable']],
    [' stable \n\n {{engine-version}}', 'look', ['stable', '{{engine-version}}']],
    [dated, 'look', [dated]],
  ])('%j', (given, publicTags, overwritable) => {
    expect(overwriting({ 'overwrite-tags': given })).toEqual({ publicTags, overwritable })
  })

  it('is irrelevant if nothing is pushed', () => {
    const read = overwriting({ 'overwrite-tags': 'stable', push: 'false' })
    expect(read).toEqual({ publicTags: 'ignore', overwritable: [] })
  })

  const allowed = `use true, false, or a line for each of the tags that may be moved: "${dated}", "stable", "{{engine-version}}".`

  it.each([
    ['latest', `overwrite-tags: "latest" is not allowed; ${allowed}`],
    ['', `overwrite-tags: the input is empty; ${allowed}`],
    ['stable\ntrue', `overwrite-tags: "true" is not allowed; ${allowed}`],
    // Another text for the same tag may be a mistake.
    ['{{ engine-version }}', `overwrite-tags: "{{ engine-version }}" is not allowed; ${allowed}`],
    ['stable, latest', `overwrite-tags: "stable, latest" is not allowed; ${allowed}`],
  ])('%j is refused with what is allowed', (given, sentence) => {
    expect(() => overwriting({ 'overwrite-tags': given })).toThrow(sentence)
  })
})
