import { describe, expect, it } from '@jest/globals'
import { BuildCancelled, BuildError, NoBuilder } from '../../../src/buildkit/build-error.ts'
import type { Step } from '../../../src/buildkit/steps.ts'
import { ProgramFailure } from '../../../src/system/program.ts'
import { UserError } from '../../../src/errors.ts'
import { Damaged, LostUpload, NotThereYet } from '../../../src/registry/http/damage.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { networkFailure, Silence } from '../../../src/registry/http/no-answer.ts'
import { reasonOf, transience } from '../../../src/command/world/transient.ts'

const again = { after: undefined, waited: 0 }
const purpose = { registry: 'docker.io', action: 'the pull of aibrix/x' }
const refusal = (status: number, code?: string, retryAfter?: number) =>
  new RegistryRefusal(`registry docker.io refused it: ${status}`, 'advice', { status, code, retryAfter })
const network = (code: string, message = 'a message') =>
  networkFailure(purpose, 'docker.io', Object.assign(new Error(message), { code }))

type Messages = { transient: string[]; permanent: string[] }

const verdicts = ({ transient, permanent }: Messages) => [
  ...transient.map((line) => ['transient', line, again] as const),
  ...permanent.map((line) => ['permanent', line, undefined] as const),
]

describe('an error response of a registry', () => {
  it.each([
    [408, undefined, true],
    [425, undefined, true],
    [429, undefined, true],
    [429, 'TOOMANYREQUESTS', true],
    [500, 'UNKNOWN', true],
    [502, undefined, true],
    [503, 'UNAVAILABLE', true],
    [504, undefined, true],
    [507, undefined, true],
    [520, undefined, true],
    [501, undefined, false],
    [505, undefined, false],
    [400, undefined, false],
    [400, 'DIGEST_INVALID', true],
    [400, 'MANIFEST_INVALID', false],
    [400, 'NAME_INVALID', false],
    [400, 'SIZE_INVALID', false],
    [401, 'UNAUTHORIZED', false],
    [401, 'TOOMANYREQUESTS', false],
    [403, 'DENIED', false],
    [404, undefined, false],
    [404, 'MANIFEST_UNKNOWN', false],
    [404, 'MANIFEST_BLOB_UNKNOWN', false],
    [404, 'NAME_UNKNOWN', false],
    [404, 'BLOB_UPLOAD_UNKNOWN', true],
    [400, 'BLOB_UPLOAD_INVALID', true],
    [405, 'UNSUPPORTED', false],
    [413, undefined, false],
  ])('%i %s is transient: %s', (status, code, expected) => {
    expect(transience(refusal(status, code))).toEqual(expected ? again : undefined)
  })

  it.each([
    [429, 20, { after: 20_000, waited: 0 }],
    [503, 0, { after: 0, waited: 0 }],
    [403, 20, undefined],
  ])('%i with a Retry-After of %i s', (status, seconds, expected) => {
    expect(transience(refusal(status, undefined, seconds))).toEqual(expected)
  })
})

describe('a missing response', () => {
  it.each([
    ['ECONNRESET', true],
    ['ECONNREFUSED', true],
    ['EPIPE', true],
    ['ENOTFOUND', true],
    ['EAI_AGAIN', true],
    ['ETIMEDOUT', true],
    ['EHOSTUNREACH', true],
    ['ENETUNREACH', true],
    ['ERR_STREAM_PREMATURE_CLOSE', true],
    ['CERT_HAS_EXPIRED', false],
    ['SELF_SIGNED_CERT_IN_CHAIN', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', false],
    ['EPROTO', false],
    ['HPE_INVALID_CONSTANT', false],
    ['', false],
  ])('with %s is transient: %s', (code, expected) => {
    expect(transience(network(code))).toEqual(expected ? again : undefined)
  })

  it.each([
    ['statusCode=502', true],
    ['statusCode=503', true],
    ['statusCode=407', false],
    ['statusCode=403', false],
    ['cause=connect ECONNREFUSED 127.0.0.1:1', true],
  ])('because of a proxy (%s) is transient: %s', (what, expected) => {
    const error = network('ECONNRESET', `tunneling socket could not be established, ${what}`)
    expect(transience(error)).toEqual(expected ? again : undefined)
  })

  it('is transient after a time-out', () => {
    expect(transience(networkFailure(purpose, 'docker.io', new Silence('nothing', 60_000)))).toEqual({
      ...again,
      waited: 60_000,
    })
  })

  it('is not transient in a cancelled run', () => {
    expect(transience(networkFailure(purpose, 'docker.io', new Error('cancelled')))).toBeUndefined()
  })
})

it.each<[string, unknown, boolean]>([
  [
    'a builder whose image could not be pulled',
    new NoBuilder('x', ['received unexpected HTTP status: 502 Bad Gateway']),
    true,
  ],
  [
    'a builder whose image does not exist',
    new NoBuilder('x', ['docker.io/moby/buildkit:x: not found']),
    false,
  ],
  ['damaged bytes', new Damaged('x should have another digest.'), true],
  ['a lost upload', new LostUpload('The registry lost it.'), true],
  ['content that a registry does not show yet', new NotThereYet('It is not there.'), true],
  ['a cancelled build', new BuildCancelled('The build of x was cancelled.'), false],
  ['a gate that fails', new UserError('gate torch failed: connection reset by peer'), false],
  ['a bug', new TypeError('fetch failed: ECONNRESET'), false],
  ['a text', 'ECONNRESET', false],
  ['nothing', undefined, false],
])('%s', (_, error, expected) => {
  expect(transience(error)).toEqual(expected ? again : undefined)
})

/**
 * Messages without a failed step of the Dockerfile, from issues of moby/buildkit, docker/buildx,
 * docker/build-push-action and containerd.
 */
const buildkit: Messages = {
  transient: [
    'failed to solve: rpc error: code = Unknown desc = unexpected status: 502 Bad Gateway',
    'failed to push ghcr.io/a/b:c: unexpected status from PUT request to https://ghcr.io/v2/a/b/blobs/upload/1: 500 Internal Server Error',
    'failed to push ghcr.io/a/b:c: unexpected status from HEAD request to https://ghcr.io/v2/a/b/blobs/sha256:00: 503 Service Unavailable',
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://ghcr.io/v2/a/b/blobs/sha256:48: 429 Too Many Requests - Server message: toomanyrequests: retry-after: 316.890478ms',
    'docker:20.10: pulling from host registry-1.docker.io failed with status code [manifests 20.10]: 429 Too Many Requests',
    'received unexpected HTTP status: 500 Internal Server Error',
    'failed to push x: failed to do request: Head "https://ghcr.io/v2/a/b/blobs/sha256:0": net/http: TLS handshake timeout',
    'failed to copy: failed to do request: Put "https://registry-1.docker.io/v2/a/b/blobs/uploads/1": write tcp 172.17.0.2:43998->98.85.153.80:443: write: broken pipe',
    'failed to copy: failed to do request: Put "https://registry-1.docker.io/v2/a/b/blobs/uploads/1": write tcp 172.17.0.2:1->98.85.153.80:443: use of closed network connection',
    'failed to do request: Post "https://registry-1.docker.io/v2/a/b/blobs/uploads/": EOF',
    'failed to copy: unexpected EOF',
    'failed to copy: io: read/write on closed pipe',
    'failed to copy: cannot reuse body, request must be retried',
    'failed commit on ref "layer-sha256:db": failed to do request: Put https://ghcr.io/v2/a: read tcp 172.17.0.2:48072->140.82.114.33:443: read: connection timed out',
    'failed commit on ref "layer-sha256:a4": "layer-sha256:a4" failed size validation: 10068781 != 9333267: failed precondition',
    'failed commit on ref "layer-sha256:16": unexpected commit digest sha256:e3, expected sha256:16: failed precondition',
    'failed to do request: Head "https://registry-1.docker.io/v2/library/x/manifests/1": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: read udp 127.0.0.1:1->127.0.0.53:53: i/o timeout',
    'failed to do request: Head "https://r.example/v2/x/manifests/1": dial tcp: lookup r.example: Temporary failure in name resolution',
    'failed to do request: Head "https://r.example/v2/x/manifests/1": dial tcp: lookup r.example on 127.0.0.11:53: server misbehaving',
    'failed to do request: Head "http://127.0.0.1:1/v2/x/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused',
    'Get "https://quay.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token": read: connection reset by peer',
    'failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://auth.docker.io/token: 504 Gateway Timeout',
    'failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
    'failed to receive status: rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR, debug data: "graceful_stop"',
    'failed to get status: rpc error: code = Unavailable desc = timed out waiting for server handshake',
    'image "127.0.0.1:5000/aibrix/image-cache:candidate-1-amd64": already exists',
    'tag does not exist: 127.0.0.1:5000/aibrix/image-cache:candidate-1-amd64',
    'failed to push r.example/a:b: failed commit on ref "config-sha256:79": unexpected status from PUT request to https://r.example/v2/a/blobs/uploads/b9387782-d3d4?_state=x: 404 Not Found',
    'failed to push ghcr.io/a/b:c: failed commit on ref "layer-sha256:79": unexpected status from PUT request to https://ghcr.io/v2/a/b/blobs/upload/1: 404 Not Found',
    'failed to push r.example/a:b: failed commit on ref "manifest-sha256:b8": got digest sha256:00, expected sha256:b8',
    'failed to get state for index 0 on [image 3/7] RUN x',
    'failed to commit r3yl to mm8f during finalize: failed to stat active key during commit: snapshot r3yl does not exist: not found',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    "failed to load cache key: failed to fetch remote https://github.com/a/b: git stderr: fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com: exit status 128",
  ],
  permanent: [
    'tag does not exist: 127.0.0.1:5000/aibrix/vllm-openai:v0.21.0',
    'failed to solve: rpc error: code = Unknown desc = unexpected status: 403 Forbidden',
    'failed to push r.example/a: failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://auth.docker.io/token: 401 Unauthorized',
    'a/b:c: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'failed to push r.example/a:b: unexpected status from POST request to https://r.example/v2/a/blobs/uploads/: 404 Not Found',
    'failed to push r.example/a:b: unexpected status from PUT request to https://r.example/v2/a/blobs/uploads/1: 403 Forbidden',
    'docker.io/a/b:c: not found',
    'r.example/a/b@sha256:00: failed to resolve source metadata for r.example/a/b@sha256:00: not found',
    'failed to do request: Head "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'failed to do request: Head "https://r.example/v2/": http: server gave HTTP response to HTTPS client',
    'write /var/lib/docker/tmp/x: no space left on device',
    'dockerfile parse error on line 3: unknown instruction: RUNN',
    'failed to compute cache key: "/missing": not found',
    'docker exporter does not currently support exporting manifest lists',
  ],
}

function buildError(reason: string, stepError?: string, plain: string[] = []): BuildError {
  const step: Step | undefined =
    stepError === undefined
      ? undefined
      : {
          id: '1',
          name: 'x',
          stage: undefined,
          instruction: 'RUN',
          started: 1,
          completed: 2,
          cached: false,
          error: stepError,
          lastLines: [],
          suspects: [],
        }
  return new BuildError('The build of x failed.', { reason, step, steps: [], logFile: '/x.log', plain })
}

describe('a message of BuildKit', () => {
  it.each(verdicts(buildkit))('is %s: %s', (_, line, expected) => {
    expect(transience(buildError(line))).toEqual(expected)
    expect(transience(buildError('exporting to image failed', undefined, [`ERROR: ${line}`]))).toEqual(
      expected,
    )
    expect(transience(buildError('exporting to image failed', line))).toEqual(expected)
  })
})

/** Reasons of failed steps, as src/buildkit/failure.ts finds them, and messages of git and pip. */
const programs: Messages = {
  transient: [
    "fatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 503",
    "fatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 429",
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
    "fatal: unable to access 'https://github.com/a/b/': Failed to connect to github.com port 443 after 130 ms: Could not connect to server",
    "fatal: unable to access 'https://github.com/a/b/': Recv failure: Connection reset by peer",
    "fatal: unable to access 'https://github.com/a/b/': Empty reply from server",
    "fatal: unable to access 'https://github.com/a/b/': gnutls_handshake() failed: The TLS connection was non-properly terminated.",
    'error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function.',
    'error: RPC failed; curl 92 HTTP/2 stream 0 was not closed cleanly: CANCEL (err 8)',
    'fatal: the remote end hung up unexpectedly',
    'fatal: early EOF',
    'kex_exchange_identification: Connection closed by remote host',
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='files.example.org', port=443): Read timed out.",
    "pip._vendor.urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(1 bytes read, 2 more expected)', IncompleteRead())",
    'HTTP error 503 while getting https://files.example.org/x.whl',
    'Could not fetch URL https://index/simple/nixl/: 503 Server Error: Service Unavailable for url: https://index/simple/nixl/ - skipping',
    'Could not fetch URL https://index/simple/nixl/: 429 Client Error: Too Many Requests for url: https://index/ - skipping',
    'Could not fetch URL http://127.0.0.1:1/: connection error: Failed to establish a new connection: [Errno 111] Connection refused - skipping',
    'Unable to locate package perftest (the server could not be reached: Temporary failure resolving)',
    'Failed to fetch http://deb.example.org/x.deb  503  Service Unavailable [IP: 1.2.3.4 80]',
    'Failed to fetch http://deb.example.org/x  Hash Sum mismatch',
    'NIXL 0.7.1 could not be installed: No matching distribution found for nixl==0.7.1 (Name or service not known)',
    'curl: (22) The requested URL returned error: 502',
    "error: failed to fetch 'https://index/x': Connection reset by peer",
    'ConnectionResetError: [Errno 104] Connection reset by peer',
    'TimeoutError: [Errno 110] Connection timed out',
  ],
  permanent: [
    "fatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 403",
    "fatal: Authentication failed for 'https://github.com/a/b/'",
    "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
    "fatal: repository 'https://github.com/a/b/' not found",
    "fatal: couldn't find remote ref refs/heads/x",
    'git@github.com: Permission denied (publickey). fatal: the remote end hung up unexpectedly',
    "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate",
    'Could not fetch URL https://index/simple/nixl/: 401 Client Error: Unauthorized for url: https://index/ - skipping',
    'NIXL 9.9.9 could not be installed: No matching distribution found for nixl==9.9.9',
    '/src/a.cpp:12:5: error: unexpected EOF',
    "/src/socket.cc:7:1: error: 'connection refused' was not declared in this scope",
    "error: use of deleted function 'connection reset'",
    'cc1plus: error: ‘broken pipe’ was not declared in this scope',
    'error: identifier "i/o timeout" is undefined',
    'SyntaxError: unexpected EOF while parsing',
    'AssertionError: expected no Broken pipe',
    "ModuleNotFoundError: No module named 'connection refused'",
    'torch.NameError: IncompleteRead is not defined',
    '/bin/sh: 1: Syntax error: end of file unexpected',
    'ninja: build stopped: subcommand failed.',
    "undefined reference to `ucp_init'",
    'the step was killed (exit code 137), most likely because memory ran out',
    'no space left on device',
    'AIBrix v0.5.0 is now commit a and was b when this build was planned: the ref moved; plan again.',
  ],
}

describe('a message of a program', () => {
  it.each(verdicts(programs))('is %s: %s', (_, line, expected) => {
    const exit = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'
    expect(transience(buildError(line, exit))).toEqual(expected)
    expect(transience(new ProgramFailure('git x failed.', { lines: ['other', line] }))).toEqual(expected)
  })

  it('is not transient if another failure follows', () => {
    const exit = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'
    const error = buildError("/src/a.cpp:12:5: error: no member named 'x'", exit, ['ERROR: i/o timeout'])
    expect(transience(error)).toBeUndefined()
  })

  it('is transient after a time-out', () => {
    const silent = new ProgramFailure('git did not answer.', { lines: [''], waited: 120_000 })
    expect(transience(silent)).toEqual({ ...again, waited: 120_000 })
    expect(transience(new ProgramFailure('git failed.', { lines: [''] }))).toBeUndefined()
  })
})

it('a build without output for too long is transient, and counts as waited', () => {
  const silent = new BuildError('x', {
    reason: 'x',
    step: undefined,
    steps: [],
    logFile: '/x',
    waited: 7_200_000,
  })
  expect(transience(silent)).toEqual({ ...again, waited: 7_200_000 })
})

it.each([
  [refusal(429), 'registry docker.io refused it: 429'],
  [network('ECONNREFUSED'), 'no answer from registry docker.io to the pull of aibrix/x: connection refused'],
  [new UserError('It failed.'), 'It failed'],
  ['text', 'text'],
])('a problem is described without advice: %#', (error, expected) => {
  expect(reasonOf(error)).toBe(expected)
})
