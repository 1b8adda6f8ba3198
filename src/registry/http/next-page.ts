import { UserError } from '../../errors.ts'
import { excerpt } from '../../text.ts'
import type { HttpAnswer } from './answer.ts'
import type { Purpose } from './failure.ts'
import { nextLink } from './link.ts'
import { withoutLogin } from './redirect.ts'

/**
 * @returns the address of the next page of a list; undefined after the last one. A link to another
 *   origin is refused: it could send a request, with credentials or from inside a network, to any
 *   host, and no registry keeps its second page elsewhere.
 * @throws UserError if the link cannot be read, or leads to another origin
 */
export function nextPage(
  { registry, action }: Purpose,
  answer: Pick<HttpAnswer, 'headers' | 'url'>,
): URL | undefined {
  const target = nextLink([answer.headers.link ?? []].flat().join(','))
  if (target === '') return undefined
  const here = answer.url
  const url = target !== undefined && URL.canParse(target, here.href) ? new URL(target, here.href) : undefined
  if (url === undefined) {
    throw new UserError(
      `registry ${registry} answered ${action} with an unreadable link to the next page; ask its operator.`,
    )
  }
  if (url.origin !== here.origin) {
    throw new UserError(
      `registry ${registry} answered ${action} with a next page at ${excerpt(`${url.protocol}//${url.host}`)} instead of ${here.origin}, which is not followed; its own address is wrong in its configuration, or lost in the proxy in front of it.`,
    )
  }
  return withoutLogin(url)
}
