import { isProxy } from './credentials.ts'
import { assignments, type Source } from './fields.ts'
import { Problems, quoted } from './problems.ts'

/** Build arguments that the action sets itself. */
const ownArguments =
  /^(VLLM_VERSION|SGLANG_VERSION|AIBRIX_BRANCH|AIBRIX_REPO|AIBRIX_COMMIT|NIXL_VERSION|BASE_IMAGE|BASE_DIGEST|BASE_USER|BASE_ENTRYPOINT|UCX_VERSION|UCX_REPO|UCX_COMMIT|GPU_ARCHITECTURES|INTEGRATION|NEWER_THAN)$/

export function isOwnArgument(name: string): boolean {
  return ownArguments.test(name)
}

/** `build-args` that decide what is in an image. */
export function readBuildArguments(source: Source): Record<string, string> {
  const given = read(source)
  for (const name of given.keys())
    if (isOwnArgument(name))
      source.problems.add(
        'build-args',
        quoted(name),
        'a name that the action does not set itself; use its input instead',
      )
  return Object.fromEntries([...given].filter(([name]) => !isProxy(name)))
}

/** `build-args` that are proxies: they are about the network of a runner, and may have a password. */
export function readProxies({ read: readInput }: Source): Record<string, string> {
  // What is wrong with the lines is complained about once, above.
  const given = read({ read: readInput, problems: new Problems() })
  return Object.fromEntries([...given].filter(([name]) => isProxy(name)))
}

function read(source: Source): Map<string, string> {
  return assignments(source, 'build-args', { pattern: /^[A-Za-z_]\w*$/, allowed: 'lines NAME=value' })
}
