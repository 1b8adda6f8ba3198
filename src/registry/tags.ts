import * as v from 'valibot'
import { UserError } from '../errors.ts'
import type { WithRetries } from '../system/index.ts'
import { type Access, pulling, refuseWebPage, type Session } from './http/session.ts'
import { RegistryRefusal } from './http/failure.ts'
import { parsedJson } from './content/json.ts'
import { nextPage } from './http/next-page.ts'
import { formatRepository, isTag, type Repository } from './content/reference.ts'

/**
 * The requested page size. Registries may send fewer (GHCR and quay 100 by default), or all at once
 * (distribution 2.8 has no pages for tags). ECR and distribution 3 refuse larger pages.
 */
const pageSize = 1000

/** Limits of one list, all pages together. Tags of the longest kind reach both limits. */
const limits = { pages: 1000, tags: 50_000, bytes: 8 * 1024 * 1024 }

/** Error codes for a missing repository; the second one is Harbor's. */
const unknownRepository = ['NAME_UNKNOWN', 'NOT_FOUND']

/** distribution 2.8 returns `null` for a repository whose tags were all deleted. */
const page = v.object({ tags: v.nullish(v.array(v.string()), () => []) })

/**
 * Lists the tags of a repository (OCI distribution specification, "Listing tags"), page by page as
 * the registry links them: only the registry knows the address of the next page (ECR's has a
 * cursor). Names that do not match the specification's grammar are left out, since nothing can be
 * pulled by them.
 * @param withRetries runs the request of each page
 * @returns each tag once, in code unit order; none if there is no such repository
 * @throws UserError if the registry refuses, links to another host, or lists too much
 */
export async function listTags(
  session: Session,
  repository: Repository,
  withRetries: WithRetries,
): Promise<string[]> {
  const { registry, path } = repository
  const purpose = { registry, action: `the request for the tags of ${path}` }
  const access = { ...pulling(repository), purpose }
  const title = `the list of tags of ${formatRepository(repository)}`
  const tags = new Set<string>()
  const asked = new Set<string>()
  let bytes = 0
  let isLinked = false
  let next: string | undefined = `/v2/${path}/tags/list?n=${pageSize}`
  while (next !== undefined) {
    if (asked.has(next)) throw new UserError(`${title} links back to an earlier page; it is not used.`)
    asked.add(next)
    const url: string = next
    const read: Page | undefined = await withRetries(() => readPage(session, access, url, title)).catch(
      (error: unknown) => {
        const isNotFound = error instanceof RegistryRefusal && error.status === 404
        if (asked.size === 1 && isNotFound && unknownRepository.includes(error.code ?? '')) return undefined
        throw error
      },
    )
    if (read === undefined) return []
    bytes += read.size
    const known = tags.size
    for (const tag of read.tags) if (isTag(tag)) tags.add(tag)
    isLinked ||= read.next !== undefined
    const mayHaveMore = !isLinked && tags.size > known
    next = read.next?.href ?? (mayHaveMore ? afterFullPage(path, read.tags) : undefined)
    if (bytes > limits.bytes || tags.size > limits.tags || (next && asked.size >= limits.pages)) {
      throw new UserError(
        `${title} has more than ${limits.tags} tags, ${limits.bytes} bytes or ${limits.pages} pages, more than any real registry has.`,
      )
    }
  }
  return [...tags].sort()
}

/** One page; size in bytes */
type Page = { tags: string[]; size: number; next: URL | undefined }

async function readPage(session: Session, access: Access, url: string, title: string): Promise<Page> {
  const answer = await session.send({ ...access, method: 'GET', url })
  refuseWebPage(access.purpose.registry, answer)
  const body = await answer.read(limits.bytes)
  const { tags } = parsedJson(page, body, title)
  return { tags, size: body.length, next: nextPage(access.purpose, answer) }
}

/**
 * @returns the request for the tags after a full page without a link (specification 1.1: the link
 *   "MAY be included"). A longer page is from a registry without pages.
 */
function afterFullPage(path: string, page: readonly string[]): string | undefined {
  const last = page.at(-1)
  if (page.length !== pageSize || last === undefined) return undefined
  return `/v2/${path}/tags/list?n=${pageSize}&last=${encodeURIComponent(last)}`
}
