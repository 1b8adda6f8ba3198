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
  'a year of nightly runs leaves far less with a weekly prune, and a bounded number with one of the public images',
  async () => {
    const without = await liveAYear(undefined)
    const weekly = await liveAYear({ undated: 'true' })
    const publicToo = await liveAYear({ undated: 'true', 'prune-public': published })
    process.stdout.write(
      `a year of nightly runs leaves ${shown(without)}; with a weekly prune ${shown(weekly)}; of public images, too, ${shown(publicToo)}\n`,
    )
    expect(weekly.tags).toBeLessThan(without.tags)
    expect(weekly.bytes).toBeLessThanOrEqual(without.bytes)
    expect(publicToo.digests).toBeLessThan(without.digests / 3)
    expect(publicToo.bytes).toBeLessThan(without.bytes / 3)
  },
  10 * minutes,
)
