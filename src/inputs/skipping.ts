import type { MaxAge, PlanRequest } from '../plan/index.ts'
import { boolean, choice, type Source } from './fields.ts'
import { quoted } from './problems.ts'

/** What is done about what exists already. */
export function readSkipping(
  source: Source,
  now: Date,
): Pick<PlanRequest, 'force' | 'rebuild' | 'unchanged' | 'maxAge'> {
  const force = boolean(source, 'force') ?? false
  const skip = boolean(source, 'skip-unchanged') ?? true
  return {
    force,
    rebuild: force || !skip,
    unchanged: choice(source, 'unchanged', ['keep', 'retag']) ?? 'keep',
    maxAge: readMaxAge(source, now),
  }
}

/** Milliseconds; seconds are for tests alone, which can't wait for minutes. */
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

function readMaxAge(source: Source, now: Date): MaxAge | undefined {
  const text = source.read('max-age')
  if (text === '') return undefined
  const [, number, unit = ''] = /^([1-9]\d{0,4})([smhdw])$/.exec(text) ?? []
  const factor = units[unit]
  const before = now.getTime() - Number(number) * (factor ?? NaN)
  // Before computers had a clock there were no images.
  if (!(before > 0))
    return source.problems.add('max-age', quoted(text), 'nothing, or an age such as 30d, 12h, 2w or 90m')
  if (/^\s*SOURCE_DATE_EPOCH\s*=/m.test(source.read('build-args')))
    return source.problems.add(
      'max-age',
      quoted(text),
      'nothing with the build argument SOURCE_DATE_EPOCH, which makes all images equally old',
    )
  return { text, before }
}
