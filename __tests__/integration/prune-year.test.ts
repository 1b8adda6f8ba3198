import { afterAll, expect, it } from '@jest/globals'
import { humanBytes } from '../../src/text.ts'
import { published } from '../support/prune/place.ts'
import { endDays } from '../support/prune/time.ts'
import { liveAYear, type Size } from '../support/prune/year.ts'

const minutes = 60_000

afterAll(endDays)

const shown = ({ digests, tags, bytes }: Size): string =>
  `${digests} digests, ${tags} tags, ${humanBytes(bytes)}`

it(
  'a prune removes most of what a year of nightly runs leaves, if it may prune the public images, too',
  async () => {
    const publicToo = { undated: 'true', 'prune-public': published } as const
    const [year, cacheOnly, both] = await liveAYear([{ undated: 'true' }, publicToo])
    if (!cacheOnly || !both) throw new Error('a prune is missing')
    process.stdout.write(
      `a year of nightly runs leaves ${shown(year)}; after a prune ${shown(cacheOnly)}; with prune-public ${shown(both)}\n`,
    )
    expect(cacheOnly.tags).toBeLessThan(year.tags)
    expect(both.digests).toBeLessThan(year.digests / 3)
    expect(both.bytes).toBeLessThan(year.bytes / 3)
  },
  10 * minutes,
)
