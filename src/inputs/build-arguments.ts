import { isProxy } from './credentials.ts'
import { assignments } from './fields.ts'
import { InputReader, quoted } from './problems.ts'

/** Build arguments that the action sets itself. */
const ownArguments =
  /^(VLLM_VERSION|SGLANG_VERSION|AIBRIX_BRANCH|AIBRIX_REPO|AIBRIX_COMMIT|NIXL_VERSION|BASE_IMAGE|BASE_DIGEST|BASE_USER|BASE_ENTRYPOINT|UCX_VERSION|UCX_REPO|UCX_COMMIT|EXTRA_PACKAGES|EXTRA_FILES|GPU_ARCHITECTURES|INTEGRATION|NEWER_THAN)$/

export function isOwnArgument(name: string): boolean {
  return ownArguments.test(name)
}

/** Reads the `build-args` that decide what is in an image. */
export function readBuildArguments(reader: InputReader): Record<string, string> {
  const given = read(reader)
  for (const name of given.keys())
    if (isOwnArgument(name))
      reader.refuse('build-args', 'its own input, since the action sets this argument itself', quoted(name))
  return Object.fromEntries([...given].filter(([name]) => !isProxy(name)))
}

/** Reads the proxies of `build-args`, which are the runner's and may hold a password. */
export function readProxies(reader: InputReader): Record<string, string> {
  // `readBuildArguments` refuses bad lines.
  const given = read(new InputReader(reader.read))
  return Object.fromEntries([...given].filter(([name]) => isProxy(name)))
}

function read(reader: InputReader): Map<string, string> {
  return assignments(reader, 'build-args', { pattern: /^[A-Za-z_]\w*$/, allowed: 'lines NAME=value' })
}
