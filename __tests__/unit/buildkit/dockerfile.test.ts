import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { environmentLines, withEnvironment, withoutAbsentSecrets } from '../../../src/buildkit/dockerfile.ts'
import { engineNames, engines } from '../../../src/plan/engine.ts'
import { oneLine } from '../../../src/plan/keys/variables.ts'

/**
 * A line of ENV as BuildKit reads it (frontend/dockerfile/shell/lex.go, `processDoubleQuote`),
 * which would expand a `$` that is left.
 */
function parsed(line: string): [string, string] {
  const [, name = '', quoted = ''] = /^ENV (\w+)="((?:\\.|[^"\\])*)"$/su.exec(line) ?? []
  const rest = quoted.replace(/\\["$\\]/g, '')
  if (/[$"]/.test(rest)) throw new Error(`BuildKit would expand a part of ${line}`)
  return [name, quoted.replace(/\\(["$\\])/g, '$1')]
}

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', "'", '\\', '$', '{', '}', '`', '#', ' ', '\t', '<', 'n', '='),
    fc.string(),
  ),
})

describe('variables in a Dockerfile', () => {
  it('arrive unchanged, whatever their values', () => {
    fc.assert(
      fc.property(
        hostile.filter((value) => oneLine.test(value)),
        (value) => {
          const [line = '', ...more] = environmentLines({ NAME: value })
          expect(more).toEqual([])
          expect(line).not.toContain('\n')
          expect(parsed(line)).toEqual(['NAME', value])
        },
      ),
    )
  })

  it('are sorted by name', () => {
    expect(environmentLines({ B: '2', A: '1', a: '3' })).toEqual(['ENV A="1"', 'ENV B="2"', 'ENV a="3"'])
  })

  it.each(engineNames)('are at the end of the stage image, after the USER, for %s', (engine) => {
    const dockerfile = readFileSync(`dockerfiles/${engines[engine].dockerfile}`, 'utf8')
    const added = withEnvironment(dockerfile, { A: '1', B: '$C' })
    const at = added.indexOf('ENV A="1"\nENV B="\\$C"\n')
    expect(added.slice(0, at)).toMatch(/\nUSER \$\{BASE_USER\}\n$/)
    expect(
      added
        .slice(0, at)
        .match(/^FROM .*$/gm)
        ?.at(-1),
    ).toBe('FROM with-packages${EXTRA_FILES:+-and-files} AS image')
    expect(added.slice(at)).toMatch(/^ENV A="1"\nENV B="\\\$C"\n\nFROM image AS measured-image\n/)
    expect(added.replace('ENV A="1"\nENV B="\\$C"\n', '')).toBe(dockerfile)
  })

  it('change nothing if there are none', () => {
    expect(withEnvironment('FROM x AS y\n', {})).toBe('FROM x AS y\n')
  })

  it.each([
    ['FROM a AS image', 'FROM a AS image\nENV A="1"'],
    ['FROM a AS image\n', 'FROM a AS image\nENV A="1"\n'],
    [
      'FROM a AS image\nRUN x\n\nFROM image AS final\n',
      'FROM a AS image\nRUN x\nENV A="1"\n\nFROM image AS final\n',
    ],
  ])('are added to %j', (dockerfile, expected) => {
    expect(withEnvironment(dockerfile, { A: '1' })).toBe(expected)
  })

  it('need a stage image', () => {
    expect(() => withEnvironment('FROM a AS images\n', { A: '1' })).toThrow('no stage "image"')
  })
})

describe('secrets that a build is not given', () => {
  const mount = (id: string) => `    --mount=type=secret,id=${id},required=false \\\n`
  const step = (...ids: string[]) =>
    `RUN --mount=type=tmpfs,target=/tmp \\\n${ids.map(mount).join('')}    ["/bin/sh", "run"]\n`

  it.each<[string, string[], string, string]>([
    ['none is given', [], step('a', 'b-c') + step('a'), step() + step()],
    ['one is given', ['b-c'], step('a', 'b-c'), step('b-c')],
    ['all are given', ['a', 'b-c'], step('a', 'b-c'), step('a', 'b-c')],
    ['another is given', ['other', 'b'], step('a', 'b-c'), step()],
  ])('are not mounted where %s', (_, given, dockerfile, expected) => {
    expect(withoutAbsentSecrets(dockerfile, new Set(given))).toBe(expected)
  })

  it.each([
    'RUN --mount=type=secret,id=a,required=true x\n',
    '    --mount=type=secret,id=a,required=true \\\n',
    '    --mount=type=bind,source=a,target=/a \\\n',
  ])('stay mounted where they are required, and so does what is no secret: %j', (text) => {
    expect(withoutAbsentSecrets(text, new Set())).toBe(text)
  })

  it.each(engineNames)('are each on a line of its own, for %s', (engine) => {
    const dockerfile = readFileSync(`dockerfiles/${engines[engine].dockerfile}`, 'utf8')
    expect(dockerfile).toContain('type=secret')
    expect(withoutAbsentSecrets(dockerfile, new Set())).not.toContain('type=secret')
  })
})
