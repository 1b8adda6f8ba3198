// The part of script/demo-published after script/setup.
import { join, resolve } from 'node:path'
import { serveIndex } from '../stand-ins/index-server.ts'
import { demoInputs, isProgress, ownNamespace, prepareBases, withoutFolds } from './demo-parts.ts'
import { type ActionRun, registry, runStep } from './runner.ts'

const mirror = process.env.MIRROR ?? '127.0.0.1:5001'
const namespace = ownNamespace()
const images = [
  { engine: 'vllm', name: 'vllm-openai' },
  { engine: 'sglang', name: 'sglang' },
]
const mirrors = images.map(({ name }) => `${mirror}/${namespace}/${name}`).join('\n')

/** Runs a step and prints its summary. */
async function step(title: string, inputs: Record<string, string>): Promise<ActionRun> {
  console.log(`\n── ${title}`)
  const run = await runStep(inputs, resolve('.cache/demo-published'), isProgress)
  console.log(`\n${withoutFolds(run.summary)}`)
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
  const run = await step('publish, with a mirror', inputs)
  const published = JSON.parse(run.outputs.images ?? '[]') as { engine: string; digest: string }[]
  await step('list', { ...inputs, command: 'list' })
  for (const { engine, digest } of published)
    await step(`tag ${engine}`, {
      ...inputs,
      command: 'tag',
      engine,
      versions: 'default',
      image: digest,
      tags: 'stable',
    })
  const list = await step('list again', { ...inputs, command: 'list', where: 'tag=stable' })
  console.log(`\n── the tag "stable"`)
  for (const { engine, name } of images) {
    const wanted = published.find((image) => image.engine === engine)?.digest
    for (const host of [registry, mirror]) {
      const found = await digestIn(host, name, 'stable')
      console.log(`  ${`${host}/${namespace}/${name}:stable`.padEnd(60)} ${found ?? 'is missing'}`)
      if (found === undefined || found !== wanted) process.exitCode = 1
    }
  }
  console.log(`\nThe page of the list: ${join(list.outputs['page-path'] ?? '', 'index.html')}`)
} finally {
  await server.close()
}
console.log(
  `\n${process.exitCode === undefined ? 'The demo succeeded' : 'The demo FAILED'}. The engine and both registries are still running.`,
)
