import { describe, expect, it } from '@jest/globals'
import {
  type BuilderInfo,
  parseBuilder,
  parseBuildxVersion,
  parseInfo,
} from '../../../src/buildkit/engine/info.ts'

/** As buildx 0.13.1 prints it */
const inspected = `Name:          default
Driver:        docker
Last Activity: 2026-11-23 18:43:54 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.0.0+unknown
Platforms:        linux/amd64*, linux/amd64/v2, linux/arm64
Labels:
 org.mobyproject.buildkit.worker.executor:             containerd
`
const withoutEngine = `Name:          default
Driver:        
Last Activity: 2026-11-23 19:00:17 +0000 UTC
Error:         Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
`
const inactive = `Name:   mine
Driver: docker-container

Nodes:
Name:           mine0
Endpoint:       unix:///var/run/docker.sock
Driver Options: network="host" image="x/y:1"
Status:         inactive
`

describe('what docker reports', () => {
  it.each<[string, string, BuilderInfo | undefined]>([
    [
      'a running builder',
      inspected,
      {
        name: 'default',
        driver: 'docker',
        error: undefined,
        platforms: ['linux/amd64', 'linux/amd64/v2', 'linux/arm64'],
        endpoints: ['default'],
        versions: ['v0.0.0+unknown'],
      },
    ],
    [
      'one whose engine does not answer',
      withoutEngine,
      {
        name: 'default',
        driver: '',
        error:
          'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
        platforms: [],
        endpoints: [],
        versions: [],
      },
    ],
    [
      'one that does not run yet',
      inactive,
      {
        name: 'mine',
        driver: 'docker-container',
        error: undefined,
        platforms: [],
        endpoints: ['unix:///var/run/docker.sock'],
        versions: [],
      },
    ],
    ['nothing', '', undefined],
  ])('of %s', (_, text, expected) => {
    expect(parseBuilder(text)).toEqual(expected)
  })

  it.each<[string, string, boolean | undefined]>([
    [
      'containerd',
      '{"ServerVersion":"26.1.5","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}',
      true,
    ],
    ['overlay2', '{"ServerVersion":"26.1.5","DriverStatus":[["Backing Filesystem","extfs"]]}', false],
    ['no status', '{"ServerVersion":"26.1.5","DriverStatus":null}', false],
    ['no engine', '{"ServerErrors":["Cannot connect"]}', undefined],
    ['an engine that prints nothing', '', undefined],
  ])('with %s', (_, text, containerdStore) => {
    expect(parseInfo(text).engine?.containerdStore).toBe(containerdStore)
  })

  it('names the engine, its files and its context', () => {
    const files = { Name: 'fv-az1', OperatingSystem: 'Ubuntu', DockerRootDir: '/var/lib/docker' }
    const info = { ServerVersion: '28', ...files, ClientInfo: { Context: 'mine' } }
    expect(parseInfo(JSON.stringify(info)).engine).toEqual({
      context: 'mine',
      version: '28',
      containerdStore: false,
      hostname: 'fv-az1',
      operatingSystem: 'Ubuntu',
      root: '/var/lib/docker',
    })
  })

  it.each([
    ['github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3', [0, 13]],
    ['github.com/docker/buildx v0.30.1 9e66234aa13328a5e75b75aa5574e1ca6d6d9c01', [0, 30]],
    ['github.com/docker/buildx v0.9.1-docker ed00243', [0, 9]],
    ['github.com/docker/buildx', undefined],
  ])('the version in %j', (text, expected) => {
    const version = parseBuildxVersion(text)
    expect(version && [version.major, version.minor]).toEqual(expected)
  })
})
