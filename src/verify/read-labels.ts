import {
  buildIdLabel,
  determinantsLabel,
  type Engine,
  engineNames,
  parseDeterminants,
} from '../plan/index.ts'
import { withoutUserInformation } from '../registry/index.ts'
import { excerpt } from '../text.ts'
import { type ComponentName, componentNames } from './components.ts'
import { type GateName, gateNames } from './gate.ts'
import { componentLabels, conditionsLabel, engineLabel, waivedLabel } from './labels.ts'

/** What the labels of an image say. */
export type Labelled = {
  engine: Engine
  /** 64 hexadecimal digits */
  buildId: string
  /** `engine`, `torch`, `cuda`, `python`, `aibrix`, `nixl`, `ucx` → the measured version */
  components: Record<string, string>
  /** `VLLM_USE_V2_MODEL_RUNNER=0`, `ucx-tools: none` */
  conditions: string[]
  waivers: { gate: GateName; reason: string }[]
  /** What the input `environment` set in the image: name → value */
  environment: Record<string, string>
}

/** Anybody can label an image. In characters, and in conditions. */
const longest = { version: 100, condition: 200, reason: 1000, variable: 200 }
const mostConditions = 20
const mostVariables = 50

/** The package is `aibrix_kvcache`, the product is AIBrix. */
const nameOf = (name: ComponentName): string => (name === 'aibrix_kvcache' ? 'aibrix' : name)

/** @returns undefined if this action did not make the image, by its labels */
export function readLabels(labels: Readonly<Record<string, string>>): Labelled | undefined {
  const valueOf = (label: string): string => labels[label] ?? ''
  const engine = engineNames.find((name) => name === valueOf(engineLabel))
  const buildId = valueOf(buildIdLabel)
  if (engine === undefined || !/^[0-9a-f]{64}$/.test(buildId)) return undefined
  const components = componentNames
    .map((name) => [nameOf(name), excerpt(valueOf(componentLabels[name]), longest.version)] as const)
    .filter(([, version]) => version !== '')
  const conditions = valueOf(conditionsLabel)
    .split('; ')
    .slice(0, mostConditions)
    .map((condition) => excerpt(condition, longest.condition))
    .filter((condition) => condition !== '')
  return {
    engine,
    buildId,
    components: Object.fromEntries(components),
    conditions,
    waivers: readWaivers(valueOf(waivedLabel)),
    environment: readVariables(valueOf(determinantsLabel)),
  }
}

function readVariables(determinants: string): Labelled['environment'] {
  // Most images have none, and parsing thousands of labels takes memory.
  if (!determinants.includes('"environment"')) return {}
  const start = 'environment.'
  const variables = [...(parseDeterminants(determinants) ?? [])]
    .filter(([name]) => name.startsWith(start))
    .slice(0, mostVariables)
    .map(([name, value]) => [
      excerpt(name.slice(start.length), longest.variable),
      excerpt(withoutUserInformation(value), longest.variable),
    ])
  return Object.fromEntries(variables) as Labelled['environment']
}

const waiverStart = new RegExp(`(?:^|; )(${gateNames.join('|')})=`)

/** A reason may contain what separates two waivers, but hardly a gate's name after it. */
function readWaivers(text: string): Labelled['waivers'] {
  const [, ...parts] = text.split(waiverStart)
  return parts.flatMap((part, index) => {
    const gate = index % 2 === 0 ? gateNames.find((name) => name === part) : undefined
    return gate === undefined ? [] : [{ gate, reason: excerpt(parts[index + 1] ?? '', longest.reason) }]
  })
}
