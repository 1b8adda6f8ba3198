import { expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

it('docs/security.md names tests and files that exist', () => {
  const text = readFileSync('docs/security.md', 'utf8')
  const tests = [...text.matchAll(/`((?:unit|integration|python)\/[\w./-]+)`/g)].map(([, path = '']) =>
    join('__tests__', path),
  )
  const files = [...text.matchAll(/`(dockerfiles\/[\w./-]+)`/g)].map(([, path = '']) => path)
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => join('docs', path))
  expect(tests.length).toBeGreaterThan(10)
  expect([...tests, ...files, ...links].filter((path) => !existsSync(path))).toEqual([])
})
