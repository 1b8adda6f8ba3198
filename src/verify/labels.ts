import {
  baseRepositoryName,
  buildIdLabel,
  canonicalJson,
  determinantsLabel,
  determinantsOf,
  engineCommit,
  engines,
  type Leg,
} from '../plan/index.ts'
import { actionVersion } from '../version.ts'
import { componentsOf, type ComponentName } from './components.ts'
import { conditionsOf } from './conditions.ts'
import type { LegFacts } from './facts.ts'
import type { GateName } from './gate.ts'

/** Component → the label with its measured version */
export const componentLabels: Record<ComponentName, string> = {
  engine: 'io.aibrix.image.engine-version',
  torch: 'io.aibrix.image.torch',
  cuda: 'io.aibrix.image.cuda',
  python: 'io.aibrix.image.python',
  aibrix_kvcache: 'io.aibrix.image.aibrix',
  nixl: 'io.aibrix.image.nixl',
  ucx: 'io.aibrix.image.ucx',
}

/** The engine's name: `vllm` */
export const engineLabel = 'io.aibrix.image.engine'

/** Waived gates, `gate=reason`, separated by `; ` */
export const waivedLabel = 'io.aibrix.image.waived'

/** What a user of the image must set, separated by `; `: `VLLM_USE_V2_MODEL_RUNNER=0` */
export const conditionsLabel = 'io.aibrix.image.conditions'

/** The commit of the engine, by the labels of the base */
export const engineCommitLabel = 'io.aibrix.image.engine-commit'

const aibrixCommitLabel = 'io.aibrix.image.aibrix-commit'
const ucxCommitLabel = 'io.aibrix.image.ucx-commit'
const integrationLabel = 'io.aibrix.image.integration'
const architecturesLabel = 'io.aibrix.image.gpu-architectures'

/** Labels that an image has if there is something to say. What they say can be compared with it. */
export const comparedLabels: readonly string[] = [
  ...[buildIdLabel, determinantsLabel, engineLabel, aibrixCommitLabel, engineCommitLabel, ucxCommitLabel],
  ...[integrationLabel, architecturesLabel, conditionsLabel],
  ...Object.values(componentLabels),
]

type Label = [name: string, value: string | null | undefined]

/**
 * The OCI labels of an image, which are also the annotations of its index. An image serves every
 * later run with its build id. So a label holds what was measured or what is in the build id, and not
 * the mirror, branch or address from which the first run took a base or a commit. Only the version of
 * the action is of that run, since it did the measuring.
 * @param waived gate → reason, of gates that failed and of those judged after the labels are set
 */
export function labelsOf(
  leg: Leg,
  facts: LegFacts,
  waived: ReadonlyMap<GateName, string>,
): Record<string, string> {
  const { image } = facts
  const waivers = [...waived].map(([gate, reason]) => `${gate}=${reason}`)
  const conditions = conditionsOf(leg, image).map(({ name }) => name)
  const architectures = image.aibrix?.extension?.machineCode ?? []
  const labels: Label[] = [
    ...Object.entries(declaredLabels(leg)),
    ...componentsOf(leg, facts).map(({ name, measured }): Label => [componentLabels[name], measured]),
    [engineCommitLabel, engineCommit(leg.engine, leg.base.config.labels)],
    [ucxCommitLabel, leg.ucx?.commit],
    [integrationLabel, image.integration?.mode],
    [architecturesLabel, architectures.join(' ') || null],
    [conditionsLabel, conditions.join('; ') || null],
    [waivedLabel, waivers.join('; ') || null],
  ]
  const lines = labels.flatMap(([name, value]) => (value == null ? [] : [[name, oneLine(value)] as const]))
  return {
    ...inherited(leg.base.config.labels),
    ...Object.fromEntries(lines),
    // Canonical JSON is one line, and may hold spaces that belong to a build argument.
    [determinantsLabel]: canonicalJson(determinantsOf(leg, leg.recipe)),
  }
}

function declaredLabels(leg: Leg): Record<string, string> {
  const { title } = engines[leg.engine]
  const repository = baseRepositoryName(leg.engine, leg.base)
  const { aibrix, base, version, nixl } = leg
  const ref = aibrix.kind === 'tag' ? aibrix.ref : aibrix.commit.slice(0, 7)
  const tools = leg.ucx ? ` and the UCX ${leg.ucxVersion ?? ''} tools` : ''
  return {
    'org.opencontainers.image.title': `${title} with AIBrix KVCache`,
    'org.opencontainers.image.description': `${title} ${version.release} with AIBrix KVCache ${ref}, NIXL ${nixl}${tools}${leg.base.given === undefined ? '' : `, on ${repository}`}`,
    'org.opencontainers.image.version': `v${version.release}-aibrix-${ref}-nixl-${nixl}`,
    // Where people read about the images
    'org.opencontainers.image.url': 'https://github.com/vllm-project/aibrix',
    'org.opencontainers.image.source': '',
    'org.opencontainers.image.revision': aibrix.commit,
    'org.opencontainers.image.base.name': `${repository}@${base.manifestDigest}`,
    'org.opencontainers.image.base.digest': base.manifestDigest,
    [buildIdLabel]: leg.buildId,
    'io.aibrix.image.action-version': actionVersion,
    [engineLabel]: leg.engine,
    [aibrixCommitLabel]: aibrix.commit,
  }
}

/** Labels that describe one image: this action's, the standard ones, and the former standard. */
const describing = /^(?:io\.aibrix\.image|org\.opencontainers\.image|org\.label-schema)\./

/** @returns the labels that describe the base, emptied, since a label can't be removed */
function inherited(labels: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(labels).filter((name) => describing.test(name))
  return Object.fromEntries(names.map((name) => [name, '']))
}

/** A label is one line of `docker inspect` and of a command that sets it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
