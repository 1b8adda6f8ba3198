import { layerCacheOptions, layerCacheProblems } from '../../../src/buildkit/layer-cache.ts'
import { describe, expect, it } from '@jest/globals'
import { type Layers, pinLayers } from '../../../src/store/layers.ts'
import { failedStep, type Step } from '../../../src/buildkit/steps.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
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
  const from = 'docker.io/aibrix/image-cache@sha256:1'
  const written = (compression: string) =>
    `type=registry,ref=${reference},mode=min,ignore-error=true,oci-mediatypes=true,image-manifest=true,compression=${compression}`
  it.each<[Layers, 'gzip' | 'zstd', string[]]>([
    [{ from: undefined, to: undefined }, 'gzip', []],
    [{ from, to: undefined }, 'zstd', [`--cache-from type=registry,ref=${from}`]],
    [{ from: undefined, to: reference }, 'zstd', [`--cache-to ${written('zstd')}`]],
    [
      { from, to: reference },
      'gzip',
      [`--cache-from type=registry,ref=${from}`, `--cache-to ${written('gzip')}`],
    ],
  ])('for %j with %s are %j', (layers, compression, expected) => {
    const options = layerCacheOptions(layers, compression)
    expect(options.map(({ name, fields }) => `${name} ${fields.join(',')}`)).toEqual(expected)
  })
})

describe('the layer cache of a leg', () => {
  const cache = { repository: { registry: 'docker.io', path: 'aibrix/image-cache' }, tag: 'layers-1' }
  const refuse = (status: number) => () =>
    Promise.reject(
      new RegistryRefusal('It says no', 'build again', { status, code: undefined, retryAfter: undefined }),
    )
  it.each<[string, boolean, () => Promise<undefined>, string[]]>([
    ['is missing', true, () => Promise.resolve(undefined), []],
    [
      'is denied to a run that pushes',
      true,
      refuse(403),
      [`The layer cache ${reference} could not be read: It says no; build again.`],
    ],
    ['is denied to a run that does not push', false, refuse(403), []],
    [
      'fails for a run that does not push',
      false,
      refuse(500),
      [`The layer cache ${reference} could not be read: It says no; build again.`],
    ],
  ])('%s: it goes on', async (_, write, getManifest, warnings) => {
    const to = write ? reference : undefined
    expect(await pinLayers({ ...cache, write }, { getManifest })).toEqual({ from: undefined, to, warnings })
  })
})

/** As BuildKit 0.13 words them */
const denied = 'unexpected status from HEAD request to http://127.0.0.1:5066/v2/a/manifests/b: 403 Forbidden'

describe('a problem of the layer cache', () => {
  it.each<[string, Step[], RegExp[]]>([
    ['none if all went well', [importing(), exporting()], []],
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
      [/could not be written, so the next build .*: error writing layer blob: connection refused\.$/],
    ],
    ['both', [importing(denied), exporting(denied)], [/could not be read/, /could not be written/]],
    ['none of other steps', [step('[image 1/5] RUN a', denied)], []],
  ])('is %s', (_, steps, expected) => {
    const problems = layerCacheProblems(steps, {
      repository: { registry: 'docker.io', path: 'aibrix/image-cache' },
      tag: 'layers-1',
    })
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
