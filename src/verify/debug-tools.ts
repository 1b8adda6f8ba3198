import type { Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import type { BaseFacts, LegFacts } from './facts.ts'
import { about, type Gate } from './gate.ts'

/** Commands for debugging RDMA. */
const debugTools = ['ibv_devices', 'ib_write_bw', 'ip', 'ping', 'ifconfig']

/**
 * dockerfiles/scripts/common/system_packages.py only knows apt.
 * @returns why debug tools can't be installed; undefined if they can, or if none is missing
 */
export function packagesObjection({ dpkg, tools, system }: BaseFacts): string | undefined {
  const missing = tools.filter(({ path }) => path === null).map(({ command }) => command)
  if (dpkg !== null || missing.length === 0) return undefined
  return `the base (${system.distribution}) lacks ${listed(missing)}, which the action can only install on Debian and Ubuntu`
}

export function judgeDebugTools(_leg: Leg, { image }: LegFacts): Gate {
  const gate = about('debug-tools', `${debugTools.join(', ')} start`, 'all start')
  const broken = debugTools.flatMap((command) => {
    const tool = image.tools.find((candidate) => candidate.command === command)
    if (tool?.path === undefined || tool.path === null) return [`${command} is missing`]
    return tool.start.outcome === 'error' ? [`${command} does not start: ${tool.start.error}`] : []
  })
  const [first] = broken
  if (first === undefined) return gate.pass()
  return gate
    .with(listed(broken))
    .fail(first, "look in the build's log for whether its package was installed", gate.waiver)
}
