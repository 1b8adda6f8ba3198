import type { Leg } from '../../plan/index.ts'
import { listed } from '../../text.ts'
import type { LegFacts } from '../facts.ts'
import { about, type Gate, type GateBuilder, type GateName } from '../gate.ts'
import type { GpuFacts, Probed, ProbeName } from './gpu-facts.ts'

type Ran<Name extends ProbeName> = Extract<Probed<Name>, { state: 'ran' }>
type Answer<Name extends ProbeName> = NonNullable<Ran<Name>['answer']>

/** Steps of the probes, as parts of a sentence */
const during: Record<string, string> = {
  start: 'before it imports anything',
  torch: 'while torch looks for a GPU',
  work: "at torch's own work on the GPU",
  engine: 'during the import of the engine',
  platform: 'while the engine looks for its device',
  kernels: "in one of the engine's kernels",
  help: 'while the server starts with --help',
  import: 'during the import',
  operator: 'while the operator is loaded',
  compare: 'in the operator',
  agents: 'at the start of its agents',
  register: 'at the registration of GPU memory',
  transfer: 'during the transfer',
  tool: 'in ucx_info -d',
}

/** The gates that need a GPU. @param gpu undefined if the input `gpus` is empty */
export function judgeGpu(leg: Leg, facts: LegFacts, gpu: GpuFacts | undefined): Gate[] {
  return [
    judgeProbe(
      'engine',
      about('gpu-engine', `${leg.engine} sees the GPU and computes on it`),
      gpu,
      engineEnd,
    ),
    onAibrix(facts, gpu),
    onNixl(facts, gpu),
    onTools(facts, gpu),
  ]
}

function onAibrix(facts: LegFacts, gpu: GpuFacts | undefined): Gate {
  const gate = about('gpu-cache-operator', "AIBrix's operators move KV blocks in GPU memory as torch does")
  if (gpu && !facts.image.aibrix?.extension)
    return gate.with('no extension').follows('extension', 'there is no extension')
  return judgeProbe('cacheOperator', gate, gpu, comparedEnd)
}

function onNixl({ image }: LegFacts, gpu: GpuFacts | undefined): Gate {
  const gate = about('gpu-nixl-transfer', '1 MiB arrives unchanged from one GPU buffer in another over UCX')
  if (gpu && Object.keys(image.nixl.distributions).length === 0)
    return gate.with('nothing').follows('nixl-variant', 'there is no NIXL')
  return judgeProbe('nixlTransfer', gate, gpu, transferEnd)
}

function onTools({ image }: LegFacts, gpu: GpuFacts | undefined): Gate {
  const gate = about('gpu-ucx', 'ucx_info -d lists cuda_copy')
  if (gpu && !image.ucxTools) return gate.with('no UCX tools').notApplicable('the image has no UCX tools')
  return judgeProbe('ucx', gate, gpu, toolsEnd)
}

/** @param end judges an answer that has no fault of its process */
function judgeProbe<Name extends ProbeName>(
  name: Name,
  gate: GateBuilder,
  gpu: GpuFacts | undefined,
  end: (gate: GateBuilder, answer: Answer<Name>) => Gate,
): Gate {
  if (!gpu) return gate.with('not run').notApplicable('gpus is empty, so that nothing ran on a GPU')
  const probed: Probed<Name> = gpu[name]
  if (probed.state === 'not started') return gate.with('not run').undetermined(probed.why)
  const { answer, process } = probed
  const where = answer?.device ? `${answer.device.name} (${answer.device.capability})` : 'no GPU'
  const seen = gate.with(where)
  const failed = process.outcome === 'error' ? process.error : undefined
  if (!answer) return seen.undetermined(`the probe gives no answer: ${failed ?? 'it ends without one'}`)
  if (answer.lacks !== null)
    return seen.undetermined(`this image does not have ${answer.lacks}, which the probe needs`)
  const judged = end(seen, answer)
  if (judged.state === 'fail') return judged
  const when = during[answer.step] ?? answer.step
  if (failed !== undefined) return seen.fail(`It fails ${when}: ${failed}`, ...advice(seen))
  return answer.step === 'end'
    ? judged
    : seen.fail(`Its process ends without an error ${when}`, ...advice(seen))
}

function advice(gate: GateBuilder): [string, string] {
  return ['compare with another GPU and driver', gate.waiver]
}

type Compared = Pick<Answer<'cacheOperator'>, 'compared'>

function comparedEnd(gate: GateBuilder, { compared }: Compared): Gate {
  const wrong = compared.find(({ differs }) => differs !== null)
  const seen = gate.with(
    `${gate.actual}: ${listed(
      compared.map(({ what }) => what),
      8,
    )}`,
  )
  if (!wrong?.differs) return seen.pass()
  const { count, first } = wrong.differs
  return seen.fail(
    `${wrong.what}: ${count} values differ from the reference, the first at ${first}`,
    ...advice(seen),
  )
}

function engineEnd(gate: GateBuilder, answer: Answer<'engine'>): Gate {
  const { platform } = answer
  if (platform === null || platform === 'cuda') return comparedEnd(gate, answer)
  return gate.fail(`The engine chooses the device "${platform}" and not cuda`, ...advice(gate))
}

function transferEnd(gate: GateBuilder, answer: Answer<'nixlTransfer'>): Gate {
  const { between, plugins, state, differs } = answer
  const seen = gate.with(`${gate.actual}: ${state ?? 'nothing'}${between === null ? '' : ` from ${between}`}`)
  if (plugins && !plugins.includes('UCX'))
    return seen.fail(`NIXL has no UCX plugin, only ${listed(plugins, 12)}`, ...advice(seen))
  if (differs)
    return seen.fail(
      `${differs.count} bytes arrive changed, the first at offset ${differs.first}`,
      ...advice(seen),
    )
  if (state !== null && state !== 'DONE')
    return seen.fail(`NIXL ends the transfer with ${state}`, ...advice(seen))
  return seen.pass()
}

function toolsEnd(gate: GateBuilder, { transports }: Answer<'ucx'>): Gate {
  if (transports === null) return gate.pass()
  const seen = gate.with(`transports ${listed(transports, 16)}`)
  return transports.includes('cuda_copy')
    ? seen.pass()
    : seen.fail('UCX finds no GPU: ucx_info -d lists no cuda_copy', ...advice(seen))
}

/** The gates that `gpus` decides about. */
export const gpuGates: readonly GateName[] = [
  'gpu-engine',
  'gpu-cache-operator',
  'gpu-nixl-transfer',
  'gpu-ucx',
]
