import { satisfies, valid, validRange } from '@renovatebot/pep440'
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
  if (versions === '') return true
  return valid(version) !== null && satisfies(version, versions, { prereleases: true })
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
