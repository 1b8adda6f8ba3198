import {
  type BuildCall,
  certificatesContext,
  commonArguments,
  environmentLines,
  extraFilesContext,
  outputArguments,
  sourceContexts,
} from '../buildkit/index.ts'
import { fetchCommands, isReachableInBuild, sourcesOf } from './source-fetch.ts'

/**
 * @returns the same build as a shell command: progress for people, nothing pushed, secrets and
 *   certificates from files that the user creates, which comments name. Sources that git in a build
 *   can't clone are fetched first.
 * @param paths where the user has context and Dockerfile, if not where the action has them
 */
export function reproduceCommand(
  call: BuildCall,
  paths: { context?: string; dockerfile?: string } = {},
): string {
  const fetched = sourcesOf(call.leg).filter(({ source }) => !isReachableInBuild(source))
  const sources = Object.fromEntries(fetched.map(({ component }) => [component, sourceContexts[component]]))
  const variables = environmentLines(call.leg.environment)
  const certificates = call.certificates === undefined ? undefined : certificatesContext
  const extraFiles = call.extraFiles === undefined ? undefined : extraFilesContext
  const local = { ...call, ...paths, sources, certificates, extraFiles }
  const secrets = new Map([...call.secrets.keys()].map((id) => [id, `secret-${id}`]))
  const args = [
    ...commonArguments(variables.length === 0 ? local : { ...local, dockerfile: '-' }, secrets),
    ...outputArguments(local, false),
    '--',
    local.context,
  ]
  const comment = [...secrets].map(
    ([id, file]) => `# Put the value of the secret "${id}" into the file ${file} first.\n`,
  )
  if (certificates !== undefined)
    comment.push(`# Put the file of ca-certificates into a new folder first: ${certificates}/given.pem\n`)
  if (extraFiles !== undefined)
    comment.push(`# Put a copy of the folder of extra-files into the folder ${extraFiles} first.\n`)
  const fetches = fetched.flatMap(({ component, source }) => fetchCommands(sourceContexts[component], source))
  const build = pipeWith(local.dockerfile, variables) + shellWords(['docker', ...args])
  return comment.join('') + [...fetches.map(shellWords), build].join('\n')
}

/** Pipes a Dockerfile with further lines for its last stage, the image; empty without lines. */
function pipeWith(dockerfile: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `{ ${shellWords(['cat', dockerfile])}; ${shellWords(['printf', '%s\\n', ...lines])}; } | `
}

function shellWords(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

/** Quotes for a POSIX shell. */
function quote(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
}
