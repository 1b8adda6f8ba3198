// The part of script/demo-published after script/setup.
import { join, resolve } from 'node:path'
import { serveIndex } from '../stand-ins/index-server.ts'
import { demoInputs, ownNamespace, prepareBases } from './demo-parts.ts'
import { runInTerminal, type TerminalRun } from './in-terminal.ts'
import { registry } from './runner.ts'

const mirror = process.env.MIRROR ?? '127.0.0.1:5001'
const namespace = ownNamespace()
const images = [
  { engine: 'vllm', name: 'vllm-openai' },
  { engine: 'sglang', name: 'sglang' },
]
const mirrors = images.map(({ name }) => `${mirror}/${namespace}/${name}`).join('\n')

function begin(title: string, why: string): void {
  console.log(`\n── ${title}\n${why}\n`)
}

/** Runs a command in this terminal. @param why a sentence on what is shown */
async function step(
  title: string,
  why: string,
  { command = 'run', ...inputs }: Record<string, string>,
): Promise<TerminalRun> {
  begin(title, why)
  const run = await runInTerminal(command, inputs, resolve('.cache/demo-published'))
  if (run.code !== 0) throw new Error(`${title} failed; the reason is in the lines above.`)
  return run
}

/** Returns the digest that a tag names in a registry; undefined if there is no such tag. */
async function digestIn(host: string, name: string, tag: string): Promise<string | undefined> {
  const accept = ['index', 'manifest'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`).join(', ')
  const url = `http://${host}/v2/${namespace}/${name}/manifests/${tag}`
  const answer = await fetch(url, { method: 'HEAD', headers: { accept } })
  return answer.ok ? (answer.headers.get('docker-content-digest') ?? undefined) : undefined
}

const standIns = await prepareBases()
const server = await serveIndex(standIns.index)
const inputs = { ...demoInputs(standIns, server.url), mirrors }
try {
  const run = await step(
    'publish, with a mirror',
    `Both engines are built and verified, unless they are already, and published to ${registry} and, by the input mirrors, to ${mirror}: the same digests under the same tags.`,
    inputs,
  )
  const published = run.outputs.images as { engine: string; digest: string }[]
  await step(
    'list',
    'command: list shows what is published, with what was measured and how it was judged; where selects images, here those with NIXL 0.7.1.',
    { ...inputs, command: 'list', where: 'nixl=0.7.1' },
  )
  for (const { engine, digest } of published)
    await step(
      `tag ${engine}`,
      'command: tag gives this image the tag "stable", after a look at its stored report: in the public repository, then in the mirror.',
      { ...inputs, command: 'tag', engine, versions: 'default', image: digest, tags: 'stable' },
    )
  const list = await step(
    'list again',
    'Without where: all images, now with the tag "stable". Nothing is read twice, since the first list was stored.',
    { ...inputs, command: 'list' },
  )
  begin(
    'the tag "stable"',
    'Both registries are asked which digest the tag names; it must be the published one, byte for byte.',
  )
  for (const { engine, name } of images) {
    const wanted = published.find((image) => image.engine === engine)?.digest
    for (const host of [registry, mirror]) {
      const found = await digestIn(host, name, 'stable')
      const isPublished = found !== undefined && found === wanted
      const verdict = isPublished ? '= published' : `≠ published: ${wanted ?? 'none'}`
      console.log(`  ${`${host}/${namespace}/${name}:stable`.padEnd(56)} ${found ?? 'is missing'} ${verdict}`)
      if (!isPublished) process.exitCode = 1
    }
  }
  console.log(`\nThe page of all images: ${join(String(list.outputs['page-path']), 'index.html')}`)
} finally {
  await server.close()
}
console.log(
  `\n${process.exitCode === undefined ? 'The demo succeeded' : 'The demo FAILED'}. The engine and both registries are still running; CONTRIBUTING.md says how to stop the second one.`,
)
