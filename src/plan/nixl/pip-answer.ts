import { valid } from '@renovatebot/pep440'
import type { PipAnswer } from '../../system/index.ts'

/**
 * `no-pip`: pip could not answer. `absent`: why the index has nothing at all of a project, for
 * whatever Python. Both reasons have no full stop.
 */
export type Versions =
  { state: 'known'; versions: string[]; absent?: string } | { state: 'no-pip'; reason: string }

/**
 * Reads the output of `pip index versions -vv`, which is the same from pip 21.2, the first with
 * that command, to 26.3. Only the lines that `-vv` adds tell an index that refuses, is unreachable
 * or is not an index from one without the package.
 */
export function readAnswer(answer: PipAnswer, project: string): Versions {
  if (answer.state === 'missing') return noPip(answer.reason)
  const { code, stdout, stderr } = answer
  const found = /^Available versions: (.*)$/m.exec(stdout)?.[1]
  if (code === 0 && found !== undefined)
    return { state: 'known', versions: found.split(/,\s*/).filter((version) => valid(version) !== null) }
  if (/No module named '?pip\b/.test(stderr)) return noPip('python3 has no pip')
  if (/unknown command "index"|no such option/.test(stderr))
    return noPip('it is too old to list versions (python3 -m pip install --upgrade pip)')
  const output = `${stdout}\n${stderr}`
  const refused = refusalIn(output)
  if (refused !== undefined) return noPip(refused)
  if (listsFiles(stdout, project)) return { state: 'known', versions: [] }
  const empty = emptyIndexes(output)
  if (empty.length > 0 && stderr.includes('No matching distribution found')) {
    const absent = `the package index has no ${project} (${empty.join(', ')}); check package-index (if it is empty, pip's configuration on this runner)`
    return { state: 'known', versions: [], absent }
  }
  // A Python on the runner may print its own lines, also when it exits.
  const lines = stderr.trim().split('\n')
  const last = lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1) ?? ''
  return noPip(tidy(last) || `it exited with code ${code} and printed nothing`)
}

function noPip(reason: string): Versions {
  return { state: 'no-pip', reason: `pip cannot list the versions of NIXL: ${reason}` }
}

const notFetched = /^\s*Could not fetch URL (\S+): (.*) - skipping$/gm

/** @returns why an index could not tell whether it has the project */
function refusalIn(output: string): string | undefined {
  const failures = [...output.matchAll(notFetched)]
  const [, url, reason = ''] = failures.find(([, , why = '']) => !/^(?:404|410) /.test(why)) ?? []
  if (url !== undefined) {
    const why = tidy(reason)
    const result = /^\d{3} /.test(why) ? `returned ${why}` : `cannot be reached (${why})`
    const input = /certificate/i.test(why) ? 'ca-certificates' : 'package-index'
    return `the package index ${hostOf(url)} ${result}; check ${input}`
  }
  const insecure = /The repository located at (\S+) is not a trusted or secure host/.exec(output)?.[1]
  return insecure === undefined
    ? undefined
    : `it ignores the package index ${insecure}, which does not use https (set PIP_TRUSTED_HOST on this runner to allow it)`
}

/** pip names each file, whether it fits or not. */
function listsFiles(stdout: string, project: string): boolean {
  const name = project.replace(/-/g, '[-_.]')
  const file = String.raw`/${name}-\d[^/\s]*\.(?:whl|tar\.gz|zip)\b`
  return new RegExp(`^\\s*(?:Found link|Skipping link).*${file}`, 'im').test(stdout)
}

/** @returns `index.example returned 404 Not Found` for each index without the project */
function emptyIndexes(output: string): string[] {
  const each = (line: RegExp, describe: (url: string, detail: string) => string) =>
    [...output.matchAll(line)].map(([, url = '', detail = '']) => describe(url, detail))
  return [
    ...new Set([
      ...each(notFetched, (url, reason) => `${hostOf(url)} returned ${tidy(reason)}`),
      ...each(
        /^\s*Fetched page (\S+)/gm,
        (url) => `${hostOf(url)} returned a page that lists no file of it${redirected(output, url)}`,
      ),
      ...each(
        /Skipping page (\S+) because .*?Content-Type: ([\w.+-]+\/[\w.+-]+?)\.?(?:\s|The|$)/g,
        (url, type) => `${hostOf(url)} returned ${type}, which is not an index page`,
      ),
      ...each(
        /Location '(\S+)' is ignored: (.*)$/gm,
        (url, why) => `${url.includes('://') ? hostOf(url) : 'what is not a URL'} is ignored: ${tidy(why)}`,
      ),
    ]),
  ]
}

/** An index whose session has expired redirects to a login page. */
function redirected(output: string, url: string): string {
  const before = output.slice(0, output.indexOf(`Fetched page ${url}`))
  const asked = before.slice(before.lastIndexOf(`Getting page ${url}`))
  const requests = [...asked.matchAll(/^(\S+) "GET \S+ HTTP\/[\d.]+" (\d{3})/gm)]
  const host = requests.at(-1)?.[1]
  return host !== undefined && requests.some(([, , status = '']) => status.startsWith('3'))
    ? `, after a redirect to ${hostOf(host)}`
    : ''
}

/** Paths and user names may be tokens. */
function hostOf(url: string): string {
  return (
    url
      .replace(/^[a-z]+:\/\//i, '')
      .replace(/[/?#].*$/, '')
      .replace(/^.*@/, '') || 'a file'
  )
}

/** @returns the core of a Python error, without addresses and without a full stop */
function tidy(line: string): string {
  const inner = /Caused by [^"']*(["'])(.*?)\1/.exec(line)?.[2]
  const [prefix = ''] = /^There was a problem confirming the ssl certificate: /.exec(line) ?? []
  return `${prefix}${inner ?? line.slice(prefix.length)}`
    .replace(/<[^<>]* object at 0x[0-9a-f]+>:? ?/g, '')
    .replace(/^(\d{3}) (?:Client|Server) Error: /, '$1 ')
    .replace(/ (?:for|with) url: \S+/g, '')
    .replace(/[a-z]+:\/\/\S+/g, 'the index')
    .replace(/^(?:ERROR|WARNING): /, '')
    .replace(/^(?:\w+\.)+(\w+: )/, '$1')
    .replace(/\.$/, '')
    .slice(0, 200)
}
