import type { Leg } from '../plan/index.ts'
import type { BaseFacts, Facts, LegFacts } from './facts.ts'
import { about, type Gate } from './gate.ts'

type Extension = NonNullable<NonNullable<Facts['aibrix']>['extension']>

/** `auto`: the architectures of current data centre and workstation GPUs. */
const automatic = ['8.0', '8.9', '9.0', '10.0', '12.0']

/**
 * @returns the compute capabilities (`9.0`) for which the extension needs machine code; undefined for
 * `auto` on a base without a toolkit
 */
export function expectedArchitectures(leg: Leg, base: BaseFacts): string[] | undefined {
  if (leg.gpuArchitectures !== 'auto') return leg.gpuArchitectures
  const known = base.toolkit?.architectures
  return known && automatic.filter((architecture) => known.includes(architecture))
}

/**
 * dockerfiles/scripts/step/builder/toolkit.py applies the same rules.
 * @returns why AIBrix can't be compiled on a base; undefined if it can
 */
export function toolkitObjection(
  { gpuArchitectures }: Pick<Leg, 'gpuArchitectures'>,
  { toolkit }: Pick<Facts, 'toolkit'>,
): string | undefined {
  if (!toolkit) return 'the base has no CUDA compiler (nvcc), with which AIBrix would be compiled'
  const { version, architectures } = toolkit
  const wanted = gpuArchitectures === 'auto' ? automatic : gpuArchitectures
  const unknown = wanted.filter((name) => !architectures.includes(name))
  if (unknown.length === 0 || (gpuArchitectures === 'auto' && unknown.length < wanted.length))
    return undefined
  const known = architectures.join(', ') || 'none'
  return `nvcc ${version} of the base does not know the GPU architecture ${unknown.join(', ')} (it knows ${known})`
}

/** In the fatbin `9.0a` and `9.0+PTX` are sm_90 machine code. */
function withoutSuffix(architecture: string): string {
  return architecture.replace(/(?:[a-z]|\+PTX)+$/, '')
}

/** Every kernel has machine code (not only PTX) for every requested GPU architecture. */
export function judgeArchitectures(leg: Leg, { base, image }: LegFacts): Gate {
  const wanted = expectedArchitectures(leg, base)
  const extension = image.aibrix?.extension
  const gate = about(
    'gpu-architectures',
    `machine code for ${wanted ? wanted.join(' ') : 'what the toolkit knows'}`,
    extension ? machineCodeText(extension) : 'no extension',
  )
  if (!extension) return gate.follows('extension', 'there is no extension')
  if (!wanted)
    return gate.notApplicable(
      'the base has no nvcc, on which auto depends; name the architectures in gpu-architectures',
    )
  const { machineCode, partialMachineCode, ptx } = extension
  if (machineCode.length + partialMachineCode.length + ptx.length === 0)
    return gate.undetermined('no fatbin with a kernel could be read in the extension')
  const missing = wanted.filter((architecture) => !machineCode.includes(withoutSuffix(architecture)))
  if (missing.length === 0) return gate.pass()
  const partly = missing.filter((architecture) => partialMachineCode.includes(withoutSuffix(architecture)))
  const part = partly.length > 0 ? ` (for ${partly.join(' ')} only some of its source files have it)` : ''
  return gate.fail(
    `No machine code for ${missing.join(' ')}${part}`,
    'leave it out of gpu-architectures',
    'choose an AIBrix that compiles for it',
    gate.waiver,
  )
}

function machineCodeText({ machineCode, partialMachineCode, ptx }: Extension): string {
  const partial = partialMachineCode.length > 0 ? `, in a part of it for ${partialMachineCode.join(' ')}` : ''
  const more = ptx.length > 0 ? `, PTX for ${ptx.join(' ')}` : ''
  return `machine code for ${machineCode.join(' ') || 'none'}${partial}${more}`
}
