import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { reasonOf } from '../../../src/buildkit/failure.ts'
import { createStepTable } from '../../../src/buildkit/steps.ts'
import { logLine } from '../../../src/text.ts'

const run = (code: number): string =>
  `process "/bin/sh -c run" did not complete successfully: exit code: ${code}`

/** What the table of steps stores of these lines */
function printed(lines: string[], code = 1): Parameters<typeof reasonOf>[0] {
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

/** Real outputs, shortened in the middle only. */
const outputs: [string, string[], string][] = [
  [
    'the compiler was killed',
    ['c++: fatal error: Killed signal terminated program cc1plus', 'compilation terminated.'],
    'c++: fatal error: Killed signal terminated program cc1plus',
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
    'the marker of our own scripts wins',
    [
      'fatal error: nope.h: No such file',
      'image-action: error: The toolkit has no nvcc; choose a base with a CUDA toolkit.',
      'Traceback (most recent call last):',
      'ValueError: x',
    ],
    'The toolkit has no nvcc; choose a base with a CUDA toolkit.',
  ],
  ['an error of another program', ['error: it failed', 'done'], 'it failed'],
  ['an error in colour', ['\u001b[31mERROR: it failed\u001b[0m'], 'it failed'],
  ['something else', ['one', 'two'], 'exit code 1 after "two"'],
  ['nothing', [], 'the step ended with exit code 1 and printed nothing'],
]

describe('the reason of a failed step', () => {
  it.each(outputs)('%s', (_, lines, expected) => {
    expect(reasonOf(printed(lines))).toBe(expected)
  })

  it('is memory when the step was killed and printed no reason', () => {
    expect(reasonOf(printed(['building'], 137))).toBe(
      'the step was killed (exit code 137), most likely because memory ran out',
    )
  })
})

/** Real messages of buildx 0.13 and Docker 26, and of registries. */
const messages: [string, string[], string][] = [
  [
    'a base that does not exist',
    [
      'ERROR: failed to solve: 127.0.0.1:5000/a/b:1: failed to resolve source metadata for 127.0.0.1:5000/a/b:1: 127.0.0.1:5000/a/b:1: not found',
    ],
    '127.0.0.1:5000/a/b:1: not found',
  ],
  [
    'a base without pull access',
    [
      'ERROR: failed to solve: a/b:1: failed to resolve source metadata for docker.io/a/b:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ],
    'a/b:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed (check that the name exists and that the credentials may use it)',
  ],
  [
    'a push without permission',
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
    'a host that does not exist',
    [
      'Dockerfile:1',
      '--------------------',
      'ERROR: failed to solve: r.invalid/a/b:1: failed to resolve source metadata for r.invalid/a/b:1: failed to do request: Head "https://r.invalid/v2/a/b/manifests/1": dial tcp: lookup r.invalid on 10.0.0.1:53: no such host',
    ],
    'r.invalid/a/b:1: failed to do request: Head "https://r.invalid/v2/a/b/manifests/1": dial tcp: lookup r.invalid on 10.0.0.1:53: no such host',
  ],
  [
    'an invalid Dockerfile',
    [
      'ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
    ],
    'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
  ],
  ['a secret that does not exist', ['ERROR: failed to solve: secret zz: not found'], 'secret zz: not found'],
  [
    'no engine',
    ['ERROR: Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?'],
    'Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?',
  ],
  [
    'an upload with a long URL that the registry failed',
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

describe('the reason of a failure outside of steps', () => {
  it.each(messages)('%s', (_, plain, expected) => {
    expect(reasonOf({ suspects: [], lastLines: [], stepError: undefined, plain })).toBe(expected)
  })

  it('is the final error of a push, not a line about a retry that is cut off', () => {
    const line =
      'error: failed commit on ref "layer-sha256:73bb": failed to do request: Put "http://reg:5000/v2/x?_sta'
    const plain = [
      'ERROR: failed to solve: failed to push reg:5000/x: failed to do request: connection reset by peer',
    ]
    expect(reasonOf({ suspects: [line], lastLines: [line], stepError: undefined, plain })).toBe(
      'failed to push reg:5000/x: failed to do request: connection reset by peer',
    )
  })

  it('is undefined when nothing was printed', () => {
    expect(reasonOf({ suspects: [], lastLines: [], stepError: undefined, plain: [] })).toBeUndefined()
  })
})

describe('any reason', () => {
  it('is one line of bounded length, found quickly', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('image-action: error: ', 'ERROR: ', 'ValueError: ', 'sh: ', 'x'.repeat(20_000)),
    )
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (lines, plain) => {
        const reason = reasonOf({ suspects: lines, lastLines: lines, stepError: undefined, plain }) ?? ''
        expect(reason).not.toMatch(/[\r\n]/)
        expect(reason.length).toBeLessThan(450)
      }),
    )
  })
})
