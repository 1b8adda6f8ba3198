import { describe, expect, it } from '@jest/globals'
import {
  builderPlace,
  type BuilderPlace,
  cacheSize,
  enginePaths,
  type EnginePaths,
} from '../../../src/buildkit/engine/engine-disk.ts'

const inspected = (driver: string, ...endpoints: string[]): string =>
  [
    'Name:          default',
    `Driver:        ${driver}`,
    '',
    'Nodes:',
    ...endpoints.flatMap((endpoint) => ['Name:             one', `Endpoint:         ${endpoint}`]),
  ].join('\n')

describe('where a builder keeps what it pulls', () => {
  it.each<[string, string, BuilderPlace]>([
    ['docker', inspected('docker', 'default'), { kind: 'engine', driver: 'docker', endpoint: 'default' }],
    [
      'a container',
      inspected('docker-container', 'unix:///var/run/docker.sock'),
      { kind: 'engine', driver: 'docker-container', endpoint: 'unix:///var/run/docker.sock' },
    ],
    [
      'several nodes of one engine',
      inspected('docker-container', 'default', 'default'),
      { kind: 'engine', driver: 'docker-container', endpoint: 'default' },
    ],
    [
      'nodes of several engines',
      inspected('docker-container', 'default', 'ssh://there'),
      { kind: 'elsewhere', why: 'the builder has nodes on several engines' },
    ],
    ...['remote', 'kubernetes', 'cloud'].map((driver): [string, string, BuilderPlace] => [
      driver,
      inspected(driver, 'tcp://10.0.0.1:1234'),
      {
        kind: 'elsewhere',
        why: `the builder has the driver "${driver}", and its disk is not on this machine`,
      },
    ]),
    [
      'one that names no endpoint',
      inspected('docker'),
      { kind: 'elsewhere', why: 'buildx does not say where the builder runs' },
    ],
    [
      'nothing',
      '',
      { kind: 'elsewhere', why: 'the builder has the driver "", and its disk is not on this machine' },
    ],
  ])('%s', (_, text, expected) => {
    expect(builderPlace(text)).toEqual(expected)
  })
})

describe('which folders of this machine that may be', () => {
  const info = (more: Record<string, unknown> = {}): string =>
    JSON.stringify({ Name: 'fv-az1', DockerRootDir: '/var/lib/docker', DriverStatus: [], ...more })
  const containerd = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }
  const socket = 'unix:///var/run/docker.sock'
  const elsewhere = (why: string): EnginePaths => ({ kind: 'elsewhere', why })

  it.each<[string, 'docker' | 'docker-container', string, string, EnginePaths]>([
    [
      'the engine with its older store, which removes what it has unpacked',
      'docker',
      socket,
      info({ DriverStatus: [['Backing Filesystem', 'extfs']] }),
      { kind: 'here', paths: ['/var/lib/docker'], keepsBlobs: false },
    ],
    [
      'the containerd store, below the engine or beside it',
      'docker',
      socket,
      info(containerd),
      { kind: 'here', paths: ['/var/lib/docker', '/var/lib/containerd'], keepsBlobs: true },
    ],
    [
      'BuildKit in a container: a volume of the engine',
      'docker-container',
      socket,
      info(),
      { kind: 'here', paths: ['/var/lib/docker'], keepsBlobs: true },
    ],
    ['an engine over ssh', 'docker', 'ssh://me@builder', '', elsewhere('the engine is at ssh://builder')],
    [
      'an engine over tcp',
      'docker',
      'tcp://10.0.0.1:2376',
      info(),
      elsewhere('the engine is at tcp://10.0.0.1:2376'),
    ],
    [
      'Docker Desktop',
      'docker',
      socket,
      info({ OperatingSystem: 'Docker Desktop' }),
      elsewhere('Docker Desktop has a disk of its own'),
    ],
    [
      'the socket of a host, in a container of a job',
      'docker',
      socket,
      info({ Name: 'host' }),
      elsewhere('the engine is of "host", and this is "fv-az1"'),
    ],
    [
      'an engine that does not answer',
      'docker',
      socket,
      '',
      elsewhere('the engine does not say where its files are'),
    ],
    [
      'Windows',
      'docker',
      socket,
      info({ DockerRootDir: 'C:\\ProgramData\\docker' }),
      elsewhere('the engine does not say where its files are'),
    ],
    [
      'no status at all',
      'docker',
      socket,
      info({ DriverStatus: null }),
      { kind: 'here', paths: ['/var/lib/docker'], keepsBlobs: false },
    ],
  ])('%s', (_, driver, host, text, expected) => {
    expect(enginePaths({ driver }, host, text, 'fv-az1')).toEqual(expected)
  })
})

describe('what BuildKit has already', () => {
  it.each<[string, number | undefined]>([
    ['Shared:\t\t5.023GB\nPrivate:\t300.3MB\nReclaimable:\t4.423GB\nTotal:\t\t5.324GB\n', 5.324e9],
    ['Reclaimable:\t0B\nTotal:\t\t0B\n', 0],
    ['Total:\t\t8.192kB\n', 8192],
    ['ERROR: no builder', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(cacheSize(text)).toBe(expected)
  })
})
