import * as v from 'valibot'
import { withoutUserInformation } from '../../registry/index.ts'
import { canonicalJson } from '../canonical.ts'
import type { Determinants } from '../keys/build-id.ts'
import type { Change } from '../plan.ts'
import { excerpt } from '../../text.ts'
import { recordOf, parsed } from '../../json.ts'

/** Name of a determinant → its value. Each build argument is one: `buildArguments.NAME`. */
export type KnownDeterminants = ReadonlyMap<string, string>

/** Characters of the label, which is foreign text, and of one value in a plan */
const labelLimit = 64 * 1024
const valueLimit = 100

/** Other versions of the action may have other determinants. */
const labelSchema = recordOf(v.string(), v.nullable(v.union([v.string(), recordOf(v.string(), v.string())])))

/** @returns undefined if an image's label is unreadable */
export function parseDeterminants(label: string): KnownDeterminants | undefined {
  const known = label.length > labelLimit ? undefined : parsed(labelSchema, label)
  return known && flat(known)
}

/**
 * @param legs each with the determinants of an earlier image for its platform
 * @returns what differs; a change that is the same on several platforms once
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

/** The label of an earlier version of the action may hold a proxy's password. */
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
