import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { type Repeat, pulling, refuseWebPage, type RegistryRequest, type Session } from './http/session.ts'
import { type Purpose, RegistryRefusal } from './http/failure.ts'
import { checked, parseJson } from './content/json.ts'
import { parseLinks } from './http/link.ts'
import { formatRepository, isTag, type Repository } from './content/reference.ts'
import { type HttpAnswer, isSuccess } from './http/transport.ts'
import { excerpt } from '../text.ts'

/**
 * What is asked for at first. Registries send fewer if they want to (GHCR and quay 100 unless asked), or all at once
 * (distribution 2.8 knows no pages for tags). ECR and distribution 3 refuse more than this.
 */
const pageSize = 1000

/** Of one list, all its pages together: so many tags of the longest kind fit into so many bytes. */
const limits = { pages: 1000, tags: 50_000, bytes: 8 * 1024 * 1024 }

/** How registries call a repository that is not there; Harbor has its own word. */
const unknownRepository = ['NAME_UNKNOWN', 'NOT_FOUND']

/** `null` is what distribution 2.8 says of a repository whose tags were all deleted. */
const page = v.object({ tags: v.nullish(v.array(v.string()), () => []) })

/**
 * Lists the tags of a repository (OCI distribution specification, "Listing tags"), page by page as the registry links them:
 * the address of the next page is its own affair (ECR has a cursor in it). What is not a tag by the specification's
 * grammar is left out, since nothing can be pulled by such a name.
 * @param repeat reads a page, again if that may help
 * @returns each tag once, in the order of their code units, whatever the registry's; none if there is no such repository
 * @throws UserError if the registry refuses, links a page elsewhere, or does not come to an end
 */
export async function listTags(session: Session, repository: Repository, repeat: Repeat): Promise<string[]> {
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
    if (asked.has(next)) throw new UserError(`${title} leads in a circle; it is not used.`)
    asked.add(next)
    const url: string = next
    const read: Page | undefined = await repeat(() => readPage(session, access, url, title)).catch(
      (error: unknown) => {
        if (asked.size === 1 && isUnknownRepository(error)) return undefined
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
        `${title} has more than ${limits.tags} tags, ${limits.bytes} bytes or ${limits.pages} pages, which is too much to be true.`,
      )
    }
  }
  return [...tags].sort()
}

type Access = Pick<RegistryRequest, 'purpose' | 'scopes'>
/** size in bytes */
type Page = { tags: string[]; size: number; next: URL | undefined }

async function readPage(session: Session, access: Access, url: string, title: string): Promise<Page> {
  const answer = await session.send({ ...access, method: 'GET', url })
  if (!isSuccess(answer)) throw await session.refusal(access, answer)
  refuseWebPage(access.purpose.registry, answer)
  const body = await answer.read(limits.bytes)
  const { tags } = checked(page, parseJson(body, title), title)
  return { tags, size: body.length, next: nextPage(access.purpose, answer) }
}

/**
 * A registry need not link what is more (specification 1.1: the link "MAY be included"). One that gives as many as were asked
 * for and links nothing is asked what comes behind the last one; one that gives more knows no pages.
 */
function afterFullPage(path: string, page: readonly string[]): string | undefined {
  const last = page.at(-1)
  if (page.length !== pageSize || last === undefined) return undefined
  return `/v2/${path}/tags/list?n=${pageSize}&last=${encodeURIComponent(last)}`
}

function isUnknownRepository(error: unknown): boolean {
  return (
    error instanceof RegistryRefusal && error.status === 404 && unknownRepository.includes(error.code ?? '')
  )
}

/**
 * Followed to where the answer came from alone: a registry has no reason to keep its second page elsewhere, and a link is
 * a way to send a request, with credentials or from inside a network, to a place of a stranger's choice.
 */
function nextPage({ registry, action }: Purpose, answer: HttpAnswer): URL | undefined {
  const links = parseLinks([answer.headers.link ?? []].flat().join(','))
  // A link that does not say what it is can only be meant for this (so does go-containerregistry, which asks for no relation).
  const next =
    links?.find(({ relations }) => relations.includes('next')) ??
    links?.find(({ relations }) => relations.every((relation) => relation === ''))
  const target = next?.target
  if (links !== undefined && !target) return undefined
  const here = answer.url
  const url = target !== undefined && URL.canParse(target, here.href) ? new URL(target, here.href) : undefined
  if (url === undefined) {
    throw new UserError(
      `registry ${registry} answers ${action} with a link to the next page that can't be read; ask its operator.`,
    )
  }
  if (url.origin !== here.origin) {
    throw new UserError(
      `registry ${registry} answers ${action} with a next page at ${excerpt(`${url.protocol}//${url.host}`)} instead of ${here.origin}, which is not followed; its own address is wrong in its configuration, or lost in the proxy before it.`,
    )
  }
  // User and password in an address would become an Authorization header.
  url.username = ''
  url.password = ''
  return url
}
