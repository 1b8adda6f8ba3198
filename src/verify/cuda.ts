import { listed } from '../text.ts'
import { type Leg, majorOf } from '../plan/index.ts'
import type { BaseFacts, RootFacts } from './facts.ts'
import { failed, follows, type Gate, passed, reportHint, undetermined, waiverHint } from './gate.ts'
import { importedVariant, nixlVariants, otherVariants, shownBeside } from './nixl.ts'

/**
 * Libraries whose file version is CUDA's major. The others count for themselves: CUDA 13 has libcusparse.so.12 and
 * libcufft.so.12, and both majors have libcurand.so.10. auditwheel may put a hash into the name.
 */
const telling = /^lib(?:cudart|cublas|cublasLt|nvrtc|nvJitLink|cupti)(?:-[0-9a-f]+)?\.so\.(\d+)/

/** @returns whether a library, by its soname, is of another CUDA major than the base's torch */
export function ofOtherMajor(library: string, { torch }: Pick<BaseFacts, 'torch'>): boolean {
  const major = telling.exec(library)?.[1]
  return major !== undefined && typeof torch?.cuda === 'string' && major !== majorOf(torch.cuda)
}

type Finding = { what: string; major: string }

function toolkitFinding({ toolkit }: BaseFacts): Finding[] {
  return toolkit ? [{ what: `toolkit ${toolkit.version} of the base`, major: majorOf(toolkit.version) }] : []
}

function nixlFinding(image: BaseFacts): Finding[] {
  const variant = importedVariant(image)
  return variant === undefined ? [] : [{ what: `package ${variant}`, major: variant.replace('nixl-cu', '') }]
}

/** @returns the image without the files of variants that nothing imports */
function withoutVariants(image: BaseFacts, variants: readonly string[]): BaseFacts {
  const folders = variants.map((variant) => variant.replace('-', '_'))
  const isOf = (path: string): boolean =>
    path.split('/').some((part) => folders.some((folder) => new RegExp(`^\\.?${folder}(?:$|\\.)`).test(part)))
  const nixl = image.cudaLinks.nixl?.filter(({ path }) => !isOf(path)) ?? null
  return { ...image, cudaLinks: { ...image.cudaLinks, nixl } }
}

function linkFindings(image: BaseFacts): Finding[] {
  const links = image.cudaLinks
  return [links.torch, links.nixl, links.aibrix, links.ucxTools]
    .flatMap((files) => files ?? [])
    .flatMap(({ path, needed }) =>
      needed.flatMap((library) => {
        const major = telling.exec(library)?.[1]
        return major === undefined ? [] : [{ what: `${path} (needs ${library})`, major }]
      }),
    )
}

/**
 * One CUDA major over the base's toolkit, torch, NIXL, the wheel and the UCX tools, told by the NEEDED entries of ELF
 * files: the wrong variant of NIXL imports without complaint. Of the base's own NIXL the variant counts that is imported. A single
 * variant of another major fails here and not in `nixl-variant`, which counts variants and compares versions.
 */
export function judgeCudaMajor(leg: Leg, { base, image }: RootFacts): Gate {
  const name = 'cuda-major'
  const cuda = base.torch?.cuda
  if (!base.torch || cuda === null || cuda === undefined) {
    const judgement = {
      expected: 'CUDA',
      actual: base.torch ? `torch ${base.torch.version} without CUDA` : 'no torch',
    }
    if (!base.torch)
      return follows(name, judgement, 'torch-untouched', 'the base has no torch that would say which CUDA')
    return failed(
      name,
      judgement,
      "The base's torch was built without CUDA; choose versions whose base is for NVIDIA GPUs.",
    )
  }
  const major = majorOf(cuda)
  const expected = `CUDA ${major} everywhere`
  const others = otherVariants(leg, image)
  // Several variants of what was installed are one cause, and nixl-variant names it.
  const severalVariants = nixlVariants(image).length - others.length > 1
  const looked = severalVariants
    ? { ...image, cudaLinks: { ...image.cudaLinks, nixl: [] } }
    : withoutVariants(image, others)
  const findings = [
    ...toolkitFinding(base),
    ...(severalVariants ? [] : nixlFinding(image)),
    ...linkFindings(looked),
  ]
  const strangers = findings.filter((finding) => finding.major !== major)
  if (strangers.length > 0) {
    const actual = listed(strangers.map((finding) => `CUDA ${finding.major}: ${finding.what}`))
    return failed(
      name,
      { expected, actual },
      `torch is built for CUDA ${major}, but ${strangers[0]?.what ?? ''} is of CUDA ${strangers[0]?.major ?? ''}; ${reportHint}, or ${waiverHint(name)}.`,
    )
  }
  const actual = `CUDA ${major} in all ${findings.length} that name it${shownBeside(leg, image)}`
  const judgement = { expected, actual }
  const unread = Object.entries(image.cudaLinks).flatMap(([owner, files]) => (files === null ? [owner] : []))
  if (unread.length > 0)
    return undetermined(
      name,
      judgement,
      `the files of ${unread.join(', ')} could not be looked at; the other parts agree`,
    )
  if (!image.aibrix?.extension)
    return follows(name, judgement, 'extension', 'no extension to look at; the other parts agree')
  if (severalVariants)
    return follows(
      name,
      judgement,
      'nixl-variant',
      'several NIXL variants are installed; the other parts agree',
    )
  if (Object.keys(image.nixl.distributions).length === 0)
    return follows(name, judgement, 'nixl-variant', 'no NIXL to look at; the other parts agree')
  return passed(name, judgement)
}
