import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BuilderInfo, EngineInfo } from '../../../src/buildkit/engine/info.ts'
import {
  type BuilderNeeds,
  type BuilderRequest,
  lackOf,
  openBuilder,
} from '../../../src/buildkit/engine/builder.ts'
import { sentenceOf } from '../../../src/errors.ts'
import { runProcess } from '../../../src/system/process.ts'
import { makeEngine } from '../../support/buildkit.ts'

/** As buildx 0.13.1 prints it */
const inspected = `Name:          default
Driver:        docker

Nodes:
Name:             default
Endpoint:         default
Platforms:        linux/amd64*, linux/amd64/v2, linux/arm64
`
const withoutEngine = `Name:          default
Driver:        
Error:         Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
`

const needs: BuilderNeeds = { push: true, attestations: true, platforms: ['linux/amd64'] }
const builder = (more: Partial<BuilderInfo> = {}): BuilderInfo => ({
  name: 'default',
  driver: 'docker',
  error: undefined,
  platforms: ['linux/amd64', 'linux/amd64/v2'],
  endpoints: ['default'],
  versions: [],
  ...more,
})
const containerd = makeEngine({ containerdStore: true })
const classic = makeEngine()
/** @returns `uses it`, `creates one: …` or `fails: …` */
function choice(...given: Parameters<typeof lackOf>): string {
  try {
    const lack = lackOf(...given)
    return lack === undefined ? 'uses it' : `creates one: ${lack}`
  } catch (error) {
    return `fails: ${sentenceOf(error)}`
  }
}

describe('the choice of a builder', () => {
  it.each<[string, string | undefined, BuilderInfo, EngineInfo | undefined, BuilderNeeds, string]>([
    ['the current one, with the containerd store', undefined, builder(), containerd, needs, 'uses it'],
    [
      'a new one, where the engine cannot attest',
      undefined,
      builder(),
      classic,
      needs,
      'creates one: the current builder "default" can\'t attach provenance',
    ],
    [
      'a new one, where the engine cannot push OCI types',
      undefined,
      builder(),
      classic,
      { ...needs, attestations: false },
      'creates one: the current builder "default" can\'t push images with OCI media types',
    ],
    [
      'the current one, where nothing is pushed or attested',
      undefined,
      builder(),
      classic,
      { ...needs, push: false, attestations: false },
      'uses it',
    ],
    [
      'a current one that is a container',
      undefined,
      builder({ name: 'c', driver: 'docker-container', platforms: [] }),
      classic,
      needs,
      'uses it',
    ],
    [
      'a remote one, without an engine here',
      'far',
      builder({ name: 'far', driver: 'remote' }),
      undefined,
      needs,
      'uses it',
    ],
    [
      'an error that says what to do, where a platform is missing',
      undefined,
      builder(),
      containerd,
      { ...needs, platforms: ['linux/amd64', 'linux/arm64'] },
      'fails: the current builder "default" does not build for linux/arm64, only for linux/amd64, linux/amd64/v2: build that leg on a runner of its own',
    ],
    [
      'the current one, where QEMU adds the platform',
      undefined,
      builder({ platforms: ['linux/amd64', 'linux/arm64'] }),
      containerd,
      { ...needs, platforms: ['linux/amd64', 'linux/arm64'] },
      'uses it',
    ],
    [
      'the current one for a variant',
      undefined,
      builder({ platforms: ['linux/arm64'] }),
      containerd,
      { ...needs, platforms: ['linux/arm64/v8'] },
      'uses it',
    ],
    [
      'an error, where the named one lacks something',
      'mine',
      builder({ name: 'mine' }),
      classic,
      needs,
      'fails: builder "mine" can\'t attach provenance: it has the docker driver',
    ],
    [
      'an error, where the named one is broken',
      'mine',
      builder({ error: 'no route to host.' }),
      containerd,
      needs,
      'fails: builder "mine" can\'t be used: no route to host; name another',
    ],
    [
      'an error, where no engine answers',
      undefined,
      builder({ driver: '', error: 'Cannot connect' }),
      undefined,
      needs,
      'fails: No Docker engine answers on this runner',
    ],
    [
      'a new one, where the current one is broken',
      undefined,
      builder({ name: 'far', driver: 'remote', error: 'no route' }),
      containerd,
      needs,
      'creates one: the current builder "far" can\'t be used: no route',
    ],
  ])('is %s', (_, named, info, engine, needed, expected) => {
    expect(choice(named, info, engine, needed)).toContain(expected)
  })
})

describe('opening a builder', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-action-builder-'))
    await answer('buildx version', 'github.com/docker/buildx v0.13.1 1')
    await answer('buildx inspect', inspected)
    await answer('info', '{"ServerVersion":"26","DriverStatus":[]}')
    await writeFile(join(directory, 'docker'), script)
    await chmod(join(directory, 'docker'), 0o755)
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Answers with a file named after its first words, and records each call. */
  const script = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
printf '%s\\n' "$*" >> asked
[ "$1" = buildx ] && name="$1 $2" || name="$1"
[ -f "$name.err" ] && { cat "$name.err" >&2; exit 1; }
[ -f "$name" ] && cat "$name"
exit 0
`
  const answer = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text)
  const docker = async (args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const settings = { environment: process.env, signal: new AbortController().signal, killAfter: 100 }
    const { exit, stdout, stderr } = await runProcess(join(directory, 'docker'), args, settings)
    return { code: exit.kind === 'code' ? exit.code : 1, stdout, stderr }
  }
  const asked = async (): Promise<string[]> =>
    (await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n')
  const request = (more: Partial<BuilderRequest> = {}): BuilderRequest => ({
    named: undefined,
    needs: { push: true, attestations: true, platforms: ['linux/amd64'] },
    buildkitImage: undefined,
    network: 'default',
    certificates: undefined,
    newName: 'image-action-1',
    writeFile: async (name, content) => {
      await answer(name, content)
      return join(directory, name)
    },
    log: () => undefined,
    ...more,
  })

  it('creates one where the current one lacks something, and removes it', async () => {
    const opened = await openBuilder(docker, request())
    const engine = { context: 'default', containerdStore: false }
    expect(opened).toMatchObject({ name: 'image-action-1', created: true, endpoints: ['default'], engine })
    await opened.remove()
    expect((await asked()).slice(3)).toEqual([
      'buildx create --name image-action-1 --driver docker-container --bootstrap',
      'buildx rm --force -- image-action-1',
    ])
  })

  it.each([
    [undefined, []],
    ['mirror:5000/moby/buildkit:v0.13.2', ['v0.13.2']],
  ])('knows the version of BuildKit in a created one by its image %s', async (buildkitImage, versions) => {
    expect(await openBuilder(docker, request({ buildkitImage }))).toMatchObject({ created: true, versions })
  })

  it('creates one with the requested mirror, network and certificates', async () => {
    const certificates = { file: '/ca.pem', registries: ['docker.io', '127.0.0.1:5000'] }
    await openBuilder(docker, request({ buildkitImage: 'mirror/buildkit:1', network: 'host', certificates }))
    expect((await asked()).at(-1)).toBe(
      `buildx create --name image-action-1 --driver docker-container --bootstrap --driver-opt image=mirror/buildkit:1 --driver-opt network=host --buildkitd-flags --allow-insecure-entitlement=network.host --config ${join(directory, 'buildkitd.toml')}`,
    )
    expect(await readFile(join(directory, 'buildkitd.toml'), 'utf8')).toBe(
      '[registry."docker.io"]\n  ca = ["/ca.pem"]\n[registry."127.0.0.1:5000"]\n  ca = ["/ca.pem"]\n',
    )
  })

  it.each([
    ['0.29.1+ds1', 'uses the current one', 2],
    ['v0.13.0', 'uses the current one', 2],
    ['v0.12.1', 'buildx 0.12.1 is too old; update docker-buildx to 0.13 or later.', 1],
    ['', 'uses the current one', 3],
    [undefined, 'uses the current one', 3],
  ])('with buildx %s according to docker: %s', async (version, expected, calls) => {
    const plugin = {
      Name: 'buildx',
      Version: version,
      ...(version === undefined && { Err: 'it is broken' }),
    }
    const driver = ['driver-type', 'io.containerd.snapshotter.v1']
    const Plugins = [{ Name: 'compose', Version: 'v2.0.0' }, plugin]
    await answer(
      'info',
      JSON.stringify({ ServerVersion: '26', DriverStatus: [driver], ClientInfo: { Plugins } }),
    )
    const opened = await openBuilder(docker, request()).then(
      () => 'uses the current one',
      (error: unknown) => (error as Error).message,
    )
    expect(opened).toBe(expected)
    expect(await asked()).toHaveLength(calls)
  })

  it('uses the current one where it can, and does not remove it', async () => {
    await answer(
      'info',
      '{"ServerVersion":"26","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}',
    )
    const opened = await openBuilder(docker, request())
    expect(opened).toMatchObject({ name: 'default', created: false })
    await opened.remove()
    expect(await asked()).toHaveLength(3)
  })

  it.each<[string, string, string, string | undefined, string]>([
    [
      'buildx is missing',
      'buildx version.err',
      "docker: 'buildx' is not a docker command.",
      undefined,
      'docker has no buildx plugin; install docker-buildx 0.13 or later.',
    ],
    [
      'buildx is too old',
      'buildx version',
      'github.com/docker/buildx v0.12.1 3',
      undefined,
      'buildx 0.12.1 is too old; update docker-buildx to 0.13 or later.',
    ],
    [
      'there is no such builder',
      'buildx inspect.err',
      'ERROR: no builder "nope" found',
      'nope',
      'Builder "nope" can\'t be used: no builder "nope" found; "docker buildx ls" lists the builders that exist.',
    ],
    [
      'none can be created',
      'buildx create.err',
      'ERROR: failed to pull moby/buildkit:buildx-stable-1',
      undefined,
      'A builder could not be created: failed to pull moby/buildkit:buildx-stable-1; give a mirror',
    ],
  ])('fails with one sentence if %s', async (_, file, text, named, message) => {
    await answer(file, text)
    await expect(openBuilder(docker, request({ named }))).rejects.toThrow(message)
    if (file.startsWith('buildx create'))
      expect((await asked()).at(-1)).toBe('buildx rm --force -- image-action-1')
  })

  it('fails with one sentence if no engine answers', async () => {
    await answer('buildx inspect', withoutEngine)
    await answer('info.err', 'Cannot connect')
    await expect(openBuilder(docker, request())).rejects.toThrow(
      'No Docker engine answers on this runner; start one, or name a remote builder in "builder".',
    )
  })
})
