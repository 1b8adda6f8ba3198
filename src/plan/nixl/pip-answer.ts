import type { PipAnswer } from '../../system/index.ts'
import { valid } from '@renovatebot/pep440'

/**
 * `no-pip` if pip could not answer. `absent` where the index has nothing at all of a project, for whatever Python. Both are a sentence
 * without its end.
 */
export type Versions =
  { state: 'known'; versions: string[]; absent?: string } | { state: 'no-pip'; reason: string }

/**
 * Reads what `pip index versions -vv` says; the same from pip 21.2, the first that has the command, to 26.3. An index that
 * refuses, is out of reach or is none looks like one that has no such package, but for lines that only `-vv` shows.
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
  const said = `${stdout}\n${stderr}`
  const refused = refusalIn(said)
  if (refused !== undefined) return noPip(refused)
  if (listsFiles(stdout, project)) return { state: 'known', versions: [] }
  const empty = emptyIndexes(said)
  if (empty.length > 0 && stderr.includes('No matching distribution found')) {
    const absent = `the package index has no ${project} (${empty.join(', ')}); look at package-index (without it, at pip's configuration on this runner)`
    return { state: 'known', versions: [], absent }
  }
  // A Python of the runner may print lines of its own, also when it ends.
  const lines = stderr.trim().split('\n')
  const why = lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1) ?? ''
  return noPip(tidy(why) || `it ended with code ${code} and said nothing`)
}

function noPip(reason: string): Versions {
  return { state: 'no-pip', reason: `pip can't say which versions of NIXL there are: ${reason}` }
}

const notFetched = /^\s*Could not fetch URL (\S+): (.*) - skipping$/gm
const isNotThere = (reason: string): boolean => /^(?:404|410) /.test(reason)

/** @returns what an index answers that could have the project all the same */
function refusalIn(text: string): string | undefined {
  for (const [, url = '', reason = ''] of text.matchAll(notFetched))
    if (!isNotThere(reason)) {
      const said = tidy(reason)
      const answer = /^\d{3} /.test(said) ? `answers ${said}` : `can't be asked (${said})`
      return `the package index ${hostOf(url)} ${answer}; look at ${/certificate/i.test(said) ? 'ca-certificates' : 'package-index'}`
    }
  const insecure = /The repository located at (\S+) is not a trusted or secure host/.exec(text)?.[1]
  if (insecure !== undefined)
    return `it ignores the package index ${insecure}, which has no https (set PIP_TRUSTED_HOST on this runner to allow it)`
  return undefined
}

/** Whatever pip thinks of a file, it names it. */
function listsFiles(stdout: string, project: string): boolean {
  const name = project.replace(/-/g, '[-_.]')
  const file = String.raw`/${name}-\d[^/\s]*\.(?:whl|tar\.gz|zip)\b`
  return new RegExp(`^\\s*(?:Found link|Skipping link).*${file}`, 'im').test(stdout)
}

/** @returns `index.example answers 404 Not Found` of each index that was asked */
function emptyIndexes(said: string): string[] {
  const absent = [...said.matchAll(notFetched)].map(
    ([, url = '', reason = '']) => `${hostOf(url)} answers ${tidy(reason)}`,
  )
  const pages = [...said.matchAll(/^\s*Fetched page (\S+)/gm)].map(
    ([, url = '']) => `${hostOf(url)} answers with a page that lists no file of it${redirected(said, url)}`,
  )
  const others = [
    ...said.matchAll(/Skipping page (\S+) because .*?Content-Type: ([\w.+-]+\/[\w.+-]+?)\.?(?:\s|The|$)/g),
  ].map(([, url = '', type = '']) => `${hostOf(url)} answers with ${type}, which is no page of an index`)
  const ignored = [...said.matchAll(/Location '(\S+)' is ignored: (.*)$/gm)].map(
    ([, url = '', reason = '']) =>
      `${url.includes('://') ? hostOf(url) : 'what is no URL'} is ignored: ${tidy(reason)}`,
  )
  return [...new Set([...absent, ...pages, ...others, ...ignored])]
}

/** An index whose session is over sends everybody to a page to log in. */
function redirected(said: string, url: string): string {
  const before = said.slice(0, said.indexOf(`Fetched page ${url}`))
  const asked = before.slice(before.lastIndexOf(`Getting page ${url}`))
  const requests = [...asked.matchAll(/^(\S+) "GET \S+ HTTP\/[\d.]+" (\d{3})/gm)]
  const last = requests.at(-1)
  return last && requests.some(([, , status = '']) => status.startsWith('3'))
    ? `, after a redirect to ${hostOf(last[1] ?? '')}`
    : ''
}

/** Paths may be tokens, as user names may be. */
function hostOf(url: string): string {
  return (
    url
      .replace(/^[a-z]+:\/\//i, '')
      .replace(/[/?#].*$/, '')
      .replace(/^.*@/, '') || 'a file'
  )
}

/** Without addresses, of objects in memory and of indexes, and without an end: what is inside of Python's errors. */
function tidy(line: string): string {
  const inner = /Caused by [^"']*(["'])(.*?)\1/.exec(line)?.[2]
  const problem = /^(There was a problem confirming the ssl certificate): /.exec(line)?.[1]
  return [
    ...(problem === undefined ? [] : [problem]),
    inner ?? line.slice(problem === undefined ? 0 : problem.length + 2),
  ]
    .join(': ')
    .replace(/<[^<>]* object at 0x[0-9a-f]+>:? ?/g, '')
    .replace(/^(\d{3}) (?:Client|Server) Error: /, '$1 ')
    .replace(/ (?:for|with) url: \S+/g, '')
    .replace(/[a-z]+:\/\/\S+/g, 'the index')
    .replace(/^(?:ERROR|WARNING): /, '')
    .replace(/^(?:\w+\.)+(\w+: )/, '$1')
    .replace(/\.$/, '')
    .slice(0, 200)
}
