import type { Leg } from '../plan/index.ts'
import { listed } from '../text.ts'
import { ofOtherMajor } from './cuda.ts'
import type { Facts, LegFacts } from './facts.ts'
import { about, type Gate, reportHint } from './gate.ts'

type Library = NonNullable<Facts['aibrix']>['libraries'][number]

/** Registered by every release since v0.5.0 (csrc/torch_bindings.cpp); its connectors call it. */
const operator = 'reshape_and_cache_multi_layer'

const gate = about('extension', `loads, registers ${operator}, no undefined symbol`)

/** Python imports the extension, which registers its operators; all libraries beside it load. */
export function judgeExtension(_leg: Leg, { base, image }: LegFacts): Gate {
  if (!image.aibrix)
    return gate.with('no aibrix_kvcache').follows('aibrix-version', 'aibrix_kvcache is not installed')
  const { extension, libraries } = image.aibrix
  if (!extension) return judgeMissing(libraries)
  const problems = [extension, ...libraries].flatMap((library) => judgeLibrary(library, base) ?? [])
  const [worst] = ['fail', 'undetermined', 'follows'].flatMap((state) =>
    problems.filter((problem) => problem.state === state),
  )
  if (worst) return worst
  if (!extension.operators.includes(operator))
    return gate
      .with(`registers ${listed(extension.operators)}`)
      .fail(
        `The extension loads but does not register ${operator}, which its AIBrix has renamed`,
        'choose another aibrix-version',
        gate.waiver,
      )
  const more = libraries.length > 0 ? `; ${libraries.map(fileName).join(', ')} loads, too` : ''
  return gate.with(`loads, ${extension.operators.length} operators, no undefined symbol${more}`).pass()
}

function fileName({ path }: Library): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function judgeMissing(libraries: readonly Library[]): Gate {
  const other = libraries.map(fileName).find((file) => file.startsWith('_aibrix_C'))
  if (other === undefined)
    return gate
      .with('no _aibrix_C in the package')
      .fail(
        'The wheel has no compiled extension (setup.py builds such a wheel without an error)',
        "look in the build's log for why nvcc was not used",
      )
  return gate
    .with(`${other}, which Python does not import`)
    .fail(`Python does not import ${other}, whose name is of another Python or platform`, reportHint)
}

/** @returns what is wrong with one file; undefined if nothing is */
function judgeLibrary(library: Library, base: Facts): Gate | undefined {
  const { load, undefinedSymbols } = library
  if (load.outcome === 'ok') return undefinedSymbols.length > 0 ? judgeUndefined(library) : undefined
  const { error } = load
  const file = fileName(library)
  const broken = gate.with(`${file} does not load: ${error}`)
  const missing = missingLibrary(error)
  // The driver comes from the host at run time. Without a stub of it, the rest is still judged.
  if (/^lib(?:cuda|nvidia-ml)\.so\.1$/.test(missing))
    return undefinedSymbols.length > 0
      ? judgeUndefined(library)
      : broken.undetermined(`${file} needs the GPU driver's ${missing}, and there is no stub to load it with`)
  if (ofOtherMajor(missing, base))
    return broken.follows('cuda-major', `${file} needs ${missing}, which is of another CUDA`)
  return broken.fail(`${loadProblem(error, missing)}: ${error}`, reportHint)
}

/** @returns the library that the loader does not find (dlopen(3)); empty if the error is another */
function missingLibrary(error: string): string {
  const end = error.indexOf(': cannot open shared object file')
  return end < 0 ? '' : error.slice(error.lastIndexOf(' ', end) + 1, end)
}

function loadProblem(error: string, missing: string): string {
  if (missing !== '') return 'It needs a library that the image does not have'
  const symbol = /undefined symbol: (\w+)/.exec(error)?.[1]
  if (symbol === undefined) return 'The loader refuses it'
  return /^(?:cu|nvml)[A-Z]/.test(symbol)
    ? 'It calls the GPU driver, and neither a library that it links nor a stub has the function'
    : 'It was compiled against another torch than the one in the image'
}

function judgeUndefined(library: Library): Gate {
  const { undefinedSymbols: symbols } = library
  const file = fileName(library)
  return gate
    .with(`${file}: ${symbols.length} undefined: ${listed(symbols, 3)}`)
    .fail(
      `${file} needs symbols that nothing in the image has, like one for another torch (first: ${symbols[0] ?? ''})`,
      reportHint,
    )
}
