import { listed } from '../text.ts'
import { isSameRelease, type Leg } from '../plan/index.ts'
import type { LegFacts, RootFacts } from './facts.ts'
import { whyNoTools } from './conditions.ts'
import { shownBeside } from './nixl.ts'
import {
  failed,
  follows,
  type Gate,
  notApplicable,
  passed,
  reportHint,
  undetermined,
  waiverHint,
} from './gate.ts'

/** What an image for RDMA and GPUs can't do without: the modules for InfiniBand and for CUDA memory. */
const needed = ['cuda', 'ib']

function withoutModules(modules: string[]): string[] {
  return needed.filter((module) => !modules.includes(module))
}

function remedyOf({ nixlFrom }: Leg): string {
  return nixlFrom === 'base'
    ? "set nixl-version to a version, and the base's NIXL is replaced"
    : 'check that package-index has the published wheel of NIXL'
}

function describe(version: string | null, modules: string[]): string {
  return `UCX ${version ?? 'unknown'}, modules ${listed(modules, 12)}`
}

/**
 * The UCX that NIXL loads is the release that this NIXL is known to bundle, and its modules are there. For another NIXL
 * than the declared one nothing is known to expect, so `nixl-variant` alone fails then.
 */
export function judgeNixlUcx(leg: Leg, { image }: LegFacts): Gate {
  const name = 'nixl-ucx'
  const ucx = image.bundledUcx
  const judgement = {
    expected: `UCX ${leg.ucxVersion ?? 'of any release'} with modules ${needed.join(', ')}`,
    actual: (ucx ? describe(ucx.version, ucx.modules) : 'no libucp beside NIXL') + shownBeside(leg, image),
  }
  const versions = Object.values(image.nixl.distributions)
  if (versions.length === 0) return follows(name, judgement, 'nixl-variant', 'no NIXL to look at')
  const other = versions.find((version) => !isSameRelease(leg.nixl, version))
  if (other !== undefined)
    return follows(
      name,
      judgement,
      'nixl-variant',
      `NIXL is ${other} and not ${leg.nixl}, so it is not known which UCX it should bundle`,
    )
  if (!ucx) return failed(name, judgement, `NIXL ${leg.nixl} came without its libucp; ${remedyOf(leg)}.`)
  if (ucx.version === null)
    return failed(
      name,
      { ...judgement, actual: `${ucx.library} does not answer` },
      `NIXL's libucp can't be loaded: ${ucx.error ?? 'no reason was given'}; ${remedyOf(leg)}.`,
    )
  if (leg.ucxVersion !== null && !isSameRelease(leg.ucxVersion, ucx.version))
    return failed(
      name,
      judgement,
      `${ucx.library} answers ${ucx.version}, NIXL ${leg.nixl} should bundle ${leg.ucxVersion}; ${remedyOf(leg)}${leg.nixlFrom === 'base' ? '' : `; if it has, ${reportHint}`}.`,
    )
  const missing = withoutModules(ucx.modules)
  if (missing.length > 0)
    return failed(
      name,
      judgement,
      `NIXL's UCX has no module ${missing.join(', ')}, so it falls back to TCP; ${remedyOf(leg)}.`,
    )
  return passed(name, judgement)
}

/**
 * The loader finds no libucp or libucs beside NIXL's: two UCX releases in one process crash (dynamo #12558). One that the base
 * brought fails as well, since the crash doesn't ask where it came from and the published image promises that there
 * is none; who knows that nothing loads it waives the gate, and the waiver is written into the label and the summary.
 */
export function judgeSecondLibucp(_leg: Leg, { base, image }: RootFacts): Gate {
  const name = 'second-libucp'
  const expected = 'none in the loader path'
  if (image.loaderUcx === null)
    return undetermined(name, { expected, actual: 'unknown' }, 'what the loader finds could not be looked up')
  const judgement = { expected, actual: listed(image.loaderUcx, 3) }
  const first = image.loaderUcx[0]
  if (first === undefined) return passed(name, judgement)
  const had = base.loaderUcx ?? []
  const added = image.loaderUcx.find((path) => !had.includes(path))
  if (added !== undefined)
    return failed(
      name,
      {
        expected,
        actual: listed([added, ...image.loaderUcx.filter((path) => path !== added)], 3),
      },
      `${added} was added to the base, as the distribution's ucx-utils or libucx0 does; ${reportHint}.`,
    )
  return failed(
    name,
    judgement,
    `${first} came with the base, and a process that loads it beside NIXL's crashes; choose another base, or ${waiverHint(name)}.`,
  )
}

/** ucx_info and ucx_perftest start, are of NIXL's UCX release, use their own libraries and know InfiniBand and CUDA. */
export function judgeUcxTools(leg: Leg, { image }: LegFacts): Gate {
  const name = 'ucx-tools'
  const tools = image.ucxTools
  const missingTools = whyNoTools(leg)
  if (missingTools !== undefined && !tools)
    return notApplicable(name, { expected: 'no UCX tools', actual: 'none' }, missingTools)
  const version = leg.ucxVersion ?? 'none'
  const judgement = {
    expected: `ucx_info ${version} with modules ${needed.join(', ')}`,
    actual: tools ? describe(tools.version, tools.modules) : 'no ucx_info',
  }
  if (!tools) return failed(name, judgement, `The UCX tools are not in the image; ${reportHint}.`)
  if (tools.version === null)
    return failed(
      name,
      judgement,
      `ucx_info -v does not answer: ${tools.error ?? 'no reason was given'}; ${reportHint}.`,
    )
  if (!isSameRelease(version, tools.version))
    return failed(
      name,
      judgement,
      `ucx_info answers for UCX ${tools.version}, NIXL uses ${version}; ${reportHint}.`,
    )
  if (tools.library !== null && !tools.library.startsWith(`${tools.prefix.replace(/\/$/, '')}/`))
    return failed(
      name,
      { ...judgement, actual: `ucx_info uses ${tools.library}` },
      `ucx_info takes its libraries from outside of ${tools.prefix}; ${reportHint}.`,
    )
  const broken = [
    ['ucx_perftest -h', tools.perftest],
    ['ucx_info -d', tools.devices],
  ] as const
  for (const [command, outcome] of broken)
    if (outcome.outcome === 'error')
      return failed(
        name,
        { ...judgement, actual: `${command} fails` },
        `${command}: ${outcome.error}; ${reportHint}.`,
      )
  const missing = withoutModules(tools.modules)
  if (missing.length > 0)
    return failed(
      name,
      judgement,
      `The UCX tools were built without ${missing.join(', ')}; look in the log of the build stage ucx for what its configure did not find.`,
    )
  return passed(name, judgement)
}
