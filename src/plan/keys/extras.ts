import { eq, explain, gt, lt, satisfies, valid, validRange } from '@renovatebot/pep440'
import * as v from 'valibot'
import { oneLine } from './variables.ts'

/** Requirements of pip, sorted by name, one line each. Empty without `extra-packages` */
export const extraPackagesSchema = v.array(v.pipe(v.string(), v.regex(oneLine, 'not on one line')))

/** The files of a folder that an image gets; null without `extra-files` */
export const extraFilesSchema = v.nullable(
  v.object({
    /** sha256 over names, permissions and content */
    digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')),
    /** Files, links and empty folders; absent if only a label tells of them */
    size: v.optional(v.object({ files: v.number(), bytes: v.number() })),
  }),
)
export type ExtraFiles = NonNullable<v.InferOutput<typeof extraFilesSchema>>

/** The parts of a requirement as `readExtraPackages` writes it. */
export function partsOfRequirement(text: string): { name: string; versions: string } {
  const [, name = text, versions = ''] = /^([a-z0-9-]+)(?:\[[^\]]*\])?([^;]*)/.exec(text) ?? []
  return { name, versions: versions.trim() }
}

/** Whether a version, perhaps with a local part, is in a range of PEP 440; any text is without one. */
export function isInRange(version: string, versions: string): boolean {
  return versions === '' || versions.split(',').every((part) => isInPart(version, part))
}

/** Numbers of a release that a range may have more than a version: 1 is in `~=1.0.0` */
const zeros = '.0.0.0'

/** `satisfies` compares otherwise than pip: it refuses 1.0 for `<1.0.post1` and for `>1.0rc1`. */
function isInPart(version: string, part: string): boolean {
  const [own, normal] = [explain(version), valid(version)]
  if (!own || normal === null) return false
  const { base_version: base, is_prerelease: isPre, is_postrelease: isPost } = own
  const [, operator, text] = /^\s*([<>])(?!=)(.*)$/.exec(part) ?? []
  const bound = explain(text)
  if (!bound) return satisfies(normal.replace(base, base + zeros), part, { prereleases: true })
  const isSame = eq(base, bound.base_version)
  if (operator === '<') return lt(normal, bound.public) && !(isSame && isPre && !bound.is_prerelease)
  const isLater = normal.includes('+') || (isPost && !bound.is_postrelease)
  return gt(normal, bound.public) && !(isSame && isLater)
}

/** Whether a text is a range of PEP 440: `>=1.0,<2`, `==1.*` */
export function isVersionRange(text: string): boolean {
  return text.split(',').every((part) => /^(?:~=|===?|!=|<=?|>=?)/.test(part)) && validRange(text)
}

/** What of the extras is in the build id; absent where there is none, so that other ids stay. */
export function extraDeterminants({
  extraPackages,
  extraFiles,
}: {
  extraPackages: readonly string[]
  extraFiles: ExtraFiles | null
}): { extraPackages?: Record<string, string>; extraFiles?: string } {
  const packages = extraPackages.map((text) => [partsOfRequirement(text).name, text])
  return {
    ...(packages.length > 0 && { extraPackages: Object.fromEntries(packages) as Record<string, string> }),
    ...(extraFiles && { extraFiles: extraFiles.digest }),
  }
}
