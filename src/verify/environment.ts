import type { Leg } from '../plan/index.ts'
import { listed, normalizedName, withoutFullStop } from '../text.ts'
import { fileChanges, fileChangeText, fileProblem } from './base-files.ts'
import { engineOf, type Facts, type LegFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'
import { isNixl } from './nixl.ts'

type PackageChange = { name: string; before: string; after: string | null }
/** Package name → version */
type AddedPackages = { pip: Record<string, string>; dpkg: Record<string, string> }

/** Packages that the action installs, whatever version the base has. */
function isOurs(name: string): boolean {
  return isNixl(name) || name === 'aibrix-kvcache'
}

function changesBetween(before: Record<string, string>, after: Record<string, string>): PackageChange[] {
  return Object.entries(before)
    .filter(([name, version]) => after[name] !== version)
    .map(([name, version]) => ({ name, before: version, after: after[name] ?? null }))
}

function addedTo(before: Record<string, string>, after: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(after).filter(([name]) => !(name in before)))
}

/** @returns packages that the image has and the base has not */
export function addedPackages(base: Facts, image: Facts): AddedPackages {
  return { pip: addedTo(base.pip, image.pip), dpkg: addedTo(base.dpkg ?? {}, image.dpkg ?? {}) }
}

/** @returns the base's packages of NIXL and AIBrix that the action replaced */
export function replacedPackages(base: Facts, image: Facts): PackageChange[] {
  return changesBetween(base.pip, image.pip).filter(({ name }) => isOurs(name))
}

/** Changes to other packages. The engine and torch have gates of their own. */
function forbiddenChanges({ engine }: Leg, { base, image }: LegFacts): PackageChange[] {
  const judgedElsewhere = new Set(['torch', engine])
  const pip = changesBetween(base.pip, image.pip).filter(
    ({ name }) => !isOurs(name) && !judgedElsewhere.has(name),
  )
  const dpkg = base.dpkg ? changesBetween(base.dpkg, image.dpkg ?? {}) : []
  return [...pip, ...dpkg]
}

function changeText({ name, before, after }: PackageChange): string {
  return after === null ? `${name} ${before} vanished` : `${name} ${before} → ${after}`
}

/** @returns changed files, except of changed packages and of another engine than the base's */
function changedFiles(leg: Leg, { base, image }: LegFacts) {
  const changed = changesBetween(base.pip, image.pip).map(({ name }) => name)
  const isOther = engineOf(leg, base)?.version !== engineOf(leg, image)?.version
  const judgedElsewhere = new Set([...changed, ...(isOther ? [leg.engine] : [])])
  return image.baseFiles && fileChanges(image.baseFiles, judgedElsewhere)
}

/** @returns files of added packages that are not what pip installed */
function changedLater({ addedFiles }: Facts) {
  return addedFiles ? fileChanges(addedFiles, new Set()) : []
}

/**
 * @returns whether nothing is wrong with what the base had, so that only files of added packages are,
 *   which have gates of their own for what they do
 */
export function isOnlyOfAdded(leg: Leg, facts: LegFacts): boolean {
  const { image } = facts
  return (
    changedLater(image).length > 0 &&
    forbiddenChanges(leg, facts).length === 0 &&
    (changedFiles(leg, facts) ?? []).length === 0
  )
}

/** @param owner the package that overwrites, removes or adds a file of another */
function adviceOn(owner: string, { extraPackages }: Facts): string {
  if (extraPackages?.added.includes(owner)) return `leave ${owner}, and what needs it, out of extra-packages`
  return `check what ${owner === 'aibrix-kvcache' ? 'aibrix-repository' : 'package-index'} has of ${owner}`
}

/**
 * Every package of the base keeps its version, and pip's keep their files; except NIXL's. Those that
 * the build added have the files that pip installed.
 */
export function judgeEnvironment(leg: Leg, facts: LegFacts): Gate {
  const { base, image } = facts
  const dpkg = base.dpkg ? ` and ${Object.keys(base.dpkg).length} dpkg` : ''
  const gate = about(
    'environment-untouched',
    `${Object.keys(base.pip).length} pip${dpkg} packages of the base as they were`,
  )
  const forbidden = forbiddenChanges(leg, facts)
  const [first] = forbidden
  const tested = 'with which the engine was tested'
  if (first) {
    const what =
      first.after === null ? `removed ${first.name} ${first.before}` : `changed ${changeText(first)}`
    return gate.with(listed(forbidden.map(changeText))).fail(`A build step ${what}, ${tested}`, reportHint)
  }
  const files = changedFiles(leg, facts)
  const [file] = files ?? []
  if (files && file) {
    const advice = file.owner === null ? reportHint : adviceOn(file.owner, image)
    const others = file.owner === null ? [] : [gate.waiver]
    const seen = gate.with(listed(files.map(fileChangeText), 3))
    return seen.fail(`${fileProblem(file)}, ${tested}`, advice, ...others)
  }
  const later = changedLater(image)
  const [changed] = later
  if (changed)
    return gate
      .with(listed(later.map(fileChangeText), 3))
      .fail(`${fileProblem(changed)} after pip had installed it`, reportHint)
  const added = addedPackages(base, image)
  const debs = Object.keys(added.dpkg).map((entry) => entry.replace(/:.*$/, ''))
  const seen = gate.with(`unchanged; added: ${listed([...Object.keys(added.pip), ...debs], 12)}`)
  if (Object.keys(base.pip).length === 0)
    return seen.undetermined('no Python package of the base could be listed')
  if (files === null || image.baseFiles?.compared === 0)
    return seen.undetermined("the files of the base's packages could not be compared")
  if (image.addedFiles === null)
    return seen.undetermined('the files of the added packages could not be compared')
  return seen.pass()
}

/**
 * pip's two forms, `vllm 0.10.2 requires x, which is not installed.` and `vllm 0.10.2 has requirement
 * x==1, but you have x 2.`, and that of uv, which checks environments without pip: ``The package
 * `vllm` requires `x>=1`, but it's not installed``.
 */
const forms = [
  /^(?<about>\S+) \S+ requires (?<dependency>\S+?),/,
  /^(?<about>\S+) \S+ has requirement (?<dependency>[A-Za-z0-9._-]+)/,
  /^The package `(?<about>[^`]+)` requires `(?<dependency>[A-Za-z0-9._-]+)/,
]

/** @returns in `about` the package with the unmet requirement */
function parseComplaint(line: string) {
  const groups = forms.map((form) => form.exec(line)?.groups).find((found) => found !== undefined)
  return { about: normalizedName(groups?.about ?? ''), dependency: normalizedName(groups?.dependency ?? '') }
}

function complaints(lines: string[]): string {
  const some = lines.map(withoutFullStop)
  return listed(some, 3)
}

/**
 * `pip check` has no new complaint, except about the requirements of AIBrix and NIXL: AIBrix pins
 * what no engine has (`redis==6.0.0`, `setuptools<80`), and NIXL 0.7.1 requires nixl-cu12 on CUDA 13
 * too. Complaints about packages that `environment-untouched` found changed are left to that gate.
 */
export function judgePipCheck(leg: Leg, facts: LegFacts): Gate {
  const { base, image } = facts
  const gate = about('pip-check', 'no new complaint of pip check, except about AIBrix and NIXL')
  if (base.pipCheck === null || image.pipCheck === null)
    return gate
      .with('not run')
      .undetermined(`pip check could not be run in the ${base.pipCheck ? 'image' : 'base'}`)
  const before = new Set(base.pipCheck)
  const fresh = image.pipCheck.filter((line) => !before.has(line) && line !== 'No broken requirements found.')
  const strange = fresh.filter((line) => !isOurs(parseComplaint(line).about))
  const changed = new Set(forbiddenChanges(leg, facts).map((change) => change.name))
  const own = strange.filter((line) => {
    const { about: complaining, dependency } = parseComplaint(line)
    return !changed.has(complaining) && !changed.has(dependency)
  })
  const [first] = own
  if (first !== undefined)
    return gate
      .with(complaints(own))
      .fail(`An installed package breaks a requirement: ${first}`, reportHint, gate.waiver)
  if (strange.length > 0)
    return gate
      .with(complaints(strange))
      .follows('environment-untouched', 'the new complaints are about packages that it found changed')
  return gate.with(fresh.length === 0 ? 'none' : `only about AIBrix and NIXL: ${complaints(fresh)}`).pass()
}
