import { describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import type { Engine } from '../../../src/plan/engine.ts'
import { parseEngineVersion } from '../../../src/plan/versions/version.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { realFacts } from '../../support/measured-facts.ts'

// Facts that script/real measured in real bases and the images built on them:
// <engine>-<version>/{base,image}.json, with the measurements as the image's user in `running`

const folder = new URL('../../fixtures/facts/', import.meta.url)
const measured = readdirSync(folder)

/** The AIBrix of an image, if not the default */
const aibrixOf: Record<string, string> = { 'vllm-v0.10.2': 'v0.5.0' }

describe('facts of real images', () => {
  it.each(measured)('%s passes every gate', (name) => {
    const [engine = '', tag = ''] = name.split(/-(.*)/)
    const version = parseEngineVersion(tag)
    if (!version) throw new Error(`${name} names no version`)
    const leg = makeLeg({ engine: engine as Engine, version })
    leg.aibrix.ref = aibrixOf[name] ?? 'v0.7.0'
    const facts = { base: realFacts(name, 'base'), image: realFacts(name, 'image') }
    expect(judgeFacts(leg, facts).filter(({ state }) => state !== 'pass')).toEqual([])
  })
})
