import { UserError } from '../errors.ts'
import { engines, type Plan, type PlanRequest } from '../plan/index.ts'
import { formatRepository, type Repository } from '../registry/index.ts'

/**
 * Credentials are for one registry, and a plan must not lead them to another.
 * @throws UserError if the plan publishes to another registry than the input `registry`
 */
export function refuseOtherRegistry({ images }: Plan, { registry }: Pick<PlanRequest, 'registry'>): void {
  const other = images.find(({ repository }) => repository.registry !== registry)?.repository.registry
  if (other !== undefined)
    throw new UserError(
      `registry: the plan publishes to ${other}, but ${registry} was given; use the same for plan, build and promote.`,
    )
}

/**
 * A plan is data of another job, and must not lead this one's credentials to repositories that this
 * job does not name.
 * @throws UserError unless the plan has the mirrors of the input, for each engine
 */
export function refuseOtherMirrors(
  { images, publicTags }: Plan,
  { mirrors }: Pick<PlanRequest, 'mirrors'>,
): void {
  if (publicTags === 'ignore') return
  const names = (some: readonly { repository: Repository }[]): string =>
    some.map(({ repository }) => formatRepository(repository)).join(', ')
  for (const image of images) {
    const given = mirrors.filter(({ engine }) => engine === image.engine)
    const [planned, wanted] = [names(image.mirrors), names(given)]
    const sorted = (text: string): string => text.split(', ').sort().join()
    if (sorted(planned) !== sorted(wanted))
      throw new UserError(
        `mirrors: the plan mirrors ${engines[image.engine].title} to ${planned || 'no repository'}, but ${wanted || 'none'} was given; use the same for plan and promote.`,
      )
  }
}
