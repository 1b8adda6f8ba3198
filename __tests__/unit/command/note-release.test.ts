import * as core from '@actions/core'
import { describe, expect, it } from '@jest/globals'
import { createOutput } from '../../../src/system/github/output.ts'
import { noteRelease } from '../../../src/command/note-release.ts'
import type { ImageOutcome, Run } from '../../../src/report/outcome.ts'
import { updateReleaseNotes } from '../../../src/report/release-notes.ts'
import { makeFailure, makeOutcome, makeRun } from '../../support/reports.ts'
import { useStep } from '../../support/step.ts'
import { sendJson, type TestServer, useOpened } from '../../support/web-server.ts'

const step = useStep()
const { server } = useOpened()
const page = 'https://github.com/aibrix/aibrix/releases/tag/v0.7.0'

/** GitHub with one release, for v0.7.0, that has these notes. */
async function gitHub(notes: string): Promise<TestServer & { notes: () => string }> {
  const release = { id: 42, html_url: page, body: notes }
  const started = await server(({ method, path, body, authorization }, response) => {
    if (authorization !== 'token canary') return sendJson(response, 401, { message: 'Bad credentials' })
    if (path === '/repos/aibrix/aibrix/releases/42' && method === 'PATCH')
      Object.assign(release, JSON.parse(body))
    else if (path !== '/repos/aibrix/aibrix/releases/tags/v0.7.0')
      return sendJson(response, 404, { message: 'Not Found' })
    sendJson(response, 200, release)
  })
  return { ...started, notes: () => release.body }
}

const output = createOutput(core, (text) => text)

function note({ host }: TestServer, run: Run, tag = 'v0.7.0', token = 'canary'): Promise<void> {
  const environment = { GITHUB_API_URL: `http://${host}`, GITHUB_REPOSITORY: 'aibrix/aibrix' }
  return noteRelease(run, token, tag, environment, new AbortController().signal, output)
}

describe('the notes of the release that a run is for', () => {
  it('get what was published, and the log has their address', async () => {
    const there = await gitHub('What is new')
    const run = makeRun([makeOutcome()])
    await note(there, run)
    expect(there.notes()).toBe(updateReleaseNotes('What is new', run.outcomes))
    expect(step().log()).toEqual([`The notes of the release v0.7.0 are updated: ${page}`])
  })

  it('stay if they have it already', async () => {
    const run = makeRun([makeOutcome()])
    const there = await gitHub(updateReleaseNotes('', run.outcomes))
    await note(there, run)
    expect(there.seen.map(({ method }) => method)).toEqual(['GET'])
    expect(step().log()).toEqual([`The notes of the release v0.7.0 are unchanged: ${page}`])
  })

  it('that do not exist are a warning', async () => {
    await note(await gitHub(''), makeRun([makeOutcome()]), 'v0.8.0')
    expect(step().log()).toEqual([
      expect.stringMatching(/^::warning::aibrix\/aibrix has no published release for the tag v0\.8\.0/),
    ])
  })

  it.each<[string, ImageOutcome[]]>([
    ['no image', []],
    ['no published image', [makeFailure('No.'), makeOutcome({ state: 'staged' })]],
  ])('are not even read for a run with %s', async (_, outcomes) => {
    const there = await gitHub('What is new')
    await note(there, makeRun(outcomes))
    expect(there.seen).toEqual([])
    expect(step().log()).toEqual([])
  })

  it('are an error if GitHub refuses to change them', async () => {
    const noted = note(await gitHub(''), makeRun([makeOutcome()]), 'v0.7.0', 'other')
    await expect(noted).rejects.toThrow('GitHub does not accept github-token')
  })
})
