import { isSameRelease, type Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import { whyNoTools } from './conditions.ts'
import type { LegFacts, RootFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'
import { othersNote } from './nixl.ts'

/** An image for RDMA and GPUs needs the modules for InfiniBand and for CUDA memory. */
const needed = ['cuda', 'ib']

function missingModules(modules: string[]): string[] {
  return needed.filter((module) => !modules.includes(module))
}

function ucxText({ version, modules }: { version: string | null; modules: string[] }): string {
  return `UCX ${version ?? 'unknown'}, modules ${listed(modules, 12)}`
}

/**
 * NIXL loads the UCX release that it is known to bundle, with its modules. What another NIXL than the
 * declared one bundles is not known, and only `nixl-variant` fails.
 */
export function judgeNixlUcx(leg: Leg, { image }: LegFacts): Gate {
  const ucx = image.bundledUcx
  const gate = about(
    'nixl-ucx',
    `UCX ${leg.ucxVersion ?? 'of any release'} with modules ${needed.join(', ')}`,
    (ucx ? ucxText(ucx) : 'no libucp beside NIXL') + othersNote(leg, image),
  )
  const versions = Object.values(image.nixl.distributions)
  if (versions.length === 0) return gate.follows('nixl-variant', 'there is no NIXL')
  const other = versions.find((version) => !isSameRelease(leg.nixl, version))
  if (other !== undefined)
    return gate.follows(
      'nixl-variant',
      `NIXL is ${other} and not ${leg.nixl}, so the UCX that it should bundle is not known`,
    )
  const remedy =
    leg.nixlFrom === 'base'
      ? "set nixl-version to a version, which replaces the base's NIXL"
      : 'check that package-index has the published wheel of NIXL'
  if (!ucx) return gate.fail(`NIXL ${leg.nixl} came without its libucp`, remedy)
  if (ucx.version === null)
    return gate
      .with(`${ucx.library} does not answer`)
      .fail(`NIXL's libucp can't be loaded: ${ucx.error ?? 'no reason was given'}`, remedy)
  if (leg.ucxVersion !== null && !isSameRelease(leg.ucxVersion, ucx.version))
    return gate.fail(
      `${ucx.library} reports ${ucx.version}, NIXL ${leg.nixl} should bundle ${leg.ucxVersion}`,
      leg.nixlFrom === 'base' ? remedy : `${remedy}; if it has, ${reportHint}`,
    )
  const missing = missingModules(ucx.modules)
  if (missing.length > 0)
    return gate.fail(`NIXL's UCX has no module ${missing.join(', ')}, so it falls back to TCP`, remedy)
  return gate.pass()
}

/**
 * The loader finds no libucp or libucs beside NIXL's: two UCX releases in one process crash (dynamo
 * #12558). One from the base fails as well, since it crashes just the same and a published image
 * promises to have none. Users who know that nothing loads it can waive the gate, which is recorded in
 * a label and in the summary.
 */
export function judgeSecondLibucp(_leg: Leg, { base, image }: RootFacts): Gate {
  const gate = about('second-libucp', 'none in the loader path')
  const found = image.loaderUcx
  if (found === null) return gate.undetermined('what the loader finds could not be measured')
  const [first] = found
  if (first === undefined) return gate.with('none').pass()
  const added = found.find((path) => !base.loaderUcx?.includes(path))
  if (added !== undefined)
    return gate
      .with(listed([added, ...found.filter((path) => path !== added)], 3))
      .fail(`${added} was added to the base, as by the distribution's ucx-utils or libucx0`, reportHint)
  return gate
    .with(listed(found, 3))
    .fail(
      `${first} came with the base, and a process that loads it beside NIXL's crashes`,
      'choose another base',
      gate.waiver,
    )
}

/** The UCX tools start, and have NIXL's release, their own libraries, InfiniBand and CUDA. */
export function judgeUcxTools(leg: Leg, { image }: LegFacts): Gate {
  const tools = image.ucxTools
  const whyNone = whyNoTools(leg)
  if (whyNone !== undefined && !tools)
    return about('ucx-tools', 'no UCX tools', 'none').notApplicable(whyNone)
  const version = leg.ucxVersion ?? 'none'
  const gate = about('ucx-tools', `ucx_info ${version} with modules ${needed.join(', ')}`, 'no ucx_info')
  if (!tools) return gate.fail('The UCX tools are not in the image', reportHint)
  const seen = gate.with(ucxText(tools))
  if (tools.version === null)
    return seen.fail(`ucx_info -v fails: ${tools.error ?? 'no reason was given'}`, reportHint)
  if (!isSameRelease(version, tools.version))
    return seen.fail(`ucx_info reports UCX ${tools.version}, NIXL uses ${version}`, reportHint)
  if (tools.library !== null && !tools.library.startsWith(`${tools.prefix.replace(/\/$/, '')}/`))
    return gate
      .with(`ucx_info uses ${tools.library}`)
      .fail(`ucx_info uses libraries outside of ${tools.prefix}`, reportHint)
  const broken = [
    ['ucx_perftest -h', tools.perftest],
    ['ucx_info -d', tools.devices],
  ] as const
  for (const [command, outcome] of broken)
    if (outcome.outcome === 'error')
      return gate.with(`${command} fails`).fail(`${command}: ${outcome.error}`, reportHint)
  const missing = missingModules(tools.modules)
  if (missing.length > 0)
    return seen.fail(
      `The UCX tools were built without ${missing.join(', ')}`,
      'look in the log of the build stage ucx for what its configure did not find',
    )
  return seen.pass()
}
