import { UserError } from '../errors.ts'
import { type Engine, publicRepository, type PlanRequest, remembered } from '../plan/index.ts'
import {
  formatRepository,
  referrerTagSubject,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { type Bases, createBases } from './base-now.ts'
import { type BehindWorld, findBehind } from './behind.ts'
import type { Inventory, ListedImage } from './inventory.ts'
import {
  listRepository,
  type RepositoryList,
  type RepositoryWorld,
  type TaggedImage,
} from './list-repository.ts'
import { type FindInMirrors, readMirrors } from './mirrors.ts'
import { sortImages, sortTags } from './order.ts'
import { createWarnings } from './warnings.ts'
import { testOf } from './where-test.ts'
import type { Where } from './where.ts'

export type ListRequest = {
  plan: Pick<
    PlanRequest,
    | 'engines'
    | 'registry'
    | 'namespace'
    | 'baseRegistry'
    | 'aibrix'
    | 'platforms'
    | 'cacheRepository'
    | 'mirrors'
  >
  where: Where
  /** Whether what is read may be kept for the next list */
  push: boolean
}

export type ListWorld = Omit<RepositoryWorld & BehindWorld, 'warnings'> & {
  now: () => Date
  redact: (text: string) => string
}

/** `read`: digests of which something was not known from earlier lists */
export type Listed = { inventory: Inventory; read: number }

/**
 * Lists everything that is published in the public repositories of the engines. What cannot be read
 * is a warning.
 * @throws UserError if nothing of it can be read
 */
export async function listPublished({ plan, where, push }: ListRequest, given: ListWorld): Promise<Listed> {
  const warnings = createWarnings(given.redact)
  // The tags of a repository of bases are asked for twice.
  const world = { ...given, warnings, registry: { ...given.registry, listTags: askedOnce(given.registry) } }
  const sought = plan.engines.map(({ engine }) => ({ engine, repository: publicRepository(plan, engine) }))
  const opened = await Promise.all(sought.map((one) => openRepository(one, world)))
  const answers: (EngineList | Unread)[] = []
  for (const one of opened) answers.push('unread' in one ? one : await listEngine(one, plan, push, world))
  const unread = answers.filter((one) => 'unread' in one)
  const [first] = unread
  if (first && unread.length === answers.length) throw first.unread
  for (const one of unread) warnings.add(formatRepository(one.repository), one.unread.message)
  const lists = answers.flatMap((one) => ('unread' in one ? [] : [one]))
  const bases = createBases(world.registry, plan.baseRegistry, world.signal, warnings)
  const images = await Promise.all(
    lists.flatMap(({ images: all, inMirrors }) =>
      all.map((image) => listedImage(image, bases, inMirrors(image.digest))),
    ),
  )
  const complete = lists.filter(({ isComplete }) => isComplete).map(({ engine }) => engine)
  const isComplete = complete.length === sought.length
  if (!isComplete)
    warnings.add(
      'What is behind upstream',
      'It is determined only for engines whose images could all be read.',
    )
  const behind = await findBehind(plan, images, complete, isComplete, world)
  const isListed = await testOf(where)
  const inventory: Inventory = {
    format: 1,
    made: world.now().toISOString(),
    repositories: sought.map(({ repository }) => formatRepository(repository)),
    where: where.text,
    complete,
    images: sortImages(images.filter(isListed)),
    behind,
    warnings: warnings.sentences(),
  }
  return { inventory, read: lists.reduce((sum, { read }) => sum + read, 0) }
}

function askedOnce({ listTags }: Pick<RegistryClient, 'listTags'>): RegistryClient['listTags'] {
  const tags = new Map<string, Promise<string[]>>()
  return (repository) => remembered(tags, formatRepository(repository), () => listTags(repository))
}

type EngineList = RepositoryList & { engine: Engine; inMirrors: FindInMirrors }

type Sought = { engine: Engine; repository: Repository }

type Opened = Sought & { tags: string[] }

/** A repository of which nothing could be read */
type Unread = Sought & { unread: UserError }

/** @throws if the run was cancelled, and what is no UserError */
async function orUnread<T>(sought: Sought, signal: AbortSignal, read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read()
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UserError)) throw error
    return { ...sought, unread: error }
  }
}

/**
 * Reads the tags of images: signatures and attestations have tags, too, in registries without the
 * referrers API. A registry that requires a login also refuses a repository that does not exist.
 */
function openRepository(
  sought: Sought,
  { registry, signal }: Pick<RepositoryWorld, 'registry' | 'signal'>,
): Promise<Opened | Unread> {
  return orUnread(sought, signal, async () => {
    const tags = await registry.listTags(sought.repository)
    return { ...sought, tags: tags.filter((tag) => referrerTagSubject(tag) === undefined) }
  })
}

function listEngine(
  opened: Opened,
  { mirrors }: Pick<ListRequest['plan'], 'mirrors'>,
  push: boolean,
  world: RepositoryWorld,
): Promise<EngineList | Unread> {
  const { engine, repository, tags } = opened
  return orUnread(opened, world.signal, async () => {
    const list = await listRepository(repository, tags, push, world)
    const own = mirrors.filter((mirror) => mirror.engine === engine)
    return { engine, ...list, inMirrors: await readMirrors(own, tags, world) }
  })
}

/** @returns the later of two times in RFC 3339, UTC */
function later(left: string | null, right: string | null): string | null {
  return (left ?? '') > (right ?? '') ? left : right
}

async function listedImage(
  { digest, engine, created, repository, tags, platforms }: TaggedImage,
  bases: Bases,
  mirrors: ListedImage['mirrors'],
): Promise<ListedImage> {
  return {
    repository: formatRepository(repository),
    digest,
    tags: sortTags(tags),
    engine,
    // A rebuild with cached layers keeps the time of these in the image itself.
    created: [created, ...platforms.map(({ built }) => built)].reduce(later, null),
    platforms: await Promise.all(
      platforms.map(async ({ base, report: _, built: _of, ...platform }) => ({
        ...platform,
        base: base && {
          name: base.name,
          digest: base.digest,
          state: engine === null ? 'unknown' : await bases.stateOf(base, engine, platform.platform),
        },
      })),
    ),
    mirrors,
  }
}
