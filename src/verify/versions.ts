import { baseName, engines, isSameRelease, type Leg } from '../plan/index.ts'
import { checkClaims, claimText } from './base-tag.ts'
import { type BaseFacts, engineOf, type Facts, type LegFacts, type RootFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'

/** The engine is the one in the image's tag and in the base, which is what its own tag claims. */
export function judgeEngineVersion(leg: Leg, { base, image }: RootFacts): Gate {
  const { engine, version } = leg
  const [had, found] = [engineOf(leg, base), engineOf(leg, image)]
  const claims = checkClaims(leg, base)
  const gate = about(
    'engine-version',
    [`${engine} ${version.release}`, ...claims.map(({ claim }) => claimText(claim))].join(', '),
    found ? `${found.name} ${found.version}` : `no ${engine}`,
  )
  const tag = baseName(leg.base)
  const report = 'report it to the maker of that image'
  const isGiven = leg.base.given !== undefined
  if (!had)
    return gate.fail(
      `Python in the base ${tag} finds no package ${engine}${others(base)}`,
      checkBase(leg, `${engines[engine].title}'s own images`),
    )
  if (!isSameRelease(version.release, had.version))
    return gate.fail(
      `The base ${tag} contains another version than ${isGiven ? 'versions' : 'its tag'} says`,
      isGiven ? `set versions to v${had.version.replace(/\+.*$/, '')}` : 'choose another version',
      isGiven ? 'choose another base-image' : report,
    )
  const wrong = claims.find((claim) => claim.holds === 'no')
  if (wrong)
    return gate
      .with(`${gate.actual}, ${wrong.found}`)
      .fail(
        isGiven
          ? `versions says ${wrong.claim.part}, but the base ${tag} is ${wrong.found}`
          : `The tag of the base ${tag} says ${wrong.claim.part}, but behind it is ${wrong.found}`,
        'choose another version',
        isGiven ? 'choose another base-image' : report,
        gate.waiver,
      )
  if (!found) return gate.fail(`A build step removed the base's ${engine} ${had.version}`, reportHint)
  if (had.version !== found.version)
    return gate.fail(`The base had ${engine} ${had.version}, and a build step replaced it`, reportHint)
  const unknown = claims.find((claim) => claim.holds === 'unknown')
  if (!unknown) return gate.pass()
  const why = `${isGiven ? 'versions' : `the tag of the base ${tag}`} says ${unknown.claim.part}, and ${unknown.reason}`
  return unknown.from ? gate.follows(unknown.from, why) : gate.undetermined(why)
}

/** @param own what base-registry has in the right place */
function checkBase({ base }: Leg, own: string): string {
  return base.given === undefined
    ? `check that base-registry has ${own}`
    : 'check that base-image is an image of the engine'
}

function others({ engines: found }: BaseFacts): string {
  return found.length === 0 ? '' : `, only ${found.map((one) => `${one.name} ${one.version}`).join(' and ')}`
}

/** torch has the base's version and CUDA, and the files in its RECORD. */
export function judgeTorch(leg: Leg, { base, image }: RootFacts): Gate {
  const gate = about('torch-untouched', torchText(base.torch), torchText(image.torch))
  const [had, found] = [base.torch, image.torch]
  if (!had)
    return gate.fail(
      'The base has no torch, so nothing can be compiled against it',
      checkBase(leg, "the engine's own images"),
    )
  if (!found) return gate.fail("The base's torch is gone or can't be imported", reportHint)
  if (had.version !== found.version || had.cuda !== found.cuda)
    return gate.fail(`torch ${had.version} became ${found.version}: an install replaced torch`, reportHint)
  if (had.record === null || found.record === null)
    return gate.undetermined('torch has no RECORD file, so that only its version could be compared')
  if (had.record === found.record) return gate.pass()
  return gate.fail('torch has the same version but was installed again (its RECORD differs)', reportHint)
}

function torchText(torch: Facts['torch']): string {
  if (!torch) return 'no torch'
  const record = torch.record?.replace(/^sha256:/, '').slice(0, 12) ?? 'unknown'
  return `${torch.version}, CUDA ${torch.cuda ?? 'none'}, RECORD ${record}`
}

/** setup.py omits this CUDA from AIBrix's version (MAIN_CUDA_VERSION, v0.5.0 to v0.7.0). */
const cudaWithoutLocalPart = '12.1'

/**
 * The local parts of the version that fit a base: setup.py uses nvcc's release (`get_aibrix_version`),
 * which is the toolkit's if the base has one, else torch's.
 */
export function fittingLocalParts({
  torch,
  toolkit,
}: {
  torch: Pick<NonNullable<Facts['torch']>, 'cuda'> | null
  toolkit: Pick<NonNullable<Facts['toolkit']>, 'version'> | null
}): string[] {
  const releases = [toolkit?.version, torch?.cuda].filter((release) => typeof release === 'string')
  const parts = releases.map((release) =>
    release === cudaWithoutLocalPart ? '' : `cu${release.replaceAll('.', '').slice(0, 3)}`,
  )
  return [...new Set(parts)]
}

/** @returns the device in a version of aibrix_kvcache: `cu130`, `` if it names none */
export function localPart(version: string): string {
  const parts = (version.split('+')[1] ?? '').split('.')
  return parts.find((part) => /^(?:cu\d+|cpu|empty)$/.test(part)) ?? ''
}

/** aibrix_kvcache has the version in the tag and the base's CUDA part, and can be imported. */
export function judgeAibrixVersion(leg: Leg, { base, image }: LegFacts): Gate {
  const fitting = fittingLocalParts(base)
  const suffixes = fitting.map((part) => (part === '' ? 'no local part' : `+${part}`)).join(' or ')
  // The own version of a branch or a commit is not declared, so only its CUDA part can be judged.
  const declared = leg.aibrix.kind === 'tag' ? leg.aibrix.ref : undefined
  const wanted = declared?.replace(/^v/, '') ?? `of ${leg.aibrix.commit.slice(0, 7)}`
  const gate = about(
    'aibrix-version',
    `aibrix_kvcache ${wanted} (${suffixes || 'local part unknown'})`,
    image.aibrix ? `aibrix_kvcache ${image.aibrix.version}` : 'no aibrix_kvcache',
  )
  if (!image.aibrix) return gate.fail('aibrix_kvcache is not installed in the image', reportHint)
  const { version, import: imported } = image.aibrix
  if (declared !== undefined && !isSameRelease(declared, version))
    return gate.fail(
      `The wheel says ${version}, the tag says ${declared}`,
      'check what aibrix-repository has under that tag',
      gate.waiver,
    )
  if (imported.outcome === 'error')
    return gate
      .with(`${gate.actual}, not importable`)
      .fail(
        `import aibrix_kvcache fails, because a dependency is missing or was changed: ${imported.error}`,
        'choose another aibrix-version',
        gate.waiver,
      )
  if (fitting.length === 0)
    return gate.follows(
      base.torch ? 'cuda-major' : 'torch-untouched',
      'neither the toolkit nor torch in the base names a CUDA release to compare with',
    )
  const local = localPart(version)
  if (fitting.includes(local)) return gate.pass()
  return gate.fail(
    `The wheel was compiled for ${local || 'an unnamed device'}, this base needs ${suffixes}`,
    reportHint,
  )
}
