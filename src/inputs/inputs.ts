import type { BuildOptions } from '../buildkit/index.ts'
import type { PlanRequest } from '../plan/index.ts'
import { ordinaryWords } from './ordinary.ts'
import { passwordsIn } from '../system/index.ts'
import type { GateName } from '../verify/index.ts'
import type { InputContext } from './context.ts'
import { readProxies } from './build-arguments.ts'
import { readBuildOptions } from './build-options.ts'
import { type Command, readCommand } from './command.ts'
import { watchForCredentials } from './credentials.ts'
import { refuseGivenSecrets } from './environment.ts'
import { boolean, byteSize, count, optional, type ReadInput, type Source } from './fields.ts'
import { Problems, quoted } from './problems.ts'
import { inputNames } from './names.ts'
import { readPlanRequest } from './plan-request.ts'
import { resolvePush } from './push.ts'
import { readSecrets, refuseOrdinary } from './secrets.ts'
import { readWaivers } from './waivers.ts'
import { isRounded } from './yaml.ts'

/** Credentials for `registry` alone. */
export type Login = { username: string; password: string }

export type Inputs = {
  command: Command
  plan: PlanRequest
  build: BuildOptions
  /** Those of `build-args`: `HTTP_PROXY` → address, perhaps with a password in it */
  proxies: Record<string, string>
  login: Login | undefined
  packageIndex: string | undefined
  /** Path of a PEM file */
  caCertificates: string | undefined
  secrets: Map<string, string>
  /** Values of the inputs that are no secrets: what is a part of them can't be hidden */
  shown: readonly string[]
  push: boolean
  verify: boolean
  waivers: Map<GateName, string>
  /** bytes, compressed */
  addedBytesLimit: number
  /** Legs at a time */
  parallel: number
  /** How often what failed and can pass is tried again */
  retries: number
  /** Whether the first leg that fails keeps others from being begun, and all images from being published */
  failFast: boolean
  /** Whether what a runner of GitHub has that no leg needs is removed before legs are built */
  freeDiskSpace: boolean
  /** For the notes of a release */
  githubToken: string | undefined
  summary: boolean
}

/** More than this on one machine has no use: a leg compiles with all of its processors. */
const mostParallel = 64
/** After so many the waits have used up what they may take together. */
const mostRetries = 10

/**
 * Action inputs → one typed, validated object.
 * @throws UserError that names every bad input, what was given and what is allowed
 */
export function readInputs(read: ReadInput, context: InputContext): Inputs {
  const problems = new Problems()
  const watch = watchForCredentials(read)
  const source: Source = { read: watch.read, problems }
  const push = resolvePush(source, context.event)
  const verify = boolean(source, 'verify')
  if (verify === false && push) problems.add('verify', '"false"', 'true, or false together with push: false')
  const inputs = {
    command: readCommand(source, context, push ?? true),
    plan: readPlanRequest(source, context, push ?? false),
    build: readBuildOptions(source),
    proxies: readProxies(source),
    login: readLogin(source, push ?? true),
    packageIndex: readPackageIndex(source),
    caCertificates: readCaCertificates(source, context),
    secrets: readSecrets(source, 'secrets'),
    push: push ?? false,
    verify: verify ?? true,
    waivers: readWaivers(source),
    addedBytesLimit: byteSize(source, 'added-bytes-limit') ?? 0,
    parallel: count(source, 'parallel', mostParallel) ?? 1,
    retries: count(source, 'retries', mostRetries, 0) ?? 0,
    failFast: boolean(source, 'fail-fast') ?? true,
    freeDiskSpace: boolean(source, 'free-disk-space') ?? false,
    githubToken: optional(source, 'github-token'),
    summary: boolean(source, 'summary') ?? true,
  }
  refuseRounded(read, problems)
  const shown = watch.shown()
  watch.complain(problems)
  const isOrdinary = ordinaryWords(shown)
  refuseOrdinary(problems, 'secrets', inputs.secrets, isOrdinary)
  refuseGivenSecrets(source, secretValues(inputs), isOrdinary)
  problems.throwIfAny()
  return { ...inputs, shown }
}

/** @returns every value that must appear nowhere */
export function secretValues({
  login,
  packageIndex,
  secrets,
  githubToken,
  proxies,
}: Omit<Inputs, 'shown'>): string[] {
  const pair = login ? [login.password, `${login.username}:${login.password}`] : []
  const addresses = [packageIndex ?? '', ...Object.values(proxies)].flatMap(passwordsIn)
  return [...pair, ...addresses, ...secrets.values(), githubToken ?? ''].filter((value) => value !== '')
}

/** Whatever it was, it was something else; what is a size is one in any case. */
function refuseRounded(read: ReadInput, problems: Problems): void {
  for (const name of inputNames)
    if (name !== 'added-bytes-limit' && isRounded(read(name)))
      problems.add(name, 'a number that YAML has rounded (not shown)', 'the same in quotes')
}

/** A pull request of a fork or of Dependabot gets no secrets; it pushes nothing, and reads what anybody may. */
function readLogin({ read, problems }: Source, push: boolean): Login | undefined {
  const username = read('username')
  const password = read('password')
  if (password === '' && (username === '' || !push)) return undefined
  if (username === '')
    return problems.add('username', 'nothing', 'a user name beside the password, or neither')
  if (password === '')
    return problems.add(
      'password',
      'nothing',
      'a password or token beside the user name, or neither (a secret that does not exist is empty)',
    )
  return { username, password }
}

function readPackageIndex({ read, problems }: Source): string | undefined {
  const value = read('package-index')
  if (value === '') return undefined
  if (!URL.canParse(value) || !/^(https?|file):\/\//i.test(value))
    return problems.add(
      'package-index',
      'what was given (not shown)',
      'the URL of a package index (PEP 503), such as https://host/simple',
    )
  return value
}

function readCaCertificates({ read, problems }: Source, { fileExists }: InputContext): string | undefined {
  const path = read('ca-certificates')
  if (path === '') return undefined
  return fileExists(path)
    ? path
    : problems.add('ca-certificates', quoted(path), 'the path of a PEM file on the runner')
}
