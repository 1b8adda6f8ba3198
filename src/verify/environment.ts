import { listed } from '../text.ts'
import type { Leg } from '../plan/index.ts'
import { describeFile, fileChanges, fileSentence } from './base-files.ts'
import { engineOf, type Facts, type LegFacts } from './facts.ts'
import { failed, follows, type Gate, passed, reportHint, undetermined, waiverHint } from './gate.ts'

/** Package name → version, or before → after. */
export type PackageChange = { name: string; before: string; after: string | null }
export type AddedPackages = { pip: Record<string, string>; dpkg: Record<string, string> }

/** Packages that the action installs, at whatever version the base had them. */
function isOurs(name: string): boolean {
  return name === 'nixl' || name.startsWith('nixl-cu') || name === 'aibrix-kvcache'
}

function changesBetween(before: Record<string, string>, after: Record<string, string>): PackageChange[] {
  return Object.entries(before)
    .filter(([name, version]) => after[name] !== version)
    .map(([name, version]) => ({ name, before: version, after: after[name] ?? null }))
}

function addedTo(before: Record<string, string>, after: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(after).filter(([name]) => !(name in before)))
}

/** @returns what the image has and the base had not */
export function addedPackages(base: Facts, image: Facts): AddedPackages {
  return { pip: addedTo(base.pip, image.pip), dpkg: addedTo(base.dpkg ?? {}, image.dpkg ?? {}) }
}

/** @returns the packages of NIXL (and AIBrix, where the base had it) that the action replaced on purpose */
export function replacedPackages(base: Facts, image: Facts): PackageChange[] {
  return changesBetween(base.pip, image.pip).filter(({ name }) => isOurs(name))
}

/** What must not have changed. The engine and torch have gates of their own, so that one cause is one failure. */
function forbiddenChanges({ engine }: Leg, { base, image }: LegFacts): PackageChange[] {
  const judgedElsewhere = new Set(['torch', engine])
  const pip = changesBetween(base.pip, image.pip).filter(
    ({ name }) => !isOurs(name) && !judgedElsewhere.has(name),
  )
  const dpkg = base.dpkg ? changesBetween(base.dpkg, image.dpkg ?? {}) : []
  return [...pip, ...dpkg]
}

function describe({ name, before, after }: PackageChange): string {
  return after === null ? `${name} ${before} vanished` : `${name} ${before} → ${after}`
}

/** A package that was removed or changed says that of its files, too; an engine of another version is said by `engine-version`. */
function changedFiles(leg: Leg, { base, image }: LegFacts) {
  const changed = changesBetween(base.pip, image.pip).map(({ name }) => name)
  const isOther = engineOf(leg, base)?.version !== engineOf(leg, image)?.version
  const judgedElsewhere = new Set([...changed, ...(isOther ? [leg.engine] : [])])
  return image.baseFiles && fileChanges(image.baseFiles, judgedElsewhere)
}

/**
 * Every package of the base, pip's and dpkg's, is there at its version, pip's with the files that it had; NIXL excepted. Added ones are
 * listed.
 */
export function judgeEnvironment(leg: Leg, facts: LegFacts): Gate {
  const name = 'environment-untouched'
  const { base, image } = facts
  const counted = `${Object.keys(base.pip).length} pip${base.dpkg ? ` and ${Object.keys(base.dpkg).length} dpkg` : ''} packages`
  const expected = `${counted} of the base as they were`
  const forbidden = forbiddenChanges(leg, facts)
  const first = forbidden[0]
  if (first) {
    const judgement = { expected, actual: listed(forbidden.map(describe)) }
    const verb = first.after === null ? `removed ${first.name} ${first.before}` : `changed ${describe(first)}`
    return failed(
      name,
      judgement,
      `A step of the build ${verb}, which the engine was tested with; ${reportHint}.`,
    )
  }
  const files = changedFiles(leg, facts)
  const file = files?.[0]
  if (file)
    return failed(
      name,
      { expected, actual: listed(files.map(describeFile), 3) },
      `${fileSentence(file)}, which the engine was tested with; ${whatToDo(file.owner)}.`,
    )
  const added = addedPackages(base, image)
  const names = [
    ...Object.keys(added.pip),
    ...Object.keys(added.dpkg).map((entry) => entry.replace(/:.*$/, '')),
  ]
  const judgement = { expected, actual: `unchanged; added: ${listed(names, 12)}` }
  if (Object.keys(base.pip).length === 0)
    return undetermined(name, judgement, 'no Python package of the base could be listed')
  if (files === null || image.baseFiles?.compared === 0)
    return undetermined(name, judgement, "the files of the base's packages could not be compared")
  return passed(name, judgement)
}

/** @param owner the installed package that has the file now */
function whatToDo(owner: string | null): string {
  if (owner === null) return reportHint
  const source = owner === 'aibrix-kvcache' ? 'aibrix-repository' : 'package-index'
  return `look at what ${source} has of ${owner}, or ${waiverHint('environment-untouched')}`
}

/** Who complains about what. */
type Complaint = { about: string; dependency: string }

/**
 * pip's two forms, `vllm 0.10.2 requires x, which is not installed.` and `vllm 0.10.2 has requirement x==1, but you have x
 * 2.`, and uv's, which answers in environments without pip: ``The package `vllm` requires `x>=1`, but it's not installed``.
 */
const forms = [
  /^(?<about>\S+) \S+ requires (?<dependency>\S+?),/,
  /^(?<about>\S+) \S+ has requirement (?<dependency>[A-Za-z0-9._-]+)/,
  /^The package `(?<about>[^`]+)` requires `(?<dependency>[A-Za-z0-9._-]+)/,
]

function parseComplaint(line: string): Complaint {
  const groups = forms.map((form) => form.exec(line)?.groups).find((found) => found !== undefined)
  return { about: normalised(groups?.about ?? ''), dependency: normalised(groups?.dependency ?? '') }
}

function complaints(lines: string[]): string {
  return listed(
    lines.map((line) => line.replace(/\.$/, '')),
    3,
  )
}

function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/**
 * `pip check` has nothing new to say but about AIBrix's and NIXL's own requirements: AIBrix pins what no engine has
 * (`redis==6.0.0`, `setuptools<80`), and NIXL 0.7.1 requires nixl-cu12 on CUDA 13 too. A complaint about a package that
 * `environment-untouched` found changed is that gate's.
 */
export function judgePipCheck(leg: Leg, facts: LegFacts): Gate {
  const name = 'pip-check'
  const expected = 'no new complaint of pip check, AIBrix and NIXL excepted'
  const { base, image } = facts
  if (base.pipCheck === null || image.pipCheck === null)
    return undetermined(
      name,
      { expected, actual: 'not run' },
      `pip check could not be run in the ${base.pipCheck ? 'image' : 'base'}`,
    )
  const before = new Set(base.pipCheck)
  const fresh = image.pipCheck.filter((line) => !before.has(line) && line !== 'No broken requirements found.')
  const strange = fresh.filter((line) => !isOurs(parseComplaint(line).about))
  const changed = new Set(forbiddenChanges(leg, facts).map((change) => change.name))
  const own = strange.filter((line) => {
    const { about, dependency } = parseComplaint(line)
    return !changed.has(about) && !changed.has(dependency)
  })
  if (own.length > 0)
    return failed(
      name,
      { expected, actual: complaints(own) },
      `What was installed breaks a requirement: ${own[0] ?? ''}; ${reportHint}, or ${waiverHint(name)}.`,
    )
  if (strange.length > 0)
    return follows(
      name,
      { expected, actual: complaints(strange) },
      'environment-untouched',
      'the new complaints are about what it found changed',
    )
  return passed(name, {
    expected,
    actual: fresh.length === 0 ? 'none' : `only about AIBrix and NIXL: ${complaints(fresh)}`,
  })
}
