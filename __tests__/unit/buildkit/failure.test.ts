import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { causeOf } from '../../../src/buildkit/failure.ts'
import { createStepTable } from '../../../src/buildkit/steps.ts'
import { logLine } from '../../../src/text.ts'

const run = (code: number): string =>
  `process "/bin/sh -c run" did not complete successfully: exit code: ${code}`

/** What the table of steps keeps of these lines */
function printed(lines: string[], code = 1): Parameters<typeof causeOf>[0] {
  const table = createStepTable()
  const times = { started: 1, cached: false } as const
  table.update({
    kind: 'step',
    step: 'a',
    name: '[a 1/1] RUN',
    completed: undefined,
    error: undefined,
    ...times,
  })
  for (const line of lines) table.addLine('a', logLine(line))
  const step = table.update({ kind: 'step', step: 'a', name: '', completed: 2, error: run(code), ...times })
  return {
    suspects: step?.suspects ?? [],
    lastLines: step?.lastLines ?? [],
    stepError: step?.error,
    plain: [`ERROR: failed to solve: ${run(code)}`],
  }
}

const noise = Array.from({ length: 200 }, (_, index) => `[${index}/200] Building CXX object ${index}.o`)

/** Real outputs, shortened in the middle only. */
const outputs: [string, string[], string][] = [
  [
    'pip finds no such version',
    [
      'ERROR: Could not find a version that satisfies the requirement nixl==9.9.9 (from versions: 0.7.0, 0.7.1)',
      'ERROR: No matching distribution found for nixl==9.9.9',
      '[notice] To update, run: pip install --upgrade pip',
    ],
    'No matching distribution found for nixl==9.9.9',
  ],
  [
    'pip does not trust the index',
    [
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:992)'))': /simple/nixl/",
      'ERROR: Could not find a version that satisfies the requirement nixl==0.7.1 (from versions: none)',
      'ERROR: No matching distribution found for nixl==0.7.1',
    ],
    "No matching distribution found for nixl==0.7.1 (the server's certificate is not trusted: give its authority with ca-certificates)",
  ],
  [
    'pip does not reach the index',
    [
      'Looking in indexes: https://nope.invalid/simple',
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fd52d88d9d0>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/nixl/",
      'ERROR: Could not find a version that satisfies the requirement nixl==0.7.1 (from versions: none)',
      'ERROR: No matching distribution found for nixl==0.7.1',
    ],
    'No matching distribution found for nixl==0.7.1 (the server could not be reached: Name or service not known)',
  ],
  [
    'pip finds a conflict',
    [
      'ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.',
      'ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/',
    ],
    'ResolutionImpossible: for help visit https://pip.pypa.io/',
  ],
  [
    'a header is missing, far from the end, and Python reports it its own way',
    [
      'FAILED: CMakeFiles/_aibrix_C.dir/csrc/cache.cu.o',
      '/opt/torch/include/ATen/cuda/CUDAContextLight.h:8:10: fatal error: cusparse.h: No such file or directory',
      'compilation terminated.',
      ...noise,
      'ninja: build stopped: subcommand failed.',
      'Traceback (most recent call last):',
      '  File "/usr/lib/python3.11/subprocess.py", line 413, in check_call',
      "subprocess.CalledProcessError: Command '['cmake', '--build', '.']' returned non-zero exit status 1.",
      'ERROR Backend subprocess exited when trying to invoke build_wheel',
    ],
    '/opt/torch/include/ATen/cuda/CUDAContextLight.h:8:10: fatal error: cusparse.h: No such file or directory',
  ],
  [
    'gcc',
    [
      '/t.c:3:5: error: expected ‘;’ before ‘}’ token',
      '    3 |     }',
      'make: *** [Makefile:3: t.o] Error 1',
    ],
    '/t.c:3:5: error: expected ‘;’ before ‘}’ token',
  ],
  [
    'nvcc',
    [
      '/src/a.cu(12): error: identifier "foo" is undefined',
      '1 error detected in the compilation of "/src/a.cu".',
    ],
    '/src/a.cu(12): error: identifier "foo" is undefined',
  ],
  [
    'nvcc knows no such architecture',
    ["nvcc fatal   : Unsupported gpu architecture 'compute_70'", 'ninja: build stopped'],
    "nvcc fatal   : Unsupported gpu architecture 'compute_70'",
  ],
  [
    'the linker',
    [
      '/usr/bin/ld: cannot find -lcuda: No such file or directory',
      'collect2: error: ld returned 1 exit status',
    ],
    '/usr/bin/ld: cannot find -lcuda: No such file or directory',
  ],
  [
    'the compiler was killed',
    ['c++: fatal error: Killed signal terminated program cc1plus', 'compilation terminated.'],
    'c++: fatal error: Killed signal terminated program cc1plus',
  ],
  [
    'CMake',
    [
      '-- Found Torch',
      'CMake Error at CMakeLists.txt:27 (message):',
      "  Can't find CUDA installation.",
      '',
      '-- Configuring incomplete, errors occurred!',
    ],
    "CMake Error at CMakeLists.txt:27 (message): Can't find CUDA installation.",
  ],
  [
    'configure',
    [
      'checking for nvml.h... no',
      'configure: error: CUDA support is requested but cuda packages cannot be found',
    ],
    'configure: error: CUDA support is requested but cuda packages cannot be found',
  ],
  [
    'apt has no such package',
    ['Reading package lists...', 'E: Unable to locate package nopackage1'],
    'Unable to locate package nopackage1',
  ],
  [
    'apt does not reach its server',
    [
      'Err:1 http://deb.example.org/debian bookworm InRelease',
      "  Temporary failure resolving 'deb.example.org'",
      "W: Failed to fetch http://deb.example.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.example.org'",
      'E: Unable to locate package perftest',
    ],
    'Unable to locate package perftest (the server could not be reached: Temporary failure resolving)',
  ],
  [
    'git does not reach its server',
    [
      "Cloning into '/x'...",
      "fatal: unable to access 'https://nope.invalid/a/b/': Could not resolve host: nope.invalid",
    ],
    "fatal: unable to access 'https://nope.invalid/a/b/': Could not resolve host: nope.invalid",
  ],
  [
    'git has no such commit',
    ['fatal: remote error: upload-pack: not our ref 1234'],
    'fatal: remote error: upload-pack: not our ref 1234',
  ],
  [
    'Python',
    [
      'Traceback (most recent call last):',
      '  File "<string>", line 1, in <module>',
      "ModuleNotFoundError: No module named 'nothere'",
    ],
    "ModuleNotFoundError: No module named 'nothere'",
  ],
  [
    'an exception of a package',
    ['Traceback (most recent call last):', 'torch.cuda.OutOfMemoryError: too much'],
    'torch.cuda.OutOfMemoryError: too much',
  ],
  ['the shell', ['/bin/sh: 1: cmakee: not found'], '/bin/sh: 1: cmakee: not found'],
  [
    'a full disk',
    ['cp: error writing /x: No space left on device', 'ERROR: Could not install packages due to an OSError'],
    'cp: error writing /x: No space left on device',
  ],
  [
    'our own scripts, which know best',
    [
      'fatal error: nope.h: No such file',
      'image-action: error: The toolkit has no nvcc; choose a base with a CUDA toolkit.',
      'Traceback (most recent call last):',
      'ValueError: x',
    ],
    'The toolkit has no nvcc; choose a base with a CUDA toolkit.',
  ],
  [
    'colours',
    ['\u001b[31mERROR: No matching distribution found for x\u001b[0m'],
    'No matching distribution found for x',
  ],
  ['something else', ['one', 'two'], 'exit code 1 after "two"'],
  ['nothing', [], 'the step ended with exit code 1 and printed nothing'],
]

describe('the cause of a failed step', () => {
  it.each(outputs)('%s', (_, lines, expected) => {
    expect(causeOf(printed(lines))).toBe(expected)
  })

  it('is memory when the step was killed and nobody said why', () => {
    expect(causeOf(printed(['building'], 137))).toBe(
      'the step was killed (exit code 137), most likely because memory ran out',
    )
  })
})

/** Real messages of buildx 0.13 and Docker 26, and of registries. */
const messages: [string, string[], string][] = [
  [
    'a base that is not there',
    [
      'ERROR: failed to solve: 127.0.0.1:5000/a/b:1: failed to resolve source metadata for 127.0.0.1:5000/a/b:1: 127.0.0.1:5000/a/b:1: not found',
    ],
    '127.0.0.1:5000/a/b:1: not found',
  ],
  [
    'a base that nobody may pull',
    [
      'ERROR: failed to solve: a/b:1: failed to resolve source metadata for docker.io/a/b:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ],
    'a/b:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed (check that the name exists and that the credentials may use it)',
  ],
  [
    'a push without rights',
    [
      'ERROR: failed to solve: failed to push r.example/a/b:1: unexpected status from POST request to https://r.example/v2/a/b/blobs/uploads/: 401 Unauthorized',
    ],
    'failed to push r.example/a/b:1: unexpected status from POST request to https://r.example/v2/a/b/blobs/uploads/: 401 Unauthorized (check that the name exists and that the credentials may use it)',
  ],
  [
    'a rate limit',
    [
      'ERROR: failed to solve: a/b:1: failed to resolve source metadata for docker.io/a/b:1: failed to copy: httpReadSeeker: failed open: unexpected status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit',
    ],
    "a/b:1: failed to copy: httpReadSeeker: failed open: unexpected status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit (the registry's rate limit: log in)",
  ],
  [
    'a host that is not there',
    [
      'Dockerfile:1',
      '--------------------',
      'ERROR: failed to solve: r.invalid/a/b:1: failed to resolve source metadata for r.invalid/a/b:1: failed to do request: Head "https://r.invalid/v2/a/b/manifests/1": dial tcp: lookup r.invalid on 10.0.0.1:53: no such host',
    ],
    'r.invalid/a/b:1: failed to do request: Head "https://r.invalid/v2/a/b/manifests/1": dial tcp: lookup r.invalid on 10.0.0.1:53: no such host',
  ],
  [
    'a Dockerfile that is wrong',
    [
      'ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
    ],
    'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
  ],
  ['a secret that is not there', ['ERROR: failed to solve: secret zz: not found'], 'secret zz: not found'],
  [
    'an engine that is not there',
    ['ERROR: Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?'],
    'Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?',
  ],
  [
    'an upload that the registry failed at, whose address is long',
    [
      `ERROR: failed to solve: failed to push reg:5000/me/x:y: failed commit on ref "layer-sha256:73bb": unexpected status from PUT request to http://reg:5000/v2/me/x/blobs/uploads/0150685c?_state=${'IaT6'.repeat(120)}%3D&digest=sha256%3A73bb: 502 Bad Gateway`,
    ],
    'failed to push reg:5000/me/x:y: failed commit on ref "layer-sha256:73bb": unexpected status from PUT request to http://reg:5000/v2/me/x/blobs/uploads/0150685c: 502 Bad Gateway',
  ],
  [
    'an unknown option',
    ['unknown flag: --nope', "See 'docker buildx build --help'."],
    "See 'docker buildx build --help'.",
  ],
]

describe('the cause of a failure outside of steps', () => {
  it.each(messages)('%s', (_, plain, expected) => {
    expect(causeOf({ suspects: [], lastLines: [], stepError: undefined, plain })).toBe(expected)
  })

  it('is what the push ended with, not what was tried again and cut off', () => {
    const line =
      'error: failed commit on ref "layer-sha256:73bb": failed to do request: Put "http://reg:5000/v2/x?_sta'
    const plain = [
      'ERROR: failed to solve: failed to push reg:5000/x: failed to do request: connection reset by peer',
    ]
    expect(causeOf({ suspects: [line], lastLines: [line], stepError: undefined, plain })).toBe(
      'failed to push reg:5000/x: failed to do request: connection reset by peer',
    )
  })

  it('is unknown when nobody said anything', () => {
    expect(causeOf({ suspects: [], lastLines: [], stepError: undefined, plain: [] })).toBeUndefined()
  })
})

describe('any cause', () => {
  it('is one line of bounded length, found quickly', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('E: ', 'ERROR: ', 'CMake Error', 'fatal: ', 'a:1: error: ', 'x'.repeat(20_000)),
    )
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (lines, plain) => {
        const cause = causeOf({ suspects: lines, lastLines: lines, stepError: undefined, plain }) ?? ''
        expect(cause).not.toMatch(/[\r\n]/)
        expect(cause.length).toBeLessThan(450)
      }),
    )
  })
})
