/** In addresses as people write them: a password may have characters that a URL must encode */
const inAddress = /(\b[a-z][a-z0-9+.-]*:\/{1,2})([^\s/"'<>]+|[^\s/@:"'<>]+:(?!\d+\/)[^\s@"'<>]+)@/gi

/** `user:password@host` without a scheme, but not a digest after a tag */
const beforeHost = /(^|[\s"'=,])([^\s/@:"'=,]+:[^\s/@"']+)@(?!sha256:)/g

/** `?private_token=…`, which some servers accept instead of a user */
const inQuery =
  /([?&](?:[\w.-]*[_.-])?(?:token|secret|passw(?:or)?d|pwd|signature|api[_-]?key)=)[^\s&#"'<>]+/gi

/**
 * @returns whether a text has an address with a credential: a password, or a user name that may be
 *   a token; the user of `ssh://git@host` is none
 */
export function hasCredentials(text: string): boolean {
  const isAddress = [...text.matchAll(inAddress)].some(
    ([, scheme = '', user = '']) => user.includes(':') || !/^(git\+)?ssh:/i.test(scheme),
  )
  return isAddress || [beforeHost, inQuery].some((form) => text.search(form) >= 0)
}

/** @returns the text with `***` instead of the credentials of every address */
export function withoutUserInformation(text: string): string {
  return text.replace(inAddress, '$1***@').replace(beforeHost, '$1***@').replace(inQuery, '$1***')
}
