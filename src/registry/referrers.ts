import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { WithRetries } from '../system/index.ts'
import type { Digest } from './content/digest.ts'
import { parsedJson } from './content/json.ts'
import { type Descriptor, descriptorSchema } from './content/manifest.ts'
import { mediaTypes } from './content/media-types.ts'
import { formatReference, type Repository } from './content/reference.ts'
import { nextPage } from './http/next-page.ts'
import { pulling, type Session } from './http/session.ts'

/**
 * Statuses of a registry without the referrers API. The specification has only 404; the others are
 * those of registries that know no such path.
 */
const unsupported = [400, 404, 405, 406, 501]

/** Limits of one list, all pages together; real ones have a few entries. */
const limits = { pages: 100, entries: 1000, bytes: 4 * 1024 * 1024 }

const page = v.object({ manifests: v.nullish(v.array(descriptorSchema), () => []) })

/**
 * Lists what refers to a manifest (OCI distribution specification 1.1, "Listing Referrers"):
 * signatures, lists of packages.
 * @param withRetries runs the request of each page
 * @returns undefined if the registry has no referrers API
 * @throws UserError if the registry refuses, links to another host, or lists too much
 */
export async function listReferrers(
  session: Session,
  repository: Repository,
  digest: Digest,
  withRetries: WithRetries,
): Promise<Descriptor[] | undefined> {
  const title = `the list of what refers to ${formatReference({ ...repository, digest })}`
  const found = new Map<Digest, Descriptor>()
  const asked = new Set<string>()
  let bytes = 0
  let next: string | undefined = `/v2/${repository.path}/referrers/${digest}`
  while (next !== undefined) {
    const url: string = next
    asked.add(url)
    const read: Page | undefined = await withRetries(() => readPage(session, repository, url, title))
    if (read === undefined && asked.size === 1) return undefined
    if (read === undefined) throw new UserError(`${title} ends before its last page; try again.`)
    for (const entry of read.manifests) found.set(entry.digest, entry)
    bytes += read.size
    next = read.next?.href
    if (next !== undefined && asked.has(next))
      throw new UserError(`${title} links back to an earlier page; it is not used.`)
    if (bytes > limits.bytes || found.size > limits.entries || (next && asked.size >= limits.pages))
      throw new UserError(
        `${title} has more than ${limits.entries} entries, ${limits.bytes} bytes or ${limits.pages} pages, more than any real registry has.`,
      )
  }
  return [...found.values()]
}

/** One page; size in bytes */
type Page = { manifests: Descriptor[]; size: number; next: URL | undefined }

/** @returns undefined if the answer is not that of the referrers API */
async function readPage(
  session: Session,
  repository: Repository,
  url: string,
  title: string,
): Promise<Page | undefined> {
  const { registry, path } = repository
  const purpose = { registry, action: `the request for the referrers in ${path}` }
  const request = { ...pulling(repository), purpose, method: 'GET', url } as const
  const answer = await session.send({ ...request, headers: { accept: mediaTypes.ociIndex } }, unsupported)
  // Some registries answer an unknown path with a page or a document of theirs.
  const isIndex = answer.headers['content-type']?.split(';', 1)[0]?.trim() === mediaTypes.ociIndex
  if (unsupported.includes(answer.status) || !isIndex) {
    answer.discard()
    return undefined
  }
  const body = await answer.read(limits.bytes)
  return { ...parsedJson(page, body, title), size: body.length, next: nextPage(purpose, answer) }
}
