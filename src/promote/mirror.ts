import { sentenceOf } from '../errors.ts'
import {
  copyManifest,
  copyReferrers,
  formatReference,
  formatRepository,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'

/** A published image, and the tags that it is to get in one of its mirrors, in their order. */
export type Mirrorable = {
  from: Repository
  digest: string
  /** What it has in `from` */
  publicTags: readonly string[]
  to: Repository
  tags: readonly string[]
  /** Called right before each attempt to give the tag. @throws if the tag must not be given */
  check: (tag: string) => Promise<void>
}

/** `error`: sentences about what failed and what exists; undefined if all tags were created */
export type Mirroring = { done: ReadonlyMap<Mirrorable, readonly string[]>; error: string | undefined }

/**
 * Gives published images the same tags in their mirrors, from registry to registry: content, what
 * refers to it, then the tags, each of which is read back. Failures are returned and not thrown.
 * @param options.failFast whether the first failure ends it; else the other mirrors follow
 */
export async function mirror(
  client: RegistryClient,
  images: readonly Mirrorable[],
  options: { failFast: boolean; log: (line: string) => void; signal: AbortSignal },
): Promise<Mirroring> {
  const done = new Map<Mirrorable, string[]>()
  const failures: string[] = []
  const listTags = rememberTags(client)
  for (const image of images) {
    const made: string[] = []
    done.set(image, made)
    const failure = await mirrorOne(client, image, made, { ...options, listTags })
    if (failure !== undefined) failures.push(failure)
    if (failure !== undefined && (options.failFast || options.signal.aborted)) break
  }
  return { done, error: failures.length === 0 ? undefined : brokenOff(failures, images, done) }
}

type Circumstances = {
  listTags: (repository: Repository) => Promise<string[]>
  log: (line: string) => void
  signal: AbortSignal
}

/** @param made gets the tags that were created @returns what failed, a sentence */
async function mirrorOne(
  client: RegistryClient,
  { from, to, digest, tags, check }: Mirrorable,
  made: string[],
  { listTags, log, signal }: Circumstances,
): Promise<string | undefined> {
  let at = formatRepository(to)
  try {
    signal.throwIfAborted()
    await copyWithReferrers(client, { from, to, digest, listTags, log })
    for (const tag of tags) {
      at = formatReference({ ...to, tag })
      signal.throwIfAborted()
      await copyManifest(client, { from: to, to, digest, tag, check: () => check(tag) })
      made.push(tag)
      log(`${at} → ${digest}`)
    }
    return undefined
  } catch (error) {
    return `Mirroring stopped at ${at}: ${sentenceOf(error)}`
  }
}

/**
 * Copies an image and what refers to it, before its tags: who sees one finds what refers to it.
 * @throws UserError if a registry refuses
 */
export async function copyWithReferrers(
  client: RegistryClient,
  {
    from,
    to,
    digest,
    listTags,
    log,
  }: Pick<Mirrorable, 'from' | 'to' | 'digest'> & Pick<Circumstances, 'listTags' | 'log'>,
): Promise<void> {
  const copied = await copyManifest(client, { from, to, digest, tag: digest })
  await copyReferrers(client, { from, to, digest: copied, tags: await listTags(from), note: log })
}

/** Several images are in one repository. */
function rememberTags(client: RegistryClient): (repository: Repository) => Promise<string[]> {
  const known = new Map<string, Promise<string[]>>()
  return (repository) => {
    const name = formatRepository(repository)
    const tags = known.get(name) ?? client.listTags(repository)
    known.set(name, tags)
    return tags
  }
}

/** The failed tag may exist: the registry may have created it before its response was lost. */
function brokenOff(
  failures: readonly string[],
  images: readonly Mirrorable[],
  done: ReadonlyMap<Mirrorable, readonly string[]>,
): string {
  const publicOnes = images.flatMap(({ from, publicTags }) =>
    publicTags.map((tag) => formatReference({ ...from, tag })),
  )
  const created = images.flatMap((image) =>
    (done.get(image) ?? []).map((tag) => formatReference({ ...image.to, tag })),
  )
  const mirrors =
    created.length === 0 ? 'no tag was created in a mirror' : `in mirrors, ${created.join(', ')} were created`
  const exist = `The public tags exist: ${[...new Set(publicOnes)].join(', ')}; ${mirrors}`
  return `${failures.join(' ')} ${exist}; run it again to complete it.`
}
