import type { RunPip } from '../../system/index.ts'
import { lt } from '@renovatebot/pep440'
import pLimit from 'p-limit'
import type { KnownBase } from '../feasibility/known-base.ts'
import { firstWithAllVariants, firstWithVariants } from './nixl-releases.ts'
import { readAnswer, type Versions } from './pip-answer.ts'
import { majorOf } from '../versions/version.ts'

export type NixlIndex = {
  /**
   * Versions of NIXL with wheels for a base. Where its Python or CUDA is not known: those that there are at all.
   * @param platform `linux/amd64`
   */
  versions: (base: Pick<KnownBase, 'python' | 'cuda'>, platform: string) => Promise<Versions>
}

const cudaBefore = '12'
const allVariants = ['nixl-cu12', 'nixl-cu13']

/** One that all of these releases have wheels for, where that of the base is not known. */
const usualPython = '3.12'

/** Calls of pip at a time; one takes a second of a core. */
const calls = 4

/** @returns an index that asks pip each question once, also where several ask it at the same time */
export function createNixlIndex(runPip: RunPip): NixlIndex {
  const limit = pLimit(calls)
  const answers = new Map<string, Promise<Versions>>()
  const ask = (name: string, target: string[]): Promise<Versions> => {
    const args = ['index', 'versions', name, '-vv', '--pre', '--only-binary=:all:', ...target]
    const key = args.join(' ')
    const answer = answers.get(key) ?? limit(async () => readAnswer(await runPip(args), name))
    answers.set(key, answer)
    return answer
  }
  return {
    versions: async ({ python, cuda }, platform) => {
      const target = (version: string): string[] => ['--python-version', version, ...platformTags(platform)]
      // The package without binaries is there for each Python, whatever pip's own is.
      const asked =
        python === undefined || cuda === undefined
          ? { whole: ask('nixl', ['--ignore-requires-python']), variant: undefined }
          : { whole: ask('nixl', target(python)), variant: ask(`nixl-cu${majorOf(cuda)}`, target(python)) }
      const [whole, variant] = await Promise.all([asked.whole, asked.variant])
      if (whole.state === 'no-pip') return whole
      if (variant?.state === 'no-pip') return variant
      const fitting = whole.versions.filter((version) => {
        if (!variant) return true
        return lt(version, firstWithVariants)
          ? cuda !== undefined && majorOf(cuda) === cudaBefore
          : variant.versions.includes(version)
      })
      const published = await withAllVariants(fitting, (name) => ask(name, target(python ?? usualPython)))
      const absent = whole.absent ?? variant?.absent
      return { state: 'known', versions: published, ...(absent !== undefined && { absent }) }
    },
  }
}

/** @returns the versions without those of which a variant is not there (yet): pip could not install what their package requires */
async function withAllVariants(
  versions: readonly string[],
  ask: (name: string) => Promise<Versions>,
): Promise<string[]> {
  const isLate = (version: string): boolean => !lt(version, firstWithAllVariants)
  if (!versions.some(isLate)) return [...versions]
  const answers = await Promise.all(allVariants.map(ask))
  return versions.filter(
    (version) =>
      !isLate(version) ||
      answers.every((answer) => answer.state === 'no-pip' || answer.versions.includes(version)),
  )
}

/**
 * pip asks for wheels of exactly the platform tags that it is given, so all that a base may take are given: glibc 2.17 (the
 * first with such a tag, PEP 600) to 2.39 (that of Ubuntu 24.04, the newest under engine images).
 */
function platformTags(platform: string): string[] {
  const machine = platform.startsWith('linux/arm64') ? 'aarch64' : 'x86_64'
  const glibc = Array.from({ length: 39 - 17 + 1 }, (_, index) => `manylinux_2_${39 - index}`)
  return [...glibc, 'manylinux2014', 'linux'].flatMap((name) => ['--platform', `${name}_${machine}`])
}
