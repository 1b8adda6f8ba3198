import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { Engine } from '../../../src/plan/engine.ts'
import { parseEngineVersion } from '../../../src/plan/version.ts'
import { type Facts, factsSchema } from '../../../src/verify/facts.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { makeLeg } from '../../support/verified-leg.ts'

// Facts that `dockerfiles/scripts/measure` wrote in real bases and the images made of them: <engine>-<version>/{base,image}.json

const folder = new URL('../../fixtures/facts/', import.meta.url)
const measured = readdirSync(folder)

/** What each of them was built with, where it is not what the factory says; fewer GPU architectures compile faster. */
const builtWith: Record<string, { aibrix?: string; gpuArchitectures?: string[] }> = {
  'vllm-v0.21.0': { gpuArchitectures: ['9.0'] },
  'vllm-v0.10.2': { aibrix: 'v0.5.0' },
}

function read(name: string, which: 'base' | 'image'): Facts {
  return v.parse(factsSchema, JSON.parse(readFileSync(new URL(`${name}/${which}.json`, folder), 'utf8')))
}

describe('facts of real images', () => {
  it.each(measured)('%s passes every gate', (name) => {
    const [engine = '', tag = ''] = name.split(/-(.*)/)
    const version = parseEngineVersion(tag)
    if (!version) throw new Error(`${name} names no version`)
    const { aibrix = 'v0.7.0', gpuArchitectures = 'auto' } = builtWith[name] ?? {}
    const leg = makeLeg({ engine: engine as Engine, version, gpuArchitectures })
    leg.aibrix.ref = aibrix
    const facts = { base: read(name, 'base'), image: read(name, 'image') }
    expect(judgeFacts(leg, facts).filter(({ state }) => state !== 'pass')).toEqual([])
  })
})
