import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import {
  configurationWith,
  dockerConfigFolder,
  dockerEnvironment,
} from '../../../src/buildkit/engine/docker-config.ts'

const login = { registry: 'ghcr.io', username: 'user', password: 'p:ä"ss' }
const auth = Buffer.from('user:p:ä"ss').toString('base64')

const configured = (users: object | undefined, registry = 'ghcr.io', environment?: string): unknown =>
  JSON.parse(
    configurationWith({ ...login, registry }, users && JSON.stringify(users), environment, 'config.json'),
  )

describe('a docker configuration with our login', () => {
  it.each<[string, object | undefined, string, string | undefined, object]>([
    [
      'if there was none',
      undefined,
      'ghcr.io',
      undefined,
      { auths: { 'ghcr.io': { auth } }, credHelpers: { 'ghcr.io': '' } },
    ],
    [
      'for Docker Hub, under its own key',
      {},
      'docker.io',
      undefined,
      {
        auths: { 'https://index.docker.io/v1/': { auth } },
        credHelpers: { 'https://index.docker.io/v1/': '' },
      },
    ],
    [
      'keeps everything else',
      {
        auths: { 'quay.io': { auth: 'x' } },
        currentContext: 'remote',
        proxies: { default: {} },
        aliases: { builder: 'buildx' },
      },
      'ghcr.io',
      undefined,
      {
        auths: { 'quay.io': { auth: 'x' }, 'ghcr.io': { auth } },
        credHelpers: { 'ghcr.io': '' },
        currentContext: 'remote',
        proxies: { default: {} },
        aliases: { builder: 'buildx' },
      },
    ],
    [
      "wins over the user's helpers, for our registry only",
      { credsStore: 'desktop', credHelpers: { 'ghcr.io': 'gh', 'gcr.io': 'gcloud' } },
      'ghcr.io',
      undefined,
      {
        credsStore: 'desktop',
        auths: { 'ghcr.io': { auth } },
        credHelpers: { 'ghcr.io': '', 'gcr.io': 'gcloud' },
      },
    ],
    [
      "replaces the user's own login",
      { auths: { 'ghcr.io': { auth: 'old', identitytoken: 'old' } } },
      'ghcr.io',
      undefined,
      { auths: { 'ghcr.io': { auth } }, credHelpers: { 'ghcr.io': '' } },
    ],
    [
      'includes the logins of the environment, and wins over them',
      { credsStore: 'desktop' },
      'ghcr.io',
      JSON.stringify({ auths: { 'ghcr.io': { auth: 'old' }, 'quay.io': { auth: 'q' } } }),
      {
        credsStore: 'desktop',
        auths: { 'ghcr.io': { auth }, 'quay.io': { auth: 'q' } },
        credHelpers: { 'ghcr.io': '', 'quay.io': '' },
      },
    ],
    [
      'includes the tokens of the environment',
      {},
      'ghcr.io',
      JSON.stringify({ auths: { 'quay.io': { identitytoken: 'i' }, 'x.example': { registrytoken: 'r' } } }),
      {
        auths: {
          'ghcr.io': { auth },
          'quay.io': { identitytoken: 'i' },
          'x.example': { registrytoken: 'r' },
        },
        credHelpers: { 'ghcr.io': '', 'quay.io': '', 'x.example': '' },
      },
    ],
    [
      'ignores an environment that docker would ignore',
      {},
      'ghcr.io',
      'nonsense',
      { auths: { 'ghcr.io': { auth } }, credHelpers: { 'ghcr.io': '' } },
    ],
  ])('%s', (_, users, registry, environment, expected) => {
    expect(configured(users, registry, environment)).toEqual(expected)
  })

  it.each(['[]', '{', '{"auths": 5}'])(
    'is refused for the invalid file %j, without showing its content',
    (text) => {
      expect(() => configurationWith(login, text, undefined, '/home/x/config.json')).toThrow(
        '/home/x/config.json is not a JSON object; repair or remove it.',
      )
    },
  )
})

it.each(['', ' \n'])('an empty docker configuration (%j) is valid', (text) => {
  expect(JSON.parse(configurationWith(login, text, '', 'config.json'))).toEqual(configured(undefined))
})

it.each<[NodeJS.ProcessEnv, string]>([
  [{ DOCKER_CONFIG: '/d', HOME: '/h' }, '/d'],
  [{ DOCKER_CONFIG: '', HOME: '/h' }, '/h/.docker'],
  [{ HOME: '' }, join(userInfo().homedir, '.docker')],
  [{}, join(userInfo().homedir, '.docker')],
])('with %j the folder of docker is %s', (environment, folder) => {
  expect(dockerConfigFolder(environment)).toBe(folder)
})

describe('a docker configuration with the proxies of the inputs', () => {
  const proxies = { HTTP_PROXY: 'http://me:p@proxy', no_proxy: '.example' }
  const own = { httpProxy: 'http://me:p@proxy', noProxy: '.example' }

  it.each<[string, object, object]>([
    ['without other proxies', {}, { proxies: { default: own } }],
    [
      "wins over the user's, for every engine, and keeps the rest",
      {
        credsStore: 'x',
        proxies: { default: { httpProxy: 'http://old', ftpProxy: 'f' }, 'tcp://engine': { allProxy: 'a' } },
      },
      {
        credsStore: 'x',
        proxies: { default: { ...own, ftpProxy: 'f' }, 'tcp://engine': { ...own, allProxy: 'a' } },
      },
    ],
  ])('%s', (_, users, expected) => {
    const text = configurationWith(undefined, JSON.stringify(users), undefined, 'config.json', proxies)
    expect(JSON.parse(text)).toMatchObject(expected)
  })
})

describe('the temporary folder', () => {
  let home: string
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'image-action-login-'))
  })
  afterEach(() => rm(home, { recursive: true, force: true }))

  it('is private, and links the other files', async () => {
    await mkdir(join(home, '.docker', 'cli-plugins'), { recursive: true })
    await mkdir(join(home, '.docker', 'contexts'))
    await writeFile(join(home, '.docker', 'contexts', 'meta'), 'kept')
    await writeFile(join(home, '.docker', 'config.json'), '{"currentContext":"x"}')
    const users = { HOME: home, DOCKER_AUTH_CONFIG: '{"auths":{}}', PATH: '/bin' }
    const environment = await dockerEnvironment(login, users, home)
    const directory = environment.DOCKER_CONFIG ?? ''
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, 'config.json'))).mode & 0o777).toBe(0o600)
    expect((await readdir(directory)).sort()).toEqual(['cli-plugins', 'config.json', 'contexts'])
    expect(await readlink(join(directory, 'contexts'))).toBe(join(home, '.docker', 'contexts'))
    expect(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))).toMatchObject({
      currentContext: 'x',
    })
    expect(environment).toEqual({
      HOME: home,
      PATH: '/bin',
      DOCKER_CONFIG: directory,
      BUILDX_CONFIG: join(home, '.docker', 'buildx'),
    })
    expect(await readFile(join(home, '.docker', 'config.json'), 'utf8')).toBe('{"currentContext":"x"}')
  })

  it('keeps a BUILDX_CONFIG and reads the files of a DOCKER_CONFIG', async () => {
    await writeFile(join(home, 'config.json'), '{"credsStore":"x"}')
    const users = { DOCKER_CONFIG: home, BUILDX_CONFIG: '/b' }
    const { BUILDX_CONFIG, DOCKER_CONFIG = '' } = await dockerEnvironment(login, users, home)
    expect(BUILDX_CONFIG).toBe('/b')
    expect(await readFile(join(DOCKER_CONFIG, 'config.json'), 'utf8')).toContain('"credsStore":"x"')
  })

  it('is created for proxies alone, and keeps the credentials of the environment', async () => {
    const environment = { HOME: home, DOCKER_AUTH_CONFIG: '{"auths":{}}' }
    const changed = await dockerEnvironment(undefined, environment, home, { ALL_PROXY: 'http://proxy' })
    expect(changed).toMatchObject(environment)
    expect(await readFile(join(changed.DOCKER_CONFIG ?? '', 'config.json'), 'utf8')).toContain('"allProxy"')
  })

  it('is not created without a login', async () => {
    const environment = { HOME: home }
    expect(await dockerEnvironment(undefined, environment, home)).toBe(environment)
    expect(await readdir(home)).toEqual([])
  })
})
