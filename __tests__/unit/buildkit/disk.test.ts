import { describe, expect, it } from '@jest/globals'
import { statfs } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import type { Builder } from '../../../src/buildkit/engine/builder.ts'
import { engineFolders, type EngineFolders, findDisk } from '../../../src/buildkit/engine/disk.ts'
import type { EngineInfo, RunDocker } from '../../../src/buildkit/engine/info.ts'
import { makeBuilder, makeEngine } from '../../support/buildkit.ts'

const socket = 'unix:///var/run/docker.sock'

type Scene = {
  builder?: Partial<Builder>
  engine?: Partial<EngineInfo>
  /** The address of the context `default`; undefined: there is no such context */
  host?: string | undefined
}

/** @returns the disk, and the calls of docker */
async function find(scene: Scene) {
  const { host } = { host: socket, ...scene }
  const calls: string[] = []
  const otherEngine = { ServerVersion: '28', Name: hostname(), DockerRootDir: '/proc' }
  const printed: Record<string, string | undefined> = {
    'context inspect --format {{.Endpoints.docker.Host}} -- default': host && `${host}\n`,
    [`--host ${socket} info --format {{json .}}`]: JSON.stringify(otherEngine),
  }
  const docker: RunDocker = (args) => {
    calls.push(args.join(' '))
    const stdout = printed[args.join(' ')]
    return Promise.resolve({ code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' })
  }
  const builder = makeBuilder({ engine: makeEngine(scene.engine), ...scene.builder })
  const found = await findDisk(docker, builder)
  return { found, calls }
}

const elsewhere = (driver: string) =>
  `the builder has the driver "${driver}", and its disk is not on this machine`

describe('the disk that a builder fills', () => {
  it.each(['docker', 'docker-container'])(
    'is found for the driver %s, with its free space',
    async (driver) => {
      const { bavail, bsize } = await statfs(tmpdir())
      const { found, calls } = await find({ builder: { driver } })
      const keepsBlobs = driver === 'docker-container'
      const disk = { path: tmpdir(), free: expect.any(Number), keepsBlobs }
      expect(found).toEqual({ kind: 'disk', driver, disk })
      // Others write to it meanwhile.
      const free = found.kind === 'disk' ? found.disk.free : 0
      expect(free / (bavail * bsize)).toBeGreaterThan(0.5)
      expect(free / (bavail * bsize)).toBeLessThan(2)
      expect(calls).toEqual(['context inspect --format {{.Endpoints.docker.Host}} -- default'])
    },
  )

  it('is that of containerd where the engine has no such folder', async () => {
    const { found } = await find({ engine: { containerdStore: true, root: '/image-action-nothing' } })
    const stat = await statfs('/var/lib/containerd').catch(() => undefined)
    expect(found).toMatchObject(
      stat
        ? { kind: 'disk', disk: { path: '/var/lib/containerd', keepsBlobs: true } }
        : { kind: 'unknown', why: 'there is no /image-action-nothing on this machine' },
    )
  })

  it.each<[string, Scene, string]>([
    ...['remote', 'kubernetes', 'cloud', ''].map((driver): [string, Scene, string] => [
      `the driver is "${driver}"`,
      { builder: { driver } },
      elsewhere(driver),
    ]),
    [
      'buildx reports no endpoint',
      { builder: { endpoints: [] } },
      'buildx does not report where the builder runs',
    ],
    [
      'the nodes are on several engines',
      { builder: { endpoints: ['default', 'ssh://there'] } },
      'the builder has nodes on several engines',
    ],
    ['there is no such context', { host: undefined }, 'docker does not know where "default" is'],
    ['the context has no address', { host: '' }, 'docker does not know where "default" is'],
    ['the engine is on another machine', { host: 'ssh://me@there' }, 'the engine is at ssh://there'],
    [
      'the folder does not exist',
      { engine: { root: '/image-action-nothing' } },
      'there is no /image-action-nothing on this machine',
    ],
    [
      'the file system of another engine at the socket reports no space',
      { builder: { endpoints: [socket, socket] } },
      'there is no /proc on this machine',
    ],
  ])('is unknown where %s', async (_, scene, why) => {
    expect((await find(scene)).found).toEqual({ kind: 'unknown', why })
  })

  it('is not requested from another machine, which could ask for a password', async () => {
    const { found, calls } = await find({ builder: { endpoints: ['ssh://me@there'] } })
    expect(found).toEqual({ kind: 'unknown', why: 'the engine is at ssh://there' })
    expect(calls).toEqual([])
  })
})

describe('the folders of an engine', () => {
  const folders = (...paths: string[]) => ({ kind: 'folders', paths }) as const
  const unknown = (why: string) => ({ kind: 'unknown', why }) as const

  it.each<[string, 'docker' | 'docker-container', Partial<EngineInfo>, EngineFolders]>([
    [
      'with its older store, which removes unpacked blobs',
      'docker',
      {},
      { ...folders(tmpdir()), keepsBlobs: false },
    ],
    [
      'with the containerd store, below the engine or beside it',
      'docker',
      { containerdStore: true },
      { ...folders(tmpdir(), '/var/lib/containerd'), keepsBlobs: true },
    ],
    [
      'with BuildKit in a container, which uses a volume of the engine',
      'docker-container',
      {},
      { ...folders(tmpdir()), keepsBlobs: true },
    ],
    [
      'of Docker Desktop',
      'docker',
      { operatingSystem: 'Docker Desktop' },
      unknown('Docker Desktop has a disk of its own'),
    ],
    [
      "of a job's host, whose socket a container uses",
      'docker',
      { hostname: 'host' },
      unknown(`the engine runs on "host", and this is "${hostname()}"`),
    ],
    [
      'of Windows',
      'docker',
      { root: 'C:\\ProgramData\\docker' },
      unknown('the engine does not report where its files are'),
    ],
  ])('%s', (_, driver, more, expected) => {
    expect(engineFolders(driver, makeEngine(more), hostname())).toEqual(expected)
  })

  it('are unknown where it does not answer', () => {
    expect(engineFolders('docker', undefined, hostname())).toEqual(
      unknown('the engine does not report where its files are'),
    )
  })
})
