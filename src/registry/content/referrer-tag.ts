import { type Digest, parseDigest } from './digest.ts'

/**
 * The tag that names what refers to a manifest in a registry without the referrers API (OCI
 * distribution specification 1.1, "Referrers Tag Schema"); `actions/attest` writes it, too.
 * @returns `sha256-<hex>`
 */
export function referrerTag(subject: Digest): string {
  return subject.replace(':', '-')
}

/**
 * What a tag says about another manifest: `sha256-<hex>` and, as cosign names signatures,
 * attestations and lists of packages, `sha256-<hex>.sig`, `.att` and `.sbom`. Other tools put other
 * words behind the digest.
 * @returns the digest that the tag is about; undefined if it is an ordinary tag
 */
export function referrerTagSubject(tag: string): Digest | undefined {
  const [, hex] = /^sha256-([0-9a-f]{64})(?:[._-].*)?$/.exec(tag) ?? []
  return hex === undefined ? undefined : parseDigest(`sha256:${hex}`)
}
