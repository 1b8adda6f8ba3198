import { isInRange, type Leg, partsOfRequirement } from '../plan/index.ts'
import { humanBytes, listed } from '../text.ts'
import type { Facts, LegFacts } from './facts.ts'
import { about, type Gate, type GateBuilder, reportHint } from './gate.ts'

const most = 10

/** What `extra-packages` and `extra-files` have added to an image, as measured. */
export type ExtraContents = {
  /** Name → version: the packages and what they need that was not there */
  packages: Record<string, string>
  files: { path: string; bytes: number }[]
}

/** @returns undefined without both inputs */
export function extraContents(leg: Leg, { image }: LegFacts): ExtraContents | undefined {
  if (leg.extraPackages.length === 0 && !leg.extraFiles) return undefined
  const added = (image.extraPackages?.added ?? []).flatMap((name) => {
    const version = image.pip[name]
    return version === undefined ? [] : [[name, version] as const]
  })
  return { packages: Object.fromEntries(added), files: image.extraFiles?.files ?? [] }
}

/** The image has the packages and files of `extra-packages` and `extra-files`, and these cover nothing. */
export function judgeExtraContents(leg: Leg, facts: LegFacts): Gate {
  const { extraPackages, extraFiles } = leg
  const parts = [...extraPackages, ...(extraFiles ? [givenText(extraFiles)] : [])]
  const found = extraContents(leg, facts)
  if (!found) return withoutExtras(facts.image)
  const gate = about('extra-contents', listed(parts, most), contentText(found))
  const problem = packagesProblem(extraPackages, facts.image, gate)
  return problem ?? filesProblem(extraFiles, facts.image, gate) ?? gate.pass()
}

/** Only the steps for these inputs leave such records. */
function withoutExtras({ extraPackages, extraFiles }: Facts): Gate {
  const gate = about('extra-contents', 'nothing by extra-packages or extra-files', 'nothing')
  if (extraPackages === null && extraFiles === null) return gate.pass()
  return gate
    .with('packages or files')
    .fail('The image has packages or files that neither input asks for', reportHint)
}

function givenText({ size, digest }: NonNullable<Leg['extraFiles']>): string {
  return size ? filesText(size) : `files with the digest ${digest.slice(0, 12)}`
}

function filesText({ files, bytes }: { files: number; bytes: number }): string {
  return `${files} ${files === 1 ? 'file' : 'files'} (${humanBytes(bytes)})`
}

function contentText({ packages, files }: ExtraContents): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  const shown = [
    ...(versions.length > 0 ? [listed(versions, most)] : []),
    ...(files.length > 0 ? [filesText({ files: files.length, bytes })] : []),
  ]
  return shown.length === 0 ? 'nothing new' : shown.join('; ')
}

function packagesProblem(requirements: readonly string[], image: Facts, gate: GateBuilder): Gate | undefined {
  const leftOut = image.extraPackages?.leftOut ?? []
  const unmet = requirements.flatMap((text) => {
    const { name, versions } = partsOfRequirement(text)
    if (leftOut.includes(name)) return []
    const version = image.pip[name]
    if (version === undefined) return [`no ${name}`]
    return isInRange(version, versions) ? [] : [`${name} ${version}`]
  })
  if (unmet.length === 0) return undefined
  return gate
    .with(listed(unmet, most))
    .fail(`The image does not have what extra-packages asks for: ${listed(unmet, most)}`, reportHint)
}

function filesProblem(given: Leg['extraFiles'], image: Facts, gate: GateBuilder): Gate | undefined {
  if (!given) return undefined
  const measured = image.extraFiles
  if (!measured)
    return gate.with('no files').fail('The files of extra-files are not in the image', reportHint)
  const covered = measured.covered.map(({ path, owner }) => (owner === null ? path : `${path} of ${owner}`))
  if (covered.length > 0)
    return gate
      .with(listed(covered, most))
      .fail(
        `extra-files would cover ${covered.length} ${covered.length === 1 ? 'file' : 'files'} of the image, or one another: ${listed(covered, most)}`,
        'leave them out of the folder',
        'give them other names',
      )
  if (measured.digest === given.digest) return undefined
  return gate.fail('The files of extra-files are not in the image as they were given', reportHint)
}
