import { describe, expect, it } from '@jest/globals'
import { statfs } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import type { RunDocker } from '../../../src/buildkit/engine/docker.ts'
import { findDisk } from '../../../src/buildkit/engine/disk.ts'

const socket = 'unix:///var/run/docker.sock'

type Engine = {
  driver?: string
  /** As buildx names it: an address, or the name of a context */
  endpoint?: string
  /** The address that the context has; undefined: there is no such context */
  host?: string | undefined
  root?: string
  info?: Record<string, unknown>
}

/** A docker with one engine, and what it was asked. */
function dockerOf({ driver = 'docker', endpoint = 'default', info = {}, ...engine }: Engine) {
  const { host, root } = { host: socket, root: tmpdir(), ...engine }
  const asked: string[] = []
  const said: [string, string | undefined][] = [
    ['buildx inspect -- mine', `Name: mine\nDriver: ${driver}\nNodes:\nEndpoint: ${endpoint}\n`],
    [`context inspect --format {{.Endpoints.docker.Host}} -- ${endpoint}`, host && `${host}\n`],
    [
      `--host ${socket} info --format {{json .}}`,
      JSON.stringify({ Name: hostname(), DockerRootDir: root, DriverStatus: [], ...info }),
    ],
  ]
  const docker: RunDocker = (args) => {
    asked.push(args.join(' '))
    const stdout = new Map(said).get(args.join(' '))
    return Promise.resolve({ code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' })
  }
  return { docker, asked }
}

describe('the disk that a builder fills', () => {
  it.each<[string, Engine, { driver: string; keepsBlobs: boolean }]>([
    ["of docker's own builder", {}, { driver: 'docker', keepsBlobs: false }],
    [
      'of one in a container, at an address',
      { driver: 'docker-container', endpoint: socket },
      { driver: 'docker-container', keepsBlobs: true },
    ],
  ])('%s is found, with what is free on it', async (_, engine, { driver, keepsBlobs }) => {
    const { docker } = dockerOf(engine)
    const { bavail, bsize } = await statfs(tmpdir())
    const found = await findDisk(docker, 'mine')
    expect(found).toEqual({
      kind: 'disk',
      driver,
      disk: { path: tmpdir(), free: expect.any(Number), keepsBlobs },
    })
    // Others write to it meanwhile.
    const free = found.kind === 'disk' ? found.disk.free : 0
    expect(free / (bavail * bsize)).toBeGreaterThan(0.5)
    expect(free / (bavail * bsize)).toBeLessThan(2)
  })

  it('is that of the store beside the engine where the engine has none', async () => {
    const containerd = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }
    const { docker } = dockerOf({ root: '/image-action-nothing', info: containerd })
    const there = await statfs('/var/lib/containerd').catch(() => undefined)
    expect(await findDisk(docker, 'mine')).toMatchObject(
      there
        ? { kind: 'disk', disk: { path: '/var/lib/containerd', keepsBlobs: true } }
        : { kind: 'unknown', why: 'there is no /image-action-nothing on this machine' },
    )
  })

  it.each<[string, Engine, string]>([
    [
      'the builder has no engine',
      { driver: 'remote' },
      'the builder has the driver "remote", and its disk is not on this machine',
    ],
    ['there is no such context', { host: undefined }, 'docker does not know where "default" is'],
    ['the context has no address', { host: '' }, 'docker does not know where "default" is'],
    ['the engine is on another machine', { host: 'ssh://me@there' }, 'the engine is at ssh://there'],
    [
      'the engine is on another machine, by an address of its own',
      { driver: 'docker-container', endpoint: 'tcp://there:2376' },
      'the engine is at tcp://there:2376',
    ],
    [
      'the socket is of another machine',
      { info: { Name: 'there' } },
      `the engine is of "there", and this is "${hostname()}"`,
    ],
    [
      'the folder is not here',
      { root: '/image-action-nothing' },
      'there is no /image-action-nothing on this machine',
    ],
    ['the file system does not tell its room', { root: '/proc' }, 'there is no /proc on this machine'],
  ])('is unknown where %s', async (_, engine, why) => {
    expect(await findDisk(dockerOf(engine).docker, 'mine')).toEqual({ kind: 'unknown', why })
  })

  it('of an engine on another machine is not asked for: that could wait for a password', async () => {
    const { docker, asked } = dockerOf({ driver: 'docker-container', endpoint: 'ssh://me@there' })
    await findDisk(docker, 'mine')
    expect(asked).toEqual(['buildx inspect -- mine'])
  })
})
