import { describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { at, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()
const subject = `sha256:${'a'.repeat(64)}` as const
const path = `/v2/aibrix/x/referrers/${subject}`

const entry = (name: string) => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(Buffer.from(name)),
  size: 7,
  artifactType: 'application/spdx+json',
})

function sendPage(response: ServerResponse, names: readonly string[], link?: string): void {
  const manifests = names.map(entry)
  sendJson(
    response,
    200,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    { 'content-type': mediaTypes.ociIndex, ...(link !== undefined && { link: `<${link}>; rel="next"` }) },
  )
}

describe('what refers to a manifest', () => {
  it('is read to the last page, each once', async () => {
    const registry = await server(({ path: asked }, response) => {
      if (asked === path) sendPage(response, ['one', 'two'], `${path}?last=2`)
      else sendPage(response, ['two', 'three'])
    })
    const found = await client().listReferrers(at(registry), subject)
    expect(found?.map(({ digest }) => digest)).toEqual(
      ['one', 'two', 'three'].map((name) => entry(name).digest),
    )
    expect(found?.[0]).toMatchObject({ artifactType: 'application/spdx+json', size: 7 })
    expect(registry.seen.map((seen) => seen.path)).toEqual([path, `${path}?last=2`])
  })

  it('may be nothing', async () => {
    const registry = await server((_, response) => {
      sendPage(response, [])
    })
    expect(await client().listReferrers(at(registry), subject)).toEqual([])
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ...[400, 404, 405, 406, 501].map((status): [string, (response: ServerResponse) => void] => [
      `with ${status}`,
      (response) => {
        sendJson(response, status, { errors: [{ code: 'NOT_FOUND' }] })
      },
    ]),
    [
      'with a web page',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
      },
    ],
    [
      'with another document',
      (response) => {
        sendJson(response, 200, {})
      },
    ],
  ])('is not known to a registry that answers %s', async (_, answer) => {
    const registry = await server((__, response) => {
      answer(response)
    })
    expect(await client().listReferrers(at(registry), subject)).toBeUndefined()
  })

  it.each<[string, (response: ServerResponse, asked: string) => void, RegExp]>([
    [
      'refuses',
      (response) => {
        sendJson(response, 403, { errors: [{ code: 'DENIED' }] })
      },
      /refused the request for the referrers in aibrix\/x/,
    ],
    [
      'links to another host',
      (response) => {
        sendPage(response, ['one'], 'http://evil.example/next')
      },
      /with a next page at http:\/\/evil\.example/,
    ],
    [
      'links back',
      (response) => {
        sendPage(response, ['one'], path)
      },
      /links back to an earlier page/,
    ],
    [
      'never ends',
      (response, asked) => {
        sendPage(response, ['one'], `${path}?last=${asked.length}${asked.slice(-4)}`)
      },
      /links back to an earlier page|more than 1000 entries/,
    ],
    [
      'lists too much',
      (response) => {
        sendPage(
          response,
          Array.from({ length: 1001 }, (_, number) => `entry ${number}`),
        )
      },
      /has more than 1000 entries/,
    ],
    [
      'lists what is no descriptor',
      (response) => {
        const headers = { 'content-type': mediaTypes.ociIndex }
        sendJson(response, 200, { manifests: [{ digest: '../x' }] }, headers)
      },
      /the list of what refers to .* is not valid at manifests\.0/,
    ],
    [
      'ends before its last page',
      (response, asked) => {
        if (asked === path) sendPage(response, ['one'], `${path}?last=1`)
        else sendJson(response, 404, {})
      },
      /ends before its last page/,
    ],
  ])('is an error if the registry %s', async (_, answer, expected) => {
    const registry = await server(({ path: asked }, response) => {
      answer(response, asked)
    })
    expect(await sentence(client().listReferrers(at(registry), subject))).toMatch(expected)
  })
})
