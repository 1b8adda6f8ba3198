import { describe, expect, it } from '@jest/globals'
import { createCredentialLookup, type RunCredentialHelper } from '../../../src/registry/auth/credentials.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const password = (username: string, password: string) => ({ kind: 'password', username, password })

const noHelper: RunCredentialHelper = (name) => Promise.reject(new Error(`${name} must not run`))

function helper(answers: Record<string, { exitCode?: number; stdout: string }>) {
  const asked: string[] = []
  const runHelper: RunCredentialHelper = (name, server) => {
    asked.push(`${name} ${server}`)
    const answer = answers[name]
    return answer ? Promise.resolve({ exitCode: 0, ...answer }) : Promise.reject(new Error('spawn ENOENT'))
  }
  return { asked, runHelper }
}

describe('explicit credentials', () => {
  const lookup = createCredentialLookup({
    explicit: new Map([
      ['ghcr.io', { username: 'me', password: 'secret', inputs: 'mirror-credentials' }],
      ['docker.io', { username: 'hub', password: 'hubs', inputs: 'username and password' }],
    ]),
    dockerConfig: {
      auths: { 'ghcr.io': { auth: base64('file:other') }, 'quay.io': { auth: base64('q:r') } },
    },
    runHelper: noHelper,
  })
  it.each([
    ['ghcr.io', { ...password('me', 'secret'), inputs: 'mirror-credentials' }],
    // Another name of the same registry
    ['ghcr.io:443', { ...password('me', 'secret'), inputs: 'mirror-credentials' }],
    ['docker.io', { ...password('hub', 'hubs'), inputs: 'username and password' }],
    ['quay.io', password('q', 'r')],
    ['ghcr.io:444', undefined],
    ['evil.ghcr.io', undefined],
  ])('for %s are %j', async (registry, expected) => {
    expect(await lookup(registry)).toEqual(expected)
  })
})

describe("Docker's config.json", () => {
  it.each([
    [
      { 'https://index.docker.io/v1/': { auth: base64('u:p:with:colons') } },
      'docker.io',
      password('u', 'p:with:colons'),
    ],
    [{ 'index.docker.io': { auth: base64('u:p') } }, 'docker.io', password('u', 'p')],
    [{ 'https://GHCR.io/v2/': { auth: base64('u:p\0\0') } }, 'ghcr.io', password('u', 'p')],
    [{ '127.0.0.1:5000': { username: 'u', password: 'p' } }, '127.0.0.1:5000', password('u', 'p')],
    [
      { 'ghcr.io': { auth: base64('0000:'), identitytoken: 'idt' } },
      'ghcr.io',
      { kind: 'identity-token', token: 'idt' },
    ],
    [
      { 'ghcr.io': { auth: base64('u:p'), identitytoken: 'idt' } },
      'ghcr.io',
      { kind: 'identity-token', token: 'idt', basic: { username: 'u', password: 'p' } },
    ],
    [
      { 'ghcr.io': { auth: base64('u:p'), registrytoken: 'rt' } },
      'ghcr.io',
      { kind: 'registry-token', token: 'rt' },
    ],
    [{ 'ghcr.io': { auth: '', identitytoken: '', registrytoken: '' } }, 'ghcr.io', undefined],
    [
      { 'ghcr.io': { auth: null, identitytoken: null, username: 'u', password: 'p' } },
      'ghcr.io',
      password('u', 'p'),
    ],
    [{ 'https://ghcr.io/org/team': { auth: base64('u:p') } }, 'ghcr.io', password('u', 'p')],
    [
      { 'ghcr.io/org': { auth: base64('u:other') }, 'ghcr.io': { auth: base64('u:p') } },
      'ghcr.io',
      password('u', 'p'),
    ],
    [{ 'ghcr.io': {} }, 'ghcr.io', undefined],
    [{ 'ghcr.io': null }, 'ghcr.io', undefined],
    [{ 'https://ghcr.io.evil.example': { auth: base64('u:p') } }, 'ghcr.io', undefined],
    [{ toString: { auth: base64('u:p') } }, 'ghcr.io', undefined],
    [null, 'ghcr.io', undefined],
  ])('with auths %j has for %s: %j', async (auths, registry, expected) => {
    expect(await createCredentialLookup({ dockerConfig: { auths }, runHelper: noHelper })(registry)).toEqual(
      expected,
    )
  })

  it('may be missing or have other settings', async () => {
    expect(await createCredentialLookup({ runHelper: noHelper })('ghcr.io')).toBeUndefined()
    const dockerConfig = { HttpHeaders: {}, plugins: { x: {} }, auths: {} }
    expect(await createCredentialLookup({ dockerConfig, runHelper: noHelper })('ghcr.io')).toBeUndefined()
  })

  it.each([['text'], [{ auths: 'x' }], [{ credHelpers: { 'ghcr.io': 3 } }]])('refuses %j', (dockerConfig) => {
    expect(() => createCredentialLookup({ dockerConfig, runHelper: noHelper })).toThrow(
      /config\.json is not valid/,
    )
  })

  it('names the registry of unreadable credentials, not their content', async () => {
    const dockerConfig = { auths: { 'ghcr.io': { auth: base64('canary without colon') } } }
    const error: unknown = await createCredentialLookup({ dockerConfig, runHelper: noHelper })(
      'ghcr.io',
    ).catch((error: unknown) => error)
    expect(String(error)).toContain('ghcr.io')
    expect(String(error)).not.toMatch(/canary|Y2FuYXJ5/)
  })
})

describe('DOCKER_AUTH_CONFIG', () => {
  const dockerConfig = { auths: { 'quay.io': { auth: base64('file:f') } }, credHelpers: { 'ghcr.io': 'gh' } }
  const lookup = (environmentConfig: unknown, registry: string) =>
    createCredentialLookup({
      ...{ dockerConfig, environmentConfig },
      explicit: new Map([
        ['own.example', { username: 'me', password: 'secret', inputs: 'username and password' }],
      ]),
      runHelper: helper({ gh: { stdout: '{"Username":"h","Secret":"s"}' } }).runHelper,
    })(registry)
  const auths = {
    'ghcr.io': { auth: base64('e:1') },
    'https://index.docker.io/v1/': { identitytoken: 'idt' },
    'own.example': { auth: base64('e:2') },
  }

  it.each([
    ['goes before a helper', 'ghcr.io', password('e', '1')],
    ['knows Docker Hub', 'docker.io', { kind: 'identity-token', token: 'idt' }],
    [
      'goes behind the inputs',
      'own.example',
      { ...password('me', 'secret'), inputs: 'username and password' },
    ],
    ['leaves the others to the file', 'quay.io', password('file', 'f')],
  ])('%s', async (_, registry, expected) => {
    expect(await lookup({ auths }, registry)).toEqual(expected)
  })

  it.each([
    [undefined],
    ['text'],
    [{ auths: 'x' }],
    [{ auths: null }],
    [{ auths: { 'ghcr.io': { auth: base64('no colon') } } }],
  ])('%j is ignored, as by docker', async (environmentConfig) => {
    expect(await lookup(environmentConfig, 'ghcr.io')).toEqual(password('h', 's'))
  })
})

describe('credential helpers', () => {
  it('are called with the host, or the old name of Docker Hub; a specific helper wins over the store', async () => {
    const { asked, runHelper } = helper({
      gcloud: { stdout: '{"ServerURL":"x","Username":"g","Secret":"s"}' },
      desktop: { stdout: '{"ServerURL":"x","Username":"d","Secret":"t"}' },
    })
    const lookup = createCredentialLookup({
      dockerConfig: { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'desktop' },
      runHelper,
    })
    expect(await lookup('gcr.io')).toEqual(password('g', 's'))
    expect(await lookup('docker.io')).toEqual(password('d', 't'))
    expect(asked).toEqual(['gcloud gcr.io', 'desktop https://index.docker.io/v1/'])
  })

  it('without an entry leave the lookup to the file', async () => {
    const { runHelper } = helper({
      store: { exitCode: 1, stdout: 'credentials not found in native keychain\n' },
    })
    const dockerConfig = { credsStore: 'store', auths: { 'ghcr.io': { auth: base64('u:p') } } }
    const lookup = createCredentialLookup({ dockerConfig, runHelper })
    expect(await lookup('ghcr.io')).toEqual(password('u', 'p'))
    expect(await lookup('quay.io')).toBeUndefined()
  })

  it('may return an identity token', async () => {
    const { runHelper } = helper({ acr: { stdout: '{"Username":"<token>","Secret":"idt"}' } })
    const lookup = createCredentialLookup({ dockerConfig: { credsStore: 'acr' }, runHelper })
    expect(await lookup('x.azurecr.io')).toEqual({ kind: 'identity-token', token: 'idt' })
  })

  it.each([
    ['absent', {}, /docker-credential-broken.*cannot be run for ghcr\.io/],
    [
      'failing',
      { broken: { exitCode: 1, stdout: 'canary' } },
      /returned no credentials for ghcr\.io \(exit code 1\)/,
    ],
    ['talking nonsense', { broken: { stdout: 'canary' } }, /returned no credentials for ghcr\.io/],
  ])('that are %s are named in the error', async (_, answers, expected) => {
    const lookup = createCredentialLookup({
      dockerConfig: { credsStore: 'broken' },
      runHelper: helper(answers).runHelper,
    })
    const error: unknown = await lookup('ghcr.io').catch((error: unknown) => error)
    expect(String(error)).toMatch(expected)
    expect(String(error)).not.toContain('canary')
  })

  it('are not run if their name is a path', async () => {
    const lookup = createCredentialLookup({ dockerConfig: { credsStore: '../x' }, runHelper: noHelper })
    await expect(lookup('ghcr.io')).rejects.toThrow('has an invalid name')
  })
})
