import { listed } from '../text.ts'
import { type Leg, majorOf } from '../plan/index.ts'
import type { BaseFacts, RootFacts } from './facts.ts'
import { about, type Gate, type GateBuilder, reportHint } from './gate.ts'
import { importedVariant, nixlVariants, otherVariants, othersNote } from './nixl.ts'

/**
 * Libraries whose file version is CUDA's major. Others have versions of their own: CUDA 13 has
 * libcusparse.so.12 and libcufft.so.12, and both majors have libcurand.so.10. auditwheel may put a
 * hash into the name.
 */
const versionedByCuda = /^lib(?:cudart|cublas|cublasLt|nvrtc|nvJitLink|cupti)(?:-[0-9a-f]+)?\.so\.(\d+)/

/** @returns whether a library, by its soname, is of another CUDA major than the base's torch */
export function ofOtherMajor(library: string, { torch }: Pick<BaseFacts, 'torch'>): boolean {
  const major = versionedByCuda.exec(library)?.[1]
  return major !== undefined && typeof torch?.cuda === 'string' && major !== majorOf(torch.cuda)
}

/** A part of the image, and the CUDA major that it is for. */
type Part = { what: string; major: string }

function toolkitPart({ toolkit }: BaseFacts): Part[] {
  return toolkit ? [{ what: `toolkit ${toolkit.version} of the base`, major: majorOf(toolkit.version) }] : []
}

function nixlPart(image: BaseFacts): Part[] {
  const variant = importedVariant(image)
  return variant === undefined ? [] : [{ what: `package ${variant}`, major: variant.replace('nixl-cu', '') }]
}

/** @returns the image without the files of these variants, which nothing imports */
function withoutVariants(image: BaseFacts, variants: readonly string[]): BaseFacts {
  const folders = variants.map((variant) => variant.replace('-', '_'))
  const isOf = (path: string): boolean =>
    path.split('/').some((part) => folders.some((folder) => new RegExp(`^\\.?${folder}(?:$|\\.)`).test(part)))
  const nixl = image.cudaLinks.nixl?.filter(({ path }) => !isOf(path)) ?? null
  return { ...image, cudaLinks: { ...image.cudaLinks, nixl } }
}

function linkedParts({ cudaLinks: links }: BaseFacts): Part[] {
  return [links.torch, links.nixl, links.aibrix, links.ucxTools]
    .flatMap((files) => files ?? [])
    .flatMap(({ path, needed }) =>
      needed.flatMap((library) => {
        const major = versionedByCuda.exec(library)?.[1]
        return major === undefined ? [] : [{ what: `${path} (needs ${library})`, major }]
      }),
    )
}

/**
 * The base's toolkit and torch, NIXL, the wheel and the UCX tools have one CUDA major, according to
 * the NEEDED entries of their ELF files: the wrong NIXL variant imports without an error. Of the
 * base's own NIXL only the imported variant counts. A single variant of another major fails here,
 * and not in `nixl-variant`, which counts variants and compares versions.
 */
export function judgeCudaMajor(leg: Leg, { base, image }: RootFacts): Gate {
  const { torch } = base
  if (!torch)
    return about('cuda-major', 'CUDA', 'no torch').follows(
      'torch-untouched',
      'the base has no torch, which determines the CUDA',
    )
  if (torch.cuda === null)
    return about('cuda-major', 'CUDA', `torch ${torch.version} without CUDA`).fail(
      "The base's torch was built without CUDA",
      'choose versions whose base is for NVIDIA GPUs',
    )
  const major = majorOf(torch.cuda)
  const gate = about('cuda-major', `CUDA ${major} everywhere`)
  const unused = otherVariants(leg, image)
  // Several installed variants are one fault, which nixl-variant reports.
  const hasSeveral = nixlVariants(image).length - unused.length > 1
  const parts = [
    ...toolkitPart(base),
    ...(hasSeveral ? [] : nixlPart(image)),
    ...linkedParts(
      hasSeveral ? { ...image, cudaLinks: { ...image.cudaLinks, nixl: [] } } : withoutVariants(image, unused),
    ),
  ]
  const others = parts.filter((part) => part.major !== major)
  const [first] = others
  if (!first)
    return judgeComplete(
      gate.with(`CUDA ${major} in all ${parts.length} parts${othersNote(leg, image)}`),
      image,
      hasSeveral,
    )
  return gate
    .with(listed(others.map((part) => `CUDA ${part.major}: ${part.what}`)))
    .fail(
      `torch is built for CUDA ${major}, but ${first.what} is of CUDA ${first.major}`,
      reportHint,
      gate.waiver,
    )
}

/** All parts agree; nothing must be missing. */
function judgeComplete(gate: GateBuilder, image: BaseFacts, hasSeveral: boolean): Gate {
  const rest = 'the other parts agree'
  const unread = Object.entries(image.cudaLinks).flatMap(([owner, files]) => (files === null ? [owner] : []))
  if (unread.length > 0)
    return gate.undetermined(`the files of ${unread.join(', ')} could not be read; ${rest}`)
  if (!image.aibrix?.extension) return gate.follows('extension', `there is no extension; ${rest}`)
  if (hasSeveral) return gate.follows('nixl-variant', `several NIXL variants are installed; ${rest}`)
  if (Object.keys(image.nixl.distributions).length === 0)
    return gate.follows('nixl-variant', `there is no NIXL; ${rest}`)
  return gate.pass()
}
