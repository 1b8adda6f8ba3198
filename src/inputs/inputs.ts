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
import { boolean, byteSize, count, optional } from './fields.ts'
import { refuseForeignImage } from './named-image.ts'
import { InputReader, type ReadInput } from './problems.ts'
import { type Login, readLogin } from './login.ts'
import { readMirrorLogins } from './mirror-credentials.ts'
import { inputNames } from './names.ts'
import { readPlanRequest } from './plan-request.ts'
import { refuseForeignPublic, refuseWithoutToken } from './pruning.ts'
import { resolvePush } from './push.ts'
import { readSecrets, refuseOrdinary } from './secrets.ts'
import { refuseInexact } from './verifying.ts'
import { readWaivers } from './waivers.ts'
import { isRounded } from './yaml.ts'

export type Inputs = {
  command: Command
  plan: PlanRequest
  build: BuildOptions
  /** The proxies of `build-args`: `HTTP_PROXY` → address, perhaps with a password in it */
  proxies: Record<string, string>
  /** For `registry` */
  login: Login | undefined
  /** Registry of mirrors → its login; the login of `registry` is not among them */
  mirrorLogins: ReadonlyMap<string, Login>
  packageIndex: string | undefined
  /** Path of a PEM file */
  caCertificates: string | undefined
  /** Path of the folder with the files of the plan's `extraFiles` */
  extraFolder: string | undefined
  secrets: Map<string, string>
  /** Values of the inputs that are not secrets; no part of them can be masked */
  shown: readonly string[]
  push: boolean
  /** Whether copies of the bases are stored */
  keepBase: boolean
  verify: boolean
  waivers: Map<GateName, string>
  /** Bytes, compressed */
  addedBytesLimit: number
  /** Legs in parallel */
  parallel: number
  /** Retries of an operation that failed for a transient reason */
  retries: number
  /** Whether the first failed leg stops further legs and prevents all publishing */
  failFast: boolean
  /** Whether to free disk space on a GitHub-hosted runner before legs are built */
  freeDiskSpace: boolean
  /** Writes the component table into the notes of a release, and deletes packages of ghcr.io */
  githubToken: string | undefined
  summary: boolean
}

/** One leg compiles with all processors of a machine, so more legs in parallel are of no use. */
const mostParallel = 64
/** After so many retries, the delays have used up their budget. */
const mostRetries = 10

/**
 * Reads and validates all inputs of the action.
 * @throws UserError that names every bad input, what was given and what to use instead
 */
export function readInputs(read: ReadInput, context: InputContext): Inputs {
  const watch = watchForCredentials(read)
  const reader = new InputReader(watch.read)
  const push = resolvePush(reader, context.event)
  const verify = boolean(reader, 'verify')
  if (verify === false && push) reader.refuse('verify', 'true, or false together with push: false')
  const command = readCommand(reader, context, push ?? true)
  if (command.kind === 'verify' && verify === false) reader.refuse('verify', 'true with command: verify')
  const plan = readPlanRequest(reader, context, push ?? false)
  const inputs = {
    command,
    plan,
    build: readBuildOptions(reader),
    proxies: readProxies(reader),
    login: readLogin(reader, push ?? true),
    mirrorLogins: readMirrorLogins(reader, plan, push ?? true),
    packageIndex: readPackageIndex(reader),
    caCertificates: readCaCertificates(reader, context),
    extraFolder: optional(reader, 'extra-files'),
    secrets: readSecrets(reader),
    push: push ?? false,
    keepBase: boolean(reader, 'keep-base') ?? false,
    verify: verify ?? true,
    waivers: readWaivers(reader, command.kind === 'verify'),
    addedBytesLimit: byteSize(reader, 'added-bytes-limit') ?? 0,
    parallel: count(reader, 'parallel', mostParallel) ?? 1,
    retries: count(reader, 'retries', mostRetries, 0) ?? 0,
    failFast: boolean(reader, 'fail-fast') ?? true,
    freeDiskSpace: boolean(reader, 'free-disk-space') ?? false,
    githubToken: optional(reader, 'github-token'),
    summary: boolean(reader, 'summary') ?? true,
  }
  if (inputs.command.kind === 'verify') refuseInexact(reader, inputs.plan)
  if (inputs.command.kind === 'tag') refuseForeignImage(reader, inputs.command.image, inputs.plan)
  if (inputs.command.kind === 'prune') {
    refuseForeignPublic(reader, inputs.command, inputs.plan)
    refuseWithoutToken(reader, inputs.command, inputs.plan)
  }
  refuseRounded(reader, read)
  const shown = watch.shown()
  watch.refuse(reader)
  const isOrdinary = ordinaryWords(shown)
  refuseOrdinary(reader, inputs.secrets, isOrdinary)
  refuseGivenSecrets(reader, secretValues(inputs), isOrdinary)
  reader.throwIfAny()
  return { ...inputs, shown }
}

/** @returns every value that must be shown nowhere */
export function secretValues(inputs: Omit<Inputs, 'shown'>): string[] {
  const { login, mirrorLogins, packageIndex, secrets, githubToken, proxies } = inputs
  const logins = [...(login ? [login] : []), ...mirrorLogins.values()]
  const pairs = logins.flatMap(({ username, password }) => [password, `${username}:${password}`])
  const addresses = [packageIndex ?? '', ...Object.values(proxies)].flatMap(passwordsIn)
  return [...pairs, ...addresses, ...secrets.values(), githubToken ?? ''].filter((value) => value !== '')
}

/** Refuses numbers that YAML has rounded. Only sizes are the same after that. */
function refuseRounded(reader: InputReader, read: ReadInput): void {
  for (const name of inputNames)
    if (name !== 'added-bytes-limit' && isRounded(read(name)))
      reader.refuse(name, 'the same in quotes', 'a number that YAML has rounded (not shown)')
}

function readPackageIndex(reader: InputReader): string | undefined {
  const value = optional(reader, 'package-index')
  if (value === undefined || (URL.canParse(value) && /^(https?|file):\/\/\S+$/i.test(value))) return value
  return reader.refuse(
    'package-index',
    'the URL of one package index (PEP 503), such as https://host/simple',
    'this value (not shown)',
  )
}

function readCaCertificates(reader: InputReader, { fileExists }: InputContext): string | undefined {
  const path = optional(reader, 'ca-certificates')
  if (path === undefined || fileExists(path)) return path
  return reader.refuse('ca-certificates', 'the path of a PEM file on the runner')
}
