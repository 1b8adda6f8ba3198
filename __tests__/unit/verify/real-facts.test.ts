import { describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import type { Engine } from '../../../src/plan/engine.ts'
import { parseEngineVersion } from '../../../src/plan/version.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { realFacts } from '../../support/measured-facts.ts'

// Facts that `dockerfiles/scripts/measure` wrote in real bases and the images made of them: <engine>-<version>/{base,image}.json

const folder = new URL('../../fixtures/facts/', import.meta.url)
const measured = readdirSync(folder)

/** What each of them was built with, where it is not what the factory says; fewer GPU architectures compile faster. */
const builtWith: Record<string, { aibrix?: string; gpuArchitectures?: string[] }> = {
  'vllm-v0.21.0': { gpuArchitectures: ['9.0'] },
  'vllm-v0.10.2': { aibrix: 'v0.5.0' },
}

describe('facts of real images', () => {
  it.each(measured)('%s passes every gate', (name) => {
    const [engine = '', tag = ''] = name.split(/-(.*)/)
    const version = parseEngineVersion(tag)
    if (!version) throw new Error(`${name} names no version`)
    const { aibrix = 'v0.7.0', gpuArchitectures = 'auto' } = builtWith[name] ?? {}
    const leg = makeLeg({ engine: engine as Engine, version, gpuArchitectures })
    leg.aibrix.ref = aibrix
    const facts = { base: realFacts(name, 'base'), image: realFacts(name, 'image') }
    expect(judgeFacts(leg, facts).filter(({ state }) => state !== 'pass')).toEqual([])
  })
})
