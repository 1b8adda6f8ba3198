import { lt } from '@renovatebot/pep440'
import pLimit from 'p-limit'
import type { RunPip } from '../../system/index.ts'
import type { KnownBase } from '../feasibility/known-base.ts'
import type { Versions } from './pip-answer.ts'
import { remembered } from '../remember.ts'
import { majorOf } from '../versions/version.ts'

export type NixlIndex = {
  /**
   * Versions of NIXL with wheels for a base. If its Python or CUDA is not known: all that exist.
   * @param platform `linux/amd64`
   */
  versions: (base: Pick<KnownBase, 'python' | 'cuda'>, platform: string) => Promise<Versions>
}

/**
 * From this release on `nixl` holds no binary and needs `nixl-cu<major>` of its version (its
 * pyproject.toml). Before, it is linked with CUDA 12.
 */
export const firstWithVariants = '0.7.1'
const cudaBefore = '12'

/**
 * From this release on `nixl` requires all of its variants, in its own version, and imports that of
 * torch's CUDA. Before, it imports the first that it finds of CUDA 13 and 12.
 */
export const firstWithAllVariants = '1.1.0'
const allVariants = ['nixl-cu12', 'nixl-cu13']

/** All of these releases have wheels for it; used if the Python of a base is not known */
const usualPython = '3.12'

/** Parallel calls of pip, each of which takes a second of a core */
const calls = 4

/** @returns an index that asks pip each question once, also in parallel */
export function createNixlIndex(runPip: RunPip): NixlIndex {
  const limit = pLimit(calls)
  const answers = new Map<string, Promise<Versions>>()
  const ask = (name: string, target: string[]): Promise<Versions> => {
    const args = ['index', 'versions', name, '-vv', '--pre', '--only-binary=:all:', ...target]
    return remembered(answers, args.join(' '), () =>
      limit(async () => {
        const [answer, { readAnswer }] = await Promise.all([runPip(args), import('./pip-answer.ts')])
        return readAnswer(answer, name)
      }),
    )
  }
  return {
    versions: async ({ python, cuda }, platform) => {
      const target = (version: string) => ['--python-version', version, ...platformTags(platform)]
      const isKnown = python !== undefined && cuda !== undefined
      // The package without binaries exists for each Python, whatever pip's own is.
      const [whole, variant] = await Promise.all([
        ask('nixl', isKnown ? target(python) : ['--ignore-requires-python']),
        isKnown ? ask(`nixl-cu${majorOf(cuda)}`, target(python)) : Promise.resolve(undefined),
      ])
      if (whole.state === 'no-pip') return whole
      if (variant?.state === 'no-pip') return variant
      const hasWheel = (version: string): boolean =>
        !variant ||
        (lt(version, firstWithVariants)
          ? cuda !== undefined && majorOf(cuda) === cudaBefore
          : variant.versions.includes(version))
      const versions = await withAllVariants(whole.versions.filter(hasWheel), (name) =>
        ask(name, target(python ?? usualPython)),
      )
      const absent = whole.absent ?? variant?.absent
      return { state: 'known', versions, ...(absent !== undefined && { absent }) }
    },
  }
}

/** Leaves out versions that lack a variant (as yet): pip could not install what they require. */
async function withAllVariants(
  versions: readonly string[],
  ask: (name: string) => Promise<Versions>,
): Promise<string[]> {
  const isLate = (version: string): boolean => !lt(version, firstWithAllVariants)
  if (!versions.some(isLate)) return [...versions]
  const answers = await Promise.all(allVariants.map(ask))
  const hasAll = (version: string): boolean =>
    answers.every((answer) => answer.state === 'no-pip' || answer.versions.includes(version))
  return versions.filter((version) => !isLate(version) || hasAll(version))
}

/**
 * pip requests wheels of exactly the platform tags that it gets, so it gets all that a base may
 * support: glibc 2.17 (the first with such a tag, PEP 600) to 2.39 (that of Ubuntu 24.04, the
 * newest in engine images).
 */
function platformTags(platform: string): string[] {
  const machine = platform.startsWith('linux/arm64') ? 'aarch64' : 'x86_64'
  const glibc = Array.from({ length: 39 - 17 + 1 }, (_, index) => `manylinux_2_${39 - index}`)
  return [...glibc, 'manylinux2014', 'linux'].flatMap((name) => ['--platform', `${name}_${machine}`])
}
