import { expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { withoutAbsentSecrets } from '../../../script/bench-theirs.ts'

it('takes out the lines of secrets that are not given, and nothing else', () => {
  for (const engine of ['vllm', 'sglang']) {
    const text = readFileSync(`dockerfiles/Dockerfile.${engine}`, 'utf8')
    const shortened = withoutAbsentSecrets(text, ['package-index'])
    const kept = text
      .split('\n')
      .filter((line) => !line.includes('type=secret') || line.includes('id=package-index'))
    expect(shortened.split('\n')).toEqual(kept)
    expect(shortened).not.toBe(text)
    expect(withoutAbsentSecrets(text, ['ca-certificates', 'package-index', 'git-credentials'])).toBe(text)
  }
})
