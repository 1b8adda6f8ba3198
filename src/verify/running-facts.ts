import * as v from 'valibot'
import { kvcacheRoundTrip, nixlTransfer } from './functional-facts.ts'
import { starts } from './entrypoint-facts.ts'
import { loopback } from './loopback-facts.ts'

/** What `dockerfiles/scripts/measure` finds as the user that runs the image, with its environment, in its current directory. */
export const running = v.object({
  /** Null if it could not be told */
  identity: v.nullable(
    v.object({ uid: v.number(), gid: v.number(), home: v.nullable(v.string()), directory: v.string() }),
  ),
  /** Null for the base */
  nixlTransfer: v.nullable(nixlTransfer),
  /** Null for the base */
  kvcacheRoundTrip: v.nullable(kvcacheRoundTrip),
  /** Null for the base, and where it could not be told */
  loopback: v.nullable(loopback),
  /** Null if it could not be told */
  entrypoint: v.nullable(starts),
})
