import { UserError } from '../../errors.ts'
import type { RunDocker } from './docker.ts'
import { type BuildxVersion, parseBuildxVersion, parsePluginVersion } from './builder-info.ts'

const oldest = { major: 0, minor: 13 }

/**
 * @param info what `docker info` said: it asks its plugins who they are, so that buildx need not be started for it
 * @throws UserError if buildx is not there, or too old for `--progress=rawjson`
 */
export async function assertBuildx(docker: RunDocker, info: string): Promise<void> {
  const version = parsePluginVersion(info) ?? (await askBuildx(docker))
  if (version === undefined) return
  if (version.major === oldest.major && version.minor < oldest.minor)
    throw new UserError(`buildx ${version.text} is too old; update docker-buildx to 0.13 or later.`)
}

/** Where docker does not know the version of its plugin, or has none. */
async function askBuildx(docker: RunDocker): Promise<BuildxVersion | undefined> {
  const { code, stdout } = await docker(['buildx', 'version'])
  if (code !== 0) throw new UserError('docker has no buildx plugin; install docker-buildx 0.13 or later.')
  return parseBuildxVersion(stdout)
}
