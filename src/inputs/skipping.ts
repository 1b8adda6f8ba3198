import type { MaxAge, PlanRequest } from '../plan/index.ts'
import { boolean, choice } from './fields.ts'
import { type InputReader, quoted } from './problems.ts'

/** Reads what to do about images that exist already. */
export function readSkipping(
  reader: InputReader,
  now: Date,
): Pick<PlanRequest, 'force' | 'rebuild' | 'unchanged' | 'maxAge'> {
  const force = boolean(reader, 'force') ?? false
  const skip = boolean(reader, 'skip-unchanged') ?? true
  return {
    force,
    rebuild: force || !skip,
    unchanged: choice(reader, 'unchanged', ['keep', 'retag']) ?? 'keep',
    maxAge: readMaxAge(reader, now),
  }
}

/** Milliseconds; seconds are for tests only, which cannot wait for minutes. */
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

function readMaxAge(reader: InputReader, now: Date): MaxAge | undefined {
  const text = reader.read('max-age')
  if (text === '') return undefined
  const [, number, unit = ''] = /^([1-9]\d{0,4})([smhdw])$/.exec(text) ?? []
  const factor = units[unit]
  const before = now.getTime() - Number(number) * (factor ?? NaN)
  // No image is older than the epoch of computer clocks.
  if (!(before > 0)) return reader.refuse('max-age', 'an age such as 30d, 12h, 2w or 90m, or nothing')
  if (/^\s*SOURCE_DATE_EPOCH\s*=/m.test(reader.read('build-args')))
    return reader.refuse(
      'max-age',
      'only one of them, since SOURCE_DATE_EPOCH makes all images equally old',
      `${quoted(text)} together with the build argument SOURCE_DATE_EPOCH`,
    )
  return { text, before }
}
