import { describe, expect, it } from '@jest/globals'
import { commandBlock, optionALine } from '../../../src/report/shell.ts'

describe('a command in the summary', () => {
  it.each([
    [
      'has a line for each option',
      'docker buildx build --file Dockerfile --build-arg A=1 --push -- folder',
      'docker buildx build \\\n  --file Dockerfile \\\n  --build-arg A=1 \\\n  --push \\\n  -- folder',
    ],
    [
      'keeps what is quoted whole',
      "a --x 'b --c\nd' --y 'e'\\''f'",
      "a \\\n  --x 'b --c\nd' \\\n  --y 'e'\\''f'",
    ],
    ['may be several commands', 'a --b\nc --d', 'a \\\n  --b\nc \\\n  --d'],
    ['keeps its comments', '# First --this\n# then\na --b', '# First --this\n# then\na \\\n  --b'],
    ['stays as it is if it already has several lines', 'a \\\n  --b --c', 'a \\\n  --b --c'],
    [
      'continues a word that is too long on the next line',
      `a --x ${'b'.repeat(90)}@${'c'.repeat(40)} --y`,
      `a \\\n  --x ${'b'.repeat(90)}@\\\n${'c'.repeat(40)} \\\n  --y`,
    ],
    [
      'keeps a long word without punctuation or in quotes',
      `a --x ${'b'.repeat(200)} --y '${'c,'.repeat(100)}'`,
      `a \\\n  --x ${'b'.repeat(200)} \\\n  --y '${'c,'.repeat(100)}'`,
    ],
    ['may be empty', '', ''],
  ])('%s', (_, text, expected) => {
    expect(optionALine(text)).toBe(expected)
  })

  it.each([
    [99, '```sh\ndocker pull x{99}\n```'],
    [101, '```sh\ndocker pull \\\\\n  x{101}\n```'],
    [111, '<code>docker pull x{111}</code>'],
  ])('with an operand of %d characters is no wider than the page', (length, expected) => {
    expect(commandBlock('docker pull', 'x'.repeat(length))).toMatch(new RegExp(`^${expected}$`))
  })
})
