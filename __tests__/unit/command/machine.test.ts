import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCertificates, writeSecretFiles } from '../../../src/command/world/tools.ts'
import {
  environmentForPrograms,
  isPassedOn,
  programVariables,
  withheldFrom,
} from '../../../src/system/program-variables.ts'
import { createWorkspace } from '../../../src/system/workspace.ts'
import { inputsOf } from '../../support/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'machine-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** @param names with spaces between them */
const valuesOf = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, 'x']))

describe('the environment of programs', () => {
  it.each([
    'INPUT_PASSWORD',
    'INPUT_GITHUB-TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'STATE_private-folder',
  ])('lacks %s', (name) => {
    const environment = environmentForPrograms({ [name]: 'canary', PATH: '/bin' })
    expect(environment).toEqual({ PATH: '/bin', LC_ALL: 'C.UTF-8' })
  })

  it.each([
    ['changes an image', 'SOURCE_DATE_EPOCH BUILDX_GIT_LABELS EXPERIMENTAL_BUILDKIT_SOURCE_POLICY'],
    ['changes the output of buildx', 'BUILDKIT_PROGRESS BUILDKIT_COLORS BUILDX_METADATA_PROVENANCE DEBUG'],
    ['a later buildx may read', 'BUILDX_DEFAULT_POLICY BUILDX_NO_DEFAULT_OCI_ARTIFACT BUILDX_UNKNOWN'],
    ['changes what docker builds', 'DOCKER_DEFAULT_PLATFORM DOCKER_BUILDKIT DOCKER_CONTENT_TRUST_SERVER'],
    ['hides versions from pip', 'PIP_CONSTRAINT PIP_PLATFORM PIP_ONLY_BINARY PIP_QUIET PIP_UNKNOWN'],
    ['changes Python', 'PYTHONPATH PYTHONSTARTUP PYTHONINSPECT PYTHONWARNINGS'],
    ['redirects git', 'GIT_DIR GIT_WORK_TREE GIT_OBJECT_DIRECTORY GIT_NAMESPACE GIT_TRACE_CURL'],
    ['translates messages', 'LANG LANGUAGE LC_MESSAGES LC_ALL'],
  ])('lacks what %s', (_, names) => {
    const environment = environmentForPrograms(valuesOf(names))
    expect(environment).toEqual({ LC_ALL: 'C.UTF-8' })
  })

  it.each([
    ['is unrelated', 'PATH HOME https_proxy ACTIONS_RESULTS_URL MY_INPUT_ MY_STATE_'],
    ['only begins like a withheld one', 'GITHUB_TOKEN GITLAB_URL DOCKERHUB_USER PIPX_HOME SOURCE_DATE'],
    ['locates the engine', 'DOCKER_HOST DOCKER_CONTEXT DOCKER_CERT_PATH DOCKER_TLS_VERIFY'],
    ['logs docker in', 'DOCKER_CONFIG DOCKER_AUTH_CONFIG DOCKER_ghcr_io_PSW'],
    ['selects the builder', 'BUILDX_BUILDER BUILDX_CONFIG BUILDKIT_HOST'],
    ['switches provenance off', 'BUILDX_NO_DEFAULT_ATTESTATIONS'],
    ["locates pip's index", 'PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE PIP_PROXY PIP_CERT'],
    ['locates Python', 'PYTHONHOME PYTHONUSERBASE PYTHON_KEYRING_BACKEND'],
    ['connects git', 'GIT_SSH_COMMAND GIT_ASKPASS GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_SSL_CAINFO'],
  ])('has what %s', (_, names) => {
    const given = valuesOf(names)
    expect(environmentForPrograms(given)).toEqual({ ...given, LC_ALL: 'C.UTF-8' })
  })

  it('lacks what the log names, besides the language of the system', () => {
    const given = { PIP_CONSTRAINT: 'c.txt', LANG: 'de_DE', SOURCE_DATE_EPOCH: '0', PATH: '/bin' }
    expect(withheldFrom(given)).toEqual(['PIP_CONSTRAINT', 'SOURCE_DATE_EPOCH'])
  })
})

it.each(programVariables)(
  '$names: has a reason, and no earlier row with the same names',
  ({ names, passedOn, reason }) => {
    expect(reason).not.toBe('')
    for (const name of names.split(' '))
      expect(isPassedOn(name.replace('*', 'NEVER_HEARD_OF'))).toBe(passedOn)
  },
)

describe('the files of the build secrets', () => {
  const files = (given: Record<string, string>) =>
    writeSecretFiles(inputsOf(given), createWorkspace(mkdtempSync(join(folder, 'temp-'))))

  it('do not exist without secrets', () => {
    expect(files({})).toEqual(new Map())
  })

  it('are one per secret and one for the package index, readable by this user alone', () => {
    const index = 'https://me:canary@index.example/simple'
    const written = files({
      secrets: 'git-credentials=https://robot:s3cr3t-x@git.example\nother<<END\nx y z\nEND',
      'package-index': index,
    })
    const contents = [...written].map(([id, path]) => [id, readFileSync(path, 'utf8')])
    expect(Object.fromEntries(contents)).toEqual({
      'git-credentials': 'https://robot:s3cr3t-x@git.example',
      other: 'x y z',
      'package-index': index,
    })
    for (const path of written.values()) expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})

describe('the folder of certificates for builds', () => {
  const certificate = (name: string): string =>
    `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`
  const folderFor = (content: string) => {
    const path = join(mkdtempSync(join(folder, 'given-')), 'company.pem')
    writeFileSync(path, content)
    const workspace = createWorkspace(mkdtempSync(join(folder, 'temp-')))
    return writeCertificates(inputsOf({ 'ca-certificates': path }), workspace) ?? ''
  }

  it('does not exist without the input', () => {
    const workspace = createWorkspace(mkdtempSync(join(folder, 'temp-')))
    expect(writeCertificates(inputsOf(), workspace)).toBeUndefined()
    expect(readdirSync(workspace.root).sort()).toEqual(['logs', 'private'])
  })

  it('has the certificates of the given file and nothing else, whatever this machine trusts', () => {
    const key = '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n'
    const made = folderFor(`# Ours\n${key}${certificate('one')}${certificate('two')}`)
    expect(readdirSync(made)).toEqual(['given.pem'])
    expect(readFileSync(join(made, 'given.pem'), 'utf8')).toBe(certificate('one') + certificate('two'))
  })

  it('can be read by every user, whatever the umask', () => {
    const before = process.umask(0o077)
    const made = folderFor(certificate('one'))
    process.umask(before)
    expect([made, join(made, 'given.pem')].map((path) => statSync(path).mode & 0o777)).toEqual([0o755, 0o644])
  })
})
