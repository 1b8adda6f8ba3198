import {
  buildIdLabel,
  canonicalJson,
  determinantsLabel,
  determinantsOf,
  engines,
  type Leg,
} from '../plan/index.ts'
import { actionVersion } from '../version.ts'
import { componentsOf, type ComponentName } from './components.ts'
import { conditionsOf } from './conditions.ts'
import type { LegFacts } from './facts.ts'
import type { GateName } from './gate.ts'

const measuredLabels: Record<ComponentName, string> = {
  engine: 'engine-version',
  torch: 'torch',
  cuda: 'cuda',
  python: 'python',
  aibrix_kvcache: 'aibrix',
  nixl: 'nixl',
  ucx: 'ucx',
}

/** Of an image of which gates were waived: `gate=reason`, with `; ` between several */
export const waivedLabel = 'io.aibrix.image.waived'

/** What a user of the image has to set, with `; ` between several: `VLLM_USE_V2_MODEL_RUNNER=0` */
export const conditionsLabel = 'io.aibrix.image.conditions'

/** Where an image is described to people; it says nothing of one image alone. */
const home = 'https://github.com/vllm-project/aibrix'

/**
 * OCI labels of an image, also the annotations of its index: what it is, what it was made from, what was measured in it. An image
 * serves every later run with its build id, so that a label holds what was measured or what is in the id, and not from where the run
 * that built it happened to take a base or a commit, or by which name: neither mirror nor branch nor address of a repository. Only the
 * version of the action is of that run: it is the one that has measured.
 * @param waived gate → reason, of those that failed and of those that can only be judged once the labels are in the image
 */
export function labelsOf(
  leg: Leg,
  facts: LegFacts,
  waived: ReadonlyMap<GateName, string>,
): Record<string, string> {
  const { title, baseRepository } = engines[leg.engine]
  const { aibrix, base } = leg
  const ref = aibrix.kind === 'tag' ? aibrix.ref : aibrix.commit.slice(0, 7)
  const labels: Record<string, string> = {
    'org.opencontainers.image.title': `${title} with AIBrix KVCache`,
    'org.opencontainers.image.description': `${title} ${leg.version.release} with AIBrix KVCache ${ref}, NIXL ${leg.nixl}${leg.ucx ? ` and the UCX ${leg.ucxVersion ?? ''} tools` : ''}`,
    'org.opencontainers.image.version': `v${leg.version.release}-aibrix-${ref}-nixl-${leg.nixl}`,
    'org.opencontainers.image.url': home,
    'org.opencontainers.image.source': '',
    'org.opencontainers.image.revision': aibrix.commit,
    'org.opencontainers.image.base.name': `${baseRepository}@${base.manifestDigest}`,
    'org.opencontainers.image.base.digest': base.manifestDigest,
    [buildIdLabel]: leg.buildId,
    'io.aibrix.image.action-version': actionVersion,
    'io.aibrix.image.engine': leg.engine,
    'io.aibrix.image.aibrix-commit': aibrix.commit,
    ...(leg.ucx && { 'io.aibrix.image.ucx-commit': leg.ucx.commit }),
  }
  for (const { name, measured } of componentsOf(leg, facts))
    if (measured !== null) labels[`io.aibrix.image.${measuredLabels[name]}`] = measured
  const { image } = facts
  if (image.integration) labels['io.aibrix.image.integration'] = image.integration.mode
  const conditions = conditionsOf(leg, image)
  if (conditions.length > 0) labels[conditionsLabel] = conditions.map((one) => one.name).join('; ')
  const architectures = image.aibrix?.extension?.machineCode ?? []
  if (architectures.length > 0) labels['io.aibrix.image.gpu-architectures'] = architectures.join(' ')
  const waivers = [...waived].map(([gate, reason]) => `${gate}=${reason}`)
  if (waivers.length > 0) labels[waivedLabel] = waivers.join('; ')
  const result = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, oneLine(value)]))
  // JSON is one line already, and spaces in it may be a build argument's.
  const own = { ...result, [determinantsLabel]: canonicalJson(determinantsOf(leg, leg.recipe)) }
  return { ...inherited(base.config.labels), ...own }
}

/** Labels that describe one image: this action's own, the standard ones, and those that were the standard before. */
const describing = /^(?:io\.aibrix\.image|org\.opencontainers\.image|org\.label-schema)\./

/** @returns those that an image inherits and that describe its base, set to nothing, since none can be removed */
function inherited(labels: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(labels).filter((name) => describing.test(name))
  return Object.fromEntries(names.map((name) => [name, '']))
}

/** A label stands on one line of `docker inspect` and of a command that sets it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
