import * as v from 'valibot'
import { withoutUserInformation } from '../../registry/index.ts'
import type { Determinants } from '../keys/build-id.ts'
import { canonicalJson } from '../canonical.ts'
import type { Change } from '../plan.ts'
import { excerpt } from '../../text.ts'
import { recordOf, parsed } from '../../json.ts'

/** Name of a determinant → its value; those of build arguments and variables are each for itself: `buildArguments.NAME`. */
export type KnownDeterminants = ReadonlyMap<string, string>

/** Characters of the label, and of what a plan says of one value. A label is foreign text. */
const labelLimit = 64 * 1024
const valueLimit = 100

const value = v.nullable(v.union([v.string(), recordOf(v.string(), v.string())]))

/** Another version of the action may have had other determinants: they are what the label says. */
const schema = recordOf(v.string(), value)

/** @param label as an image has it @returns undefined if it can't be read */
export function parseDeterminants(label: string): KnownDeterminants | undefined {
  const known = label.length > labelLimit ? undefined : parsed(schema, label)
  return known && flat(known)
}

/**
 * What differs, a determinant once where it is the same on several platforms.
 * @param legs each with what an earlier image of its platform was made of
 */
export function changesOf(
  legs: readonly { platform: string; old: KnownDeterminants; now: Determinants }[],
): Change[] {
  const changes = new Map<string, Change>()
  for (const { platform, old, now } of legs) {
    const values = flat(now)
    for (const what of [...new Set([...old.keys(), ...values.keys()])].sort()) {
      const [from, to] = [old.get(what) ?? null, values.get(what) ?? null]
      if (from === to) continue
      const change = { what: excerpt(what), from: shown(from), to: shown(to) }
      const key = canonicalJson(change)
      changes.set(key, { ...change, platforms: [...(changes.get(key)?.platforms ?? []), platform] })
    }
  }
  return [...changes.values()]
}

/** An image of an earlier version of the action may have a proxy's password in its label. */
function shown(text: string | null): string | null {
  return text === null ? null : excerpt(withoutUserInformation(text), valueLimit)
}

function flat(
  determinants: Readonly<Record<string, string | null | Record<string, string>>>,
): KnownDeterminants {
  return new Map(
    Object.entries(determinants).flatMap(([name, one]): [string, string][] => {
      if (one === null) return []
      if (typeof one === 'string') return [[name, one]]
      return Object.entries(one).map(([key, inner]) => [`${name}.${key}`, inner])
    }),
  )
}
