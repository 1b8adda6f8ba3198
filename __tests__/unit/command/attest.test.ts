import * as core from '@actions/core'
import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { publishAttestations } from '../../../src/command/attest.ts'
import type { ShowSettings } from '../../../src/command/show.ts'
import type { TestedImage } from '../../../src/report/attestation/test-result.ts'
import { createOutput } from '../../../src/system/github/output.ts'
import { createWorkspace } from '../../../src/system/workspace.ts'
import { digest, makeOutcomeReport } from '../../support/reports.ts'
import { useStep } from '../../support/step.ts'

const step = useStep()

const redact = (text: string): string => text

function settings(): ShowSettings {
  const workspace = createWorkspace(step().folder)
  const retry = { retried: () => [] }
  return { ...createOutput(core, redact), workspace, redact, retry, summary: true, summaryFile: undefined }
}

function imageOf(id: string, changes: Partial<TestedImage> = {}): TestedImage {
  const repository = { registry: 'docker.io', path: 'acme/vllm-openai' }
  return {
    id,
    repository,
    digest,
    tags: [`${id}-20251123`, 'stable'],
    reports: [makeOutcomeReport()],
    ...changes,
  }
}

const github = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'acme/images',
  GITHUB_RUN_ID: '7',
  GITHUB_RUN_ATTEMPT: '2',
}

const other = `sha256:${'1'.repeat(64)}`

describe('attestations', () => {
  it('are a predicate and a statement for each image, which the output names', async () => {
    await publishAttestations([imageOf('one'), imageOf('two', { digest: other })], github, settings())
    const output = JSON.parse(step().outputs().attestations ?? '') as Record<'path' | 'statement', string>[]
    expect(output).toMatchObject([
      { id: 'one', name: 'docker.io/acme/vllm-openai', digest, result: 'PASSED' },
      { id: 'two', name: 'docker.io/acme/vllm-openai', digest: other, result: 'PASSED' },
    ])
    expect(output.map(({ path }) => basename(path))).toEqual(['one.json', 'two.json'])
    expect(readdirSync(step().outputs()['attestations-path'] ?? '')).toHaveLength(4)
    for (const { path, statement } of output) {
      const predicate = JSON.parse(readFileSync(path, 'utf8')) as object
      expect(predicate).toMatchObject({
        result: 'PASSED',
        url: 'https://github.com/acme/images/actions/runs/7/attempts/2',
      })
      expect(JSON.parse(readFileSync(statement, 'utf8'))).toMatchObject({ predicate })
    }
  })

  it('are an empty list if nothing is new, and nothing is declared', async () => {
    const declare = join(step().folder, 'artifacts')
    writeFileSync(declare, '')
    await publishAttestations([], { ...github, GITHUB_ARTIFACTS: declare }, settings())
    expect(step().outputs()).toMatchObject({ attestations: '[]', 'attestations-path': '' })
    expect(readFileSync(declare, 'utf8')).toBe('')
  })

  it('are a warning and an empty output if they cannot be written', async () => {
    const show = settings()
    writeFileSync(join(show.workspace.root, 'attestations'), 'a file in the place of the folder')
    await publishAttestations([imageOf('one')], github, show)
    expect(step().outputs()).toMatchObject({ attestations: '', 'attestations-path': '' })
    expect(step().log().join('\n')).toMatch(
      /^::warning::An attestation cannot be written: .*EEXIST.*\. The output "attestations" is empty\.$/m,
    )
  })

  it('leave the declaration to the runner a warning if it cannot be written', async () => {
    await publishAttestations([imageOf('one')], { GITHUB_ARTIFACTS: step().folder }, settings())
    expect(JSON.parse(step().outputs().attestations ?? '')).toHaveLength(1)
    expect(step().log().join('\n')).toMatch(
      /^::warning::The runner's list of artifacts cannot be written: .*EISDIR.*\. Later steps do not find the images in it\.$/m,
    )
  })
})

describe('the runner', () => {
  const declared = async (list: string | undefined, images: TestedImage[]): Promise<string[]> => {
    const files = {
      GITHUB_ARTIFACTS: join(step().folder, 'declare'),
      GITHUB_ARTIFACTS_LIST: join(step().folder, 'list'),
    }
    writeFileSync(files.GITHUB_ARTIFACTS, '')
    if (list !== undefined) writeFileSync(files.GITHUB_ARTIFACTS_LIST, list)
    await publishAttestations(images, files, settings())
    return readFileSync(files.GITHUB_ARTIFACTS, 'utf8').split('\n').slice(0, -1)
  }
  const first = `docker.io/acme/vllm-openai:one-20251123@${digest}`
  const second = `docker.io/acme/vllm-openai:two-20251123@${other}`
  const images = () => [imageOf('one'), imageOf('two', { digest: other })]
  const listOf = (...names: string[]) =>
    JSON.stringify({ version: 1, subjects: names.map((name) => ({ name, digest: other, kind: 'oci' })) })

  it.each<[string, string | undefined, string[]]>([
    ['that has no list', undefined, [first, second]],
    ['whose feature is off, so that its list is empty', '', [first, second]],
    ['whose list has a form that is not known', '{"version":2}', [first, second]],
    ['whose list has other things', listOf('a.tar.gz'), [first, second]],
    ['whose list has one of the names', listOf('docker.io/acme/vllm-openai:one-20251123'), [second]],
    [
      'whose list has room for one',
      listOf(...Array.from({ length: 499 }, (_, index) => `${index}`)),
      [first],
    ],
    ['whose list is full', listOf(...Array.from({ length: 500 }, (_, index) => `${index}`)), []],
  ])('%s is told each image by a name of its own', async (_, list, lines) => {
    expect(await declared(list, images())).toEqual(lines)
    const left = [first, second]
      .filter((line) => !lines.includes(line))
      .map((line) => line.replace(/@.*/, ''))
    for (const name of left) expect(step().log().join('\n')).toMatch(new RegExp(`Not declared .*${name}`))
  })

  it('is told lines of the form that it accepts', async () => {
    // actions/runner, CreateArtifactsFileCommand.cs: no line with "=", a reference and a digest
    for (const line of await declared(undefined, images()))
      expect(line).toMatch(/^[^=#\s]+@sha256:[0-9a-f]{64}$/)
  })
})
