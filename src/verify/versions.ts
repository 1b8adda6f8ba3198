import { engines, isSameRelease, type Leg } from '../plan/index.ts'
import { familiarReference } from '../registry/index.ts'
import { describeClaim, heldClaims } from './base-tag.ts'
import { type BaseFacts, engineOf, type Facts, type LegFacts, type RootFacts } from './facts.ts'
import { failed, follows, type Gate, passed, reportHint, undetermined, waiverHint } from './gate.ts'

/** The engine in the image is the one that the tag names, and the one that the base had, which is what its tag says. */
export function judgeEngineVersion(leg: Leg, { base, image }: RootFacts): Gate {
  const name = 'engine-version'
  const [had, found] = [engineOf(leg, base), engineOf(leg, image)]
  const claims = heldClaims(leg, base)
  const judgement = {
    expected: [
      `${leg.engine} ${leg.version.release}`,
      ...claims.map(({ claim }) => describeClaim(claim)),
    ].join(', '),
    actual: found ? `${found.name} ${found.version}` : `no ${leg.engine}`,
  }
  const tag = familiarReference({ ...leg.base.repository, tag: leg.base.tag })
  if (!had)
    return failed(
      name,
      judgement,
      `Python in the base ${tag} finds no package ${leg.engine}${others(base)}; check that base-registry has ${engines[leg.engine].title}'s own images.`,
    )
  if (!isSameRelease(leg.version.release, had.version))
    return failed(
      name,
      judgement,
      `The base ${tag} holds another version than its tag says; choose another version, or report it to who makes that image.`,
    )
  const lie = claims.find((claim) => claim.is === 'false')
  if (lie)
    return failed(
      name,
      { ...judgement, actual: `${judgement.actual}, ${lie.found}` },
      `The tag of the base ${tag} says ${lie.claim.part}, and behind it is ${lie.found}; choose another version, report it to who makes that image, or ${waiverHint(name)}.`,
    )
  if (!found)
    return failed(
      name,
      judgement,
      `A build step removed the base's ${leg.engine} ${had.version}; ${reportHint}.`,
    )
  if (had.version !== found.version)
    return failed(
      name,
      judgement,
      `The base had ${leg.engine} ${had.version} and a build step replaced it; ${reportHint}.`,
    )
  const untold = claims.find((claim) => claim.is === 'untold')
  if (untold) {
    const why = `the tag of the base ${tag} says ${untold.claim.part}, and ${untold.why}`
    return untold.from ? follows(name, judgement, untold.from, why) : undetermined(name, judgement, why)
  }
  return passed(name, judgement)
}

function others({ engines: found }: BaseFacts): string {
  return found.length === 0 ? '' : `, only ${found.map((one) => `${one.name} ${one.version}`).join(' and ')}`
}

/** torch has the base's version, the base's CUDA, and the files that its RECORD lists. */
export function judgeTorch(_leg: Leg, { base, image }: RootFacts): Gate {
  const name = 'torch-untouched'
  const judgement = { expected: describeTorch(base.torch), actual: describeTorch(image.torch) }
  if (!base.torch)
    return failed(
      name,
      judgement,
      "The base has no torch, so nothing can be compiled against it; check that base-registry has the engine's own images.",
    )
  if (!image.torch)
    return failed(name, judgement, `The base's torch is gone or can't be imported; ${reportHint}.`)
  if (base.torch.version !== image.torch.version || base.torch.cuda !== image.torch.cuda)
    return failed(
      name,
      judgement,
      `torch ${base.torch.version} became ${image.torch.version}: an install pulled another torch in; ${reportHint}.`,
    )
  if (base.torch.record === null || image.torch.record === null)
    return undetermined(name, judgement, 'torch has no RECORD file, so only its version could be compared')
  if (base.torch.record !== image.torch.record)
    return failed(
      name,
      judgement,
      `torch has the same version but was installed again (its RECORD differs); ${reportHint}.`,
    )
  return passed(name, judgement)
}

function describeTorch(torch: Facts['torch']): string {
  if (!torch) return 'no torch'
  const record =
    torch.record === null ? 'RECORD unknown' : `RECORD ${torch.record.replace(/^sha256:/, '').slice(0, 12)}`
  return `${torch.version}, CUDA ${torch.cuda ?? 'none'}, ${record}`
}

/** CUDA release that AIBrix's setup.py leaves out of the version (MAIN_CUDA_VERSION, v0.5.0 to v0.7.0). */
const cudaWithoutLocalPart = '12.1'

/**
 * The local parts that fit: setup.py takes nvcc's release (`get_aibrix_version`), which is the toolkit's where the base
 * has one and torch's otherwise.
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

/** @returns what a version of aibrix_kvcache says of the device that it was compiled for: `cu130`, `` if nothing */
export function localPart(version: string): string {
  const parts = (version.split('+')[1] ?? '').split('.')
  return parts.find((part) => /^(?:cu\d+|cpu|empty)$/.test(part)) ?? ''
}

/** aibrix_kvcache has the version that the tag names and the CUDA part of this base, and can be imported. */
export function judgeAibrixVersion(leg: Leg, { base, image }: LegFacts): Gate {
  const name = 'aibrix-version'
  const fitting = fittingLocalParts(base)
  const suffixes = fitting.map((part) => (part === '' ? 'no local part' : `+${part}`)).join(' or ')
  // What a branch or a commit calls itself is not declared anywhere, so only its CUDA part can be judged.
  const declared = leg.aibrix.kind === 'tag' ? leg.aibrix.ref : undefined
  const judgement = {
    expected: `aibrix_kvcache ${declared?.replace(/^v/, '') ?? `of ${leg.aibrix.commit.slice(0, 7)}`} (${suffixes || 'local part unknown'})`,
    actual: image.aibrix ? `aibrix_kvcache ${image.aibrix.version}` : 'no aibrix_kvcache',
  }
  if (!image.aibrix)
    return failed(name, judgement, `aibrix_kvcache is not installed in the image; ${reportHint}.`)
  const { version, import: imported } = image.aibrix
  if (declared !== undefined && !isSameRelease(declared, version))
    return failed(
      name,
      judgement,
      `The wheel says ${version}, the tag says ${declared}; look at what aibrix-repository has under that tag, or ${waiverHint(name)}.`,
    )
  if (imported.outcome === 'error')
    return failed(
      name,
      { ...judgement, actual: `${judgement.actual}, not importable` },
      `import aibrix_kvcache fails: ${imported.error}; a dependency is missing or was changed; choose another aibrix-version, or ${waiverHint(name)}.`,
    )
  if (fitting.length === 0)
    return follows(
      name,
      judgement,
      base.torch ? 'cuda-major' : 'torch-untouched',
      'neither the toolkit nor torch in the base names a CUDA release to compare with',
    )
  const local = localPart(version)
  if (!fitting.includes(local))
    return failed(
      name,
      judgement,
      `The wheel was compiled for ${local === '' ? 'an unnamed device' : local}, this base needs ${suffixes}; ${reportHint}.`,
    )
  return passed(name, judgement)
}
