import type { Leg } from '../plan/plan.ts'
import type { BaseFacts, Facts, LegFacts } from './facts.ts'
import {
  failed,
  follows,
  type Gate,
  listed,
  notApplicable,
  passed,
  reportHint,
  undetermined,
  waiverHint,
} from './gate.ts'

type Extension = NonNullable<NonNullable<Facts['aibrix']>['extension']>

/** The operator that every release since v0.5.0 registers (csrc/torch_bindings.cpp) and its connectors call. */
const operator = 'reshape_and_cache_multi_layer'

/** The compiled extension is there, loads, registers its operators and leaves no symbol undefined. */
export function judgeExtension(_leg: Leg, { image }: LegFacts): Gate {
  const name = 'extension'
  const expected = `loads, registers ${operator}, no undefined symbol`
  if (!image.aibrix)
    return follows(
      name,
      { expected, actual: 'no aibrix_kvcache' },
      'aibrix-version',
      'aibrix_kvcache is not installed',
    )
  const { extension } = image.aibrix
  if (!extension)
    return failed(
      name,
      { expected, actual: 'no _aibrix_C in the package' },
      "The wheel has no compiled extension (setup.py builds such a wheel without an error); look in the build's log for why nvcc was not used.",
    )
  if (extension.load.outcome === 'error') return judgeLoadError(extension.load.error, expected)
  if (extension.undefinedSymbols.length > 0)
    return failed(
      name,
      {
        expected,
        actual: `${extension.undefinedSymbols.length} undefined: ${listed(extension.undefinedSymbols, 3)}`,
      },
      `It was compiled against another torch than the one in the image (first missing symbol: ${extension.undefinedSymbols[0] ?? ''}); ${reportHint}.`,
    )
  if (!extension.operators.includes(operator))
    return failed(
      name,
      { expected, actual: `registers ${listed(extension.operators)}` },
      `The extension loads but does not register ${operator}; it is of an AIBrix that renamed it: choose another aibrix-version, or ${waiverHint(name)}.`,
    )
  return passed(name, {
    expected,
    actual: `loads, ${extension.operators.length} operators, no undefined symbol`,
  })
}

function judgeLoadError(error: string, expected: string): Gate {
  const judgement = { expected, actual: `does not load: ${error}` }
  // The driver's library comes from the host at run time; no builder without a GPU has it.
  if (/libcuda\.so\.1\b.*cannot open shared object/.test(error))
    return undetermined(
      'extension',
      judgement,
      "it needs the GPU driver's libcuda.so.1, which is not in the image",
    )
  const cause = error.includes('undefined symbol')
    ? 'It was compiled against another torch than the one in the image'
    : error.includes('cannot open shared object')
      ? 'It needs a library that the image does not have, as a wheel for another CUDA does'
      : 'The loader refuses it'
  return failed('extension', judgement, `${cause}: ${error}; ${reportHint}.`)
}

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

/** The extension holds machine code (not just PTX) for every GPU architecture that was asked for. */
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
  if (extension.machineCode.length === 0 && extension.ptx.length === 0)
    return undetermined(name, judgement, 'no fatbin could be read in the extension')
  const missing = wanted.filter(
    (architecture) => !extension.machineCode.includes(withoutSuffix(architecture)),
  )
  if (missing.length > 0)
    return failed(
      name,
      judgement,
      `No machine code for ${missing.join(' ')}; leave it out of gpu-architectures, choose an AIBrix that compiles for it, or ${waiverHint(name)}.`,
    )
  return passed(name, judgement)
}

function describe({ machineCode, ptx }: Extension): string {
  return `machine code for ${machineCode.join(' ') || 'none'}${ptx.length > 0 ? `, PTX for ${ptx.join(' ')}` : ''}`
}
