/** As people write addresses: a password may have characters that a URL would have to spell otherwise. */
const inAddress = /(\b[a-z][a-z0-9+.-]*:\/{1,2})([^\s/"'<>]+|[^\s/@:"'<>]+:(?!\d+\/)[^\s@"'<>]+)@/gi

/** `user:password@host` without a scheme; a digest behind a tag is none. */
const beforeHost = /(^|[\s"'=,])([^\s/@:"'=,]+:[^\s/@"']+)@(?!sha256:)/g

/** `?private_token=…`: what some servers take in place of a user */
const inQuery =
  /([?&](?:[\w.-]*[_.-])?(?:token|secret|passw(?:or)?d|pwd|signature|api[_-]?key)=)[^\s&#"'<>]+/gi

/**
 * @returns whether there is an address with a credential in it: a password, or a user name where that is a token. `ssh://git@host`
 *   says only who asks.
 */
export function hasCredentials(text: string): boolean {
  const isAddress = [...text.matchAll(inAddress)].some(
    ([, scheme = '', user = '']) => user.includes(':') || !/^(git\+)?ssh:/i.test(scheme),
  )
  return isAddress || [beforeHost, inQuery].some((form) => text.search(form) >= 0)
}

/** @returns the text with `***` for the user information of every address in it, to be shown */
export function withoutUserInformation(text: string): string {
  return text.replace(inAddress, '$1***@').replace(beforeHost, '$1***@').replace(inQuery, '$1***')
}
