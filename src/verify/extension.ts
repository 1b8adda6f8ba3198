import { listed } from '../text.ts'
import type { Leg } from '../plan/index.ts'
import { ofOtherMajor } from './cuda.ts'
import type { Facts, LegFacts } from './facts.ts'
import { failed, follows, type Gate, passed, reportHint, undetermined, waiverHint } from './gate.ts'

type Library = NonNullable<Facts['aibrix']>['libraries'][number]

/** The operator that every release since v0.5.0 registers (csrc/torch_bindings.cpp) and its connectors call. */
const operator = 'reshape_and_cache_multi_layer'

const name = 'extension'
const expected = `loads, registers ${operator}, no undefined symbol`

/** The compiled extension is what Python imports, it and each library beside it loads, and it registers its operators. */
export function judgeExtension(_leg: Leg, { base, image }: LegFacts): Gate {
  if (!image.aibrix)
    return follows(
      name,
      { expected, actual: 'no aibrix_kvcache' },
      'aibrix-version',
      'aibrix_kvcache is not installed',
    )
  const { extension, libraries } = image.aibrix
  if (!extension) return judgeMissing(libraries)
  const problems = [extension, ...libraries].flatMap((library) => judgeLibrary(library, base) ?? [])
  const [worst] = ['fail', 'undetermined', 'follows'].flatMap((state) =>
    problems.filter((gate) => gate.state === state),
  )
  if (worst) return worst
  if (!extension.operators.includes(operator))
    return failed(
      name,
      { expected, actual: `registers ${listed(extension.operators)}` },
      `The extension loads but does not register ${operator}; it is of an AIBrix that renamed it: choose another aibrix-version, or ${waiverHint(name)}.`,
    )
  const more = libraries.length > 0 ? `; ${libraries.map(fileName).join(', ')} loads, too` : ''
  return passed(name, {
    expected,
    actual: `loads, ${extension.operators.length} operators, no undefined symbol${more}`,
  })
}

function fileName({ path }: Library): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function judgeMissing(libraries: readonly Library[]): Gate {
  const [other] = libraries.map(fileName).filter((file) => file.startsWith('_aibrix_C'))
  if (other !== undefined)
    return failed(
      name,
      { expected, actual: `${other}, which Python does not import` },
      `Python does not import ${other}, whose name is of another Python or platform; ${reportHint}.`,
    )
  return failed(
    name,
    { expected, actual: 'no _aibrix_C in the package' },
    "The wheel has no compiled extension (setup.py builds such a wheel without an error); look in the build's log for why nvcc was not used.",
  )
}

/** @returns what is wrong with one file; undefined if nothing is */
function judgeLibrary(library: Library, base: Facts): Gate | undefined {
  const { load, undefinedSymbols } = library
  if (load.outcome === 'ok') return undefinedSymbols.length > 0 ? judgeUndefined(library) : undefined
  const { error } = load
  const judgement = { expected, actual: `${fileName(library)} does not load: ${error}` }
  const missing = missingLibrary(error)
  // The driver comes from the host at run time. Where nothing stands in for it, all that does not need it is looked at still.
  if (/^lib(?:cuda|nvidia-ml)\.so\.1$/.test(missing))
    return undefinedSymbols.length > 0
      ? judgeUndefined(library)
      : undetermined(
          name,
          judgement,
          `${fileName(library)} needs the GPU driver's ${missing}, and there is no stub of it to load it with`,
        )
  if (ofOtherMajor(missing, base))
    return follows(
      name,
      judgement,
      'cuda-major',
      `${fileName(library)} needs ${missing}, which is of another CUDA`,
    )
  return failed(name, judgement, `${causeOf(error, missing)}: ${error}; ${reportHint}.`)
}

/** @returns the library that the loader does not find, the word before what it says (dlopen(3)); empty if that is not the error */
function missingLibrary(error: string): string {
  const end = error.indexOf(': cannot open shared object file')
  return end < 0 ? '' : error.slice(error.lastIndexOf(' ', end) + 1, end)
}

function causeOf(error: string, missing: string): string {
  if (missing !== '') return 'It needs a library that the image does not have'
  const symbol = /undefined symbol: (\w+)/.exec(error)?.[1]
  if (symbol === undefined) return 'The loader refuses it'
  return /^(?:cu|nvml)[A-Z]/.test(symbol)
    ? 'It calls the GPU driver, of which neither the library that it links nor a stub has the function'
    : 'It was compiled against another torch than the one in the image'
}

function judgeUndefined(library: Library): Gate {
  const { undefinedSymbols: symbols } = library
  return failed(
    name,
    { expected, actual: `${fileName(library)}: ${symbols.length} undefined: ${listed(symbols, 3)}` },
    `${fileName(library)} misses symbols that nothing in the image has, as one for another torch does (first: ${symbols[0] ?? ''}); ${reportHint}.`,
  )
}
