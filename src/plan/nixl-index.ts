import { lt, valid } from '@renovatebot/pep440'
import pLimit from 'p-limit'
import type { KnownBase } from './known-base.ts'

/** What `python3 -m pip` did; `missing` if there is none to run, or it did not come to an end. */
export type PipAnswer =
  { state: 'ended'; code: number; stdout: string; stderr: string } | { state: 'missing'; reason: string }

/** Runs pip with these arguments. Throws UserError if the run was cancelled. */
export type RunPip = (args: string[]) => Promise<PipAnswer>

/** `no-pip` if pip could not answer; the reason is a sentence without its end. */
export type NixlVersions = { state: 'known'; versions: string[] } | { state: 'no-pip'; reason: string }

export type NixlIndex = {
  /**
   * Versions of NIXL with wheels for a base. Where its Python or CUDA is not known: those that there are at all.
   * @param platform `linux/amd64`
   */
  versions: (base: Pick<KnownBase, 'python' | 'cuda'>, platform: string) => Promise<NixlVersions>
}

/** From this release on `nixl` holds no binary and needs `nixl-cu<major>` of its version; before, it is linked with CUDA 12. */
const firstWithVariants = '0.7.1'
const cudaBefore = '12'

/** Calls of pip at a time; one takes a second of a core. */
const calls = 4

/** @returns an index that asks pip each question once, also where several ask it at the same time */
export function createNixlIndex(runPip: RunPip): NixlIndex {
  const limit = pLimit(calls)
  const answers = new Map<string, Promise<NixlVersions>>()
  const ask = (name: string, target: string[]): Promise<NixlVersions> => {
    const args = ['index', 'versions', name, '-vv', '--pre', '--only-binary=:all:', ...target]
    const key = args.join(' ')
    const answer = answers.get(key) ?? limit(async () => readAnswer(await runPip(args)))
    answers.set(key, answer)
    return answer
  }
  return {
    versions: async ({ python, cuda }, platform) => {
      // The package without binaries is there for each Python, whatever pip's own is.
      if (python === undefined || cuda === undefined) return ask('nixl', ['--ignore-requires-python'])
      const major = cuda.split('.')[0] ?? cuda
      const target = ['--python-version', python, ...platformTags(platform)]
      const [variant, whole] = await Promise.all([ask(`nixl-cu${major}`, target), ask('nixl', target)])
      if (variant.state === 'no-pip') return variant
      if (whole.state === 'no-pip') return whole
      const versions = whole.versions.filter((version) =>
        lt(version, firstWithVariants) ? major === cudaBefore : variant.versions.includes(version),
      )
      return { state: 'known', versions }
    },
  }
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

/**
 * Reads what `pip index versions -vv` says; the same from pip 21.2, the first that has the command, to 26.3. An index that
 * refuses or is out of reach looks like one that has no such package, but for a line that only `-vv` shows.
 */
function readAnswer(answer: PipAnswer): NixlVersions {
  if (answer.state === 'missing') return noPip(answer.reason)
  const { code, stdout, stderr } = answer
  const found = /^Available versions: (.*)$/m.exec(stdout)?.[1]
  if (code === 0 && found !== undefined)
    return { state: 'known', versions: found.split(/,\s*/).filter((version) => valid(version) !== null) }
  if (/No module named '?pip\b/.test(stderr)) return noPip('python3 has no pip')
  if (/unknown command "index"|no such option/.test(stderr))
    return noPip('it is too old to list versions (python3 -m pip install --upgrade pip)')
  const refused = [...stdout.matchAll(/^\s*Could not fetch URL \S+: (.*) - skipping$/gm)]
    .map(([, reason = '']) => reason)
    .find((reason) => !reason.startsWith('404 '))
  if (refused !== undefined) return noPip(`the package index does not answer (${tidy(refused)})`)
  const looked = /^\s*(?:Fetched page |Could not fetch URL )/m.test(stdout)
  if (looked && stderr.includes('No matching distribution found')) return { state: 'known', versions: [] }
  // A Python of the runner may print lines of its own, also when it ends.
  const lines = stderr.trim().split('\n')
  const why = lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1) ?? ''
  return noPip(tidy(why) || `it ended with code ${code} and said nothing`)
}

function noPip(reason: string): NixlVersions {
  return { state: 'no-pip', reason: `pip can't say which versions of NIXL there are: ${reason}` }
}

/** Without addresses, of objects in memory and of indexes, and without an end. */
function tidy(line: string): string {
  return line
    .replace(/<[^<>]* object at 0x[0-9a-f]+>:? ?/g, '')
    .replace(/ (?:for|with) url: \S+/g, '')
    .replace(/[a-z]+:\/\/\S+/g, 'the index')
    .replace(/^(?:ERROR|WARNING): /, '')
    .replace(/\.$/, '')
    .slice(0, 200)
}
