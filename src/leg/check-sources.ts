import { sourcesOf } from './source-fetch.ts'
import type { FetchSource } from './sources.ts'
import { pendingLegs, type Plan } from '../plan/index.ts'

/**
 * A repository on this machine may know a tag or a commit and lack a part of what it takes to build it: a shallow or partial clone, one
 * whose borrowed objects are gone. A repository elsewhere is whole, and its servers are asked when there is something to build.
 * @throws UserError if what has to be built can't be, before anything is
 */
export async function checkSources(plan: Pick<Plan, 'images'>, fetchSource: FetchSource): Promise<void> {
  for (const leg of pendingLegs(plan))
    for (const { component, source } of sourcesOf(leg))
      if (source.repository.kind === 'path') await fetchSource(component, source)
}
