import type { Leg } from '../plan/index.ts'
import type { BaseFacts, Facts, LegFacts } from './facts.ts'
import { failed, follows, type Gate, notApplicable, passed, undetermined, waiverHint } from './gate.ts'

type Extension = NonNullable<NonNullable<Facts['aibrix']>['extension']>

/** What `auto` means: those that current data centre and workstation GPUs have. */
const automatic = ['8.0', '8.9', '9.0', '10.0', '12.0']

/**
 * GPU architectures that the extension must hold machine code for.
 * @returns compute capabilities (`9.0`); undefined for `auto` where the base has no toolkit to ask
 */
export function expectedArchitectures(leg: Leg, base: BaseFacts): string[] | undefined {
  if (leg.gpuArchitectures !== 'auto') return leg.gpuArchitectures
  const known = base.toolkit?.architectures
  return known && automatic.filter((architecture) => known.includes(architecture))
}

/**
 * Why nothing can be compiled on a base: dockerfiles/scripts/step/builder/toolkit.py refuses it by the same rules.
 * @returns a sentence without its end; undefined if it can
 */
export function toolkitObjection(
  { gpuArchitectures }: Pick<Leg, 'gpuArchitectures'>,
  { toolkit }: Pick<Facts, 'toolkit'>,
): string | undefined {
  if (!toolkit) return 'the base has no CUDA compiler (nvcc), and AIBrix is compiled by the one of its base'
  const { version, architectures } = toolkit
  const wanted = gpuArchitectures === 'auto' ? automatic : gpuArchitectures
  const unknown = wanted.filter((name) => !architectures.includes(name))
  if (unknown.length === 0 || (gpuArchitectures === 'auto' && unknown.length < wanted.length))
    return undefined
  const known = architectures.join(', ') || 'none'
  return `nvcc ${version} of the base does not know the GPU architecture ${unknown.join(', ')} (it knows ${known})`
}

/** `9.0a` and `9.0+PTX` are sm_90 machine code as far as the fatbin tells. */
function withoutSuffix(architecture: string): string {
  return architecture.replace(/(?:[a-z]|\+PTX)+$/, '')
}

/** Every kernel of the extension has machine code (not just PTX) for every GPU architecture that was asked for. */
export function judgeArchitectures(leg: Leg, { base, image }: LegFacts): Gate {
  const name = 'gpu-architectures'
  const wanted = expectedArchitectures(leg, base)
  const extension = image.aibrix?.extension
  const judgement = {
    expected: wanted ? `machine code for ${wanted.join(' ')}` : 'machine code for what the toolkit knows',
    actual: extension ? describe(extension) : 'no extension',
  }
  if (!extension) return follows(name, judgement, 'extension', 'no extension to look at')
  if (!wanted)
    return notApplicable(
      name,
      judgement,
      'the base has no nvcc that could say what auto means; name them in gpu-architectures',
    )
  const { machineCode, partialMachineCode, ptx } = extension
  if (machineCode.length + partialMachineCode.length + ptx.length === 0)
    return undetermined(name, judgement, 'no fatbin with a kernel could be read in the extension')
  const missing = wanted.filter((architecture) => !machineCode.includes(withoutSuffix(architecture)))
  const partly = missing.filter((architecture) => partialMachineCode.includes(withoutSuffix(architecture)))
  const part = partly.length > 0 ? ` (for ${partly.join(' ')} only a part of its source files has it)` : ''
  if (missing.length > 0)
    return failed(
      name,
      judgement,
      `No machine code for ${missing.join(' ')}${part}; leave it out of gpu-architectures, choose an AIBrix that compiles for it, or ${waiverHint(name)}.`,
    )
  return passed(name, judgement)
}

function describe({ machineCode, partialMachineCode, ptx }: Extension): string {
  const more = [
    partialMachineCode.length > 0 ? `, in a part of it for ${partialMachineCode.join(' ')}` : '',
    ptx.length > 0 ? `, PTX for ${ptx.join(' ')}` : '',
  ]
  return `machine code for ${machineCode.join(' ') || 'none'}${more.join('')}`
}
