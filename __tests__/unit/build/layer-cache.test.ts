import { describe, expect, it } from '@jest/globals'
import { layerCacheOptions, layerCacheProblems } from '../../../src/build/layer-cache.ts'
import { failedStep, type Step } from '../../../src/build/steps.ts'
import { stepTimes } from '../../../src/report/make-report.ts'

const reference = 'docker.io/aibrix/image-cache:layers-1'

const step = (name: string, error?: string): Step => ({
  id: name,
  name,
  stage: undefined,
  instruction: undefined,
  started: 1000,
  completed: 2000,
  cached: false,
  error,
  lastLines: [],
  suspects: [],
})
const importing = (error?: string) => step(`importing cache manifest from ${reference}`, error)
const exporting = (error?: string) => step('exporting cache to registry', error)

describe('the options of the layer cache', () => {
  it.each([
    ['read', 'zstd', '--cache-from', `type=registry,ref=${reference}`],
    [
      'write',
      'zstd',
      '--cache-to',
      `type=registry,ref=${reference},mode=min,ignore-error=true,oci-mediatypes=true,image-manifest=true,compression=zstd`,
    ],
    [
      'write',
      'gzip',
      '--cache-to',
      `type=registry,ref=${reference},mode=min,ignore-error=true,oci-mediatypes=true,image-manifest=true,compression=gzip`,
    ],
  ] as const)('to %s with %s are %s %s', (kind, compression, name, expected) => {
    const { name: option, fields } = layerCacheOptions({ kind, reference }, compression)
    expect([option, fields.join(',')]).toEqual([name, expected])
  })
})

/** As BuildKit 0.13 words them */
const denied = 'unexpected status from HEAD request to http://127.0.0.1:5066/v2/a/manifests/b: 403 Forbidden'

describe('what is said of the layer cache', () => {
  it.each<[string, Step[], RegExp[]]>([
    ['nothing where all went well', [importing(), exporting()], []],
    [
      'nothing where there is none yet',
      [importing(`failed to configure registry cache importer: ${reference}: not found`), exporting()],
      [],
    ],
    [
      'why it could not be read',
      [importing(`failed to configure registry cache importer: ${denied}`), exporting()],
      [
        /^The layer cache docker\.io\/aibrix\/image-cache:layers-1 could not be read: unexpected status .*: 403 Forbidden\.$/,
      ],
    ],
    [
      'why it could not be written',
      [importing(), exporting('error writing layer blob: connection refused')],
      [/could not be written, so that .*: error writing layer blob: connection refused\.$/],
    ],
    ['both', [importing(denied), exporting(denied)], [/could not be read/, /could not be written/]],
    ['nothing of other steps', [step('[image 1/5] RUN a', denied)], []],
  ])('is %s', (_, steps, expected) => {
    const problems = layerCacheProblems(steps, reference)
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
  })

  it('is never the reason why a build failed, nor a failed step of its chart', () => {
    const compile = step('[wheel 1/1] RUN make', 'exit code: 1')
    const steps = [importing(denied), compile, exporting(denied)]
    expect(failedStep(steps)).toBe(compile)
    expect(stepTimes(steps).map(({ failed }) => failed)).toEqual([false, true, false])
  })
})
