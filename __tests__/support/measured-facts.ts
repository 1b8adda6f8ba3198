import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as v from 'valibot'
import { type Facts, factsSchema, type LegFacts } from '../../src/verify/facts.ts'

/** Files that the measurements of base and image write: name → text. */
export function measuredFiles({ base, image }: LegFacts): Record<string, string> {
  const files = Object.entries({ base, image }).flatMap(([name, { running, ...asRoot }]) => [
    [`${name}.json`, JSON.stringify(asRoot)],
    [`running-${name}.json`, JSON.stringify(running)],
  ])
  return Object.fromEntries(files) as Record<string, string>
}

/** Returns the text of one of these files, by its path. */
export function readMeasured(facts: LegFacts) {
  return (path: string): Promise<string> => Promise.resolve(measuredFiles(facts)[basename(path)] ?? '')
}

/**
 * Returns the facts of a real base or image.
 * @param name folder below __tests__/fixtures/facts: `vllm-v0.21.0`
 */
export function realFacts(name: string, which: 'base' | 'image'): Facts {
  return v.parse(
    v.pipe(v.string(), v.parseJson(), factsSchema),
    readFileSync(`__tests__/fixtures/facts/${name}/${which}.json`, 'utf8'),
  )
}
