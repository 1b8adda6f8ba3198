/** Variables of docker, buildx, BuildKit, git, pip or Python, and whether they are passed on. */
export type ProgramVariables = {
  /** Separated by blanks; `*` at the end of a name matches anything */
  names: string
  /** Whether the programs that we start get them from the job */
  passedOn: boolean
  /** In docs/environment.md */
  reason: string
}

function passed(names: string, reason: string): ProgramVariables {
  return { names, passedOn: true, reason }
}

function withheld(names: string, reason: string): ProgramVariables {
  return { names, passedOn: false, reason }
}

/**
 * The inputs alone decide what is built, and the build id covers them; so variables of the job that
 * would change an image are withheld from programs. Variables for addresses and logins change no
 * image and are passed on. The first matching row counts; the last row of each family covers
 * variables of later versions. (buildx 0.29 and its main branch, `os.Getenv` and `os.LookupEnv`;
 * git(1), "Environment variables"; pip, "Configuration"; python(1).)
 */
export const programVariables: readonly ProgramVariables[] = [
  withheld(
    'SOURCE_DATE_EPOCH',
    'buildx gives all layers this time, so no image would be younger than `max-age`. In `build-args` it is passed on, and part of the build id',
  ),
  withheld('EXPERIMENTAL_BUILDKIT_SOURCE_POLICY', 'replaces or forbids what a build reads'),
  passed('BUILDX_BUILDER BUILDX_CONFIG BUILDKIT_HOST', 'the builder; the input `builder` wins'),
  passed('BUILDX_NO_DEFAULT_ATTESTATIONS', 'counts as `provenance: false` if `provenance` is empty'),
  passed('BUILDKIT_NO_CLIENT_TOKEN', 'whether buildx or BuildKit fetches tokens'),
  withheld(
    'BUILDX_* BUILDKIT_* BAKE_*',
    'labels with the address and commit of a repository (`BUILDX_GIT_LABELS`), policies, other forms of attestations, metadata and progress, experimental features',
  ),
  withheld(
    'DOCKER_DEFAULT_PLATFORM DOCKER_BUILDKIT DOCKER_CONTENT_TRUST* DOCKER_CLI_* DEBUG',
    'the plan sets platform and digest; the others change the output of docker',
  ),
  passed('DOCKER_*', 'the address of the engine, and the configuration with its credentials'),
  passed(
    'PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_CONFIG_FILE PIP_CERT PIP_CLIENT_CERT PIP_PROXY PIP_TRUSTED_HOST PIP_KEYRING_PROVIDER PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_TIMEOUT PIP_DEFAULT_TIMEOUT PIP_USE_FEATURE PIP_USE_DEPRECATED',
    'where and how the runner finds versions of NIXL; `package-index` replaces all that name an index',
  ),
  passed(
    'PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_INPUT PIP_PROGRESS_BAR PIP_ROOT_USER_ACTION PIP_BREAK_SYSTEM_PACKAGES PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONHASHSEED PYTHONPYCACHEPREFIX',
    'change no result',
  ),
  withheld(
    'PIP_*',
    'constraints, platforms, kinds of wheels and output would hide versions of NIXL that fit the base',
  ),
  passed(
    'PYTHONHOME PYTHONUSERBASE PYTHONNOUSERSITE PYTHON_KEYRING_BACKEND',
    "the location of the runner's Python and pip",
  ),
  withheld('PYTHON*', 'foreign modules, and warnings and prompts in parsed output'),
  passed(
    'GIT_CONFIG_* GIT_SSH* GIT_ASKPASS GIT_SSL_* GIT_PROXY_* GIT_HTTP_* GIT_EXEC_PATH',
    'how and with which login servers are reached, and settings',
  ),
  withheld('GIT_*', 'another repository, index or object store than the given one; traces in parsed output'),
  withheld('LANG LANGUAGE LC_*', 'messages are parsed in English: `LC_ALL` is `C.UTF-8`'),
]

const rules = programVariables.flatMap(({ names, passedOn }) =>
  names.split(' ').map((name) => ({ name, passedOn })),
)

/** @returns whether the programs that we start get this variable from the job */
export function isPassedOn(variable: string): boolean {
  const rule = rules.find(({ name }) =>
    name.endsWith('*') ? variable.startsWith(name.slice(0, -1)) : variable === name,
  )
  return rule?.passedOn ?? true
}

/** @returns the job's variables that are withheld, except for the language, which every job sets */
export function withheldFrom(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment)
    .filter((name) => !isPassedOn(name) && !/^(?:LANG|LC_)/.test(name))
    .sort()
}

/** @returns the variables that are not empty; most programs treat empty ones as unset */
export function withoutEmpty<Value extends string | undefined>(
  given: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}

/**
 * @returns the environment of the programs that we start: without the action's inputs, some of which
 *   are secrets, and without what would change an image or an answer unseen
 */
export function environmentForPrograms(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passedOn = Object.entries(environment).filter(
    ([name]) => !/^(INPUT_|ACTIONS_\w*TOKEN|STATE_)/.test(name) && isPassedOn(name),
  )
  // Messages are read in English; a system without this locale has "C" then.
  return { ...Object.fromEntries(passedOn), LC_ALL: 'C.UTF-8' }
}
