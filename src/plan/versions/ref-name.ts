/** Names that git itself allows in a ref, as far as a user needs them (git-check-ref-format), and no option. */
const refName = /^(?!-)(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[A-Za-z0-9_./+@-]+$/

export function isRefName(text: string): boolean {
  return refName.test(text)
}
