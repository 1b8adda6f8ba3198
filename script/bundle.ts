// Bundles src/ into dist/: one chunk a entry, shared and rarely used parts as chunks of their own, and the licences of
// what is inside. `--check` fails if the committed dist/ is not what the source gives.
import { build, type Metafile } from 'esbuild'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const mainChunkLimit = 600_000

/** @returns bytes of the main chunk and all that it loads at the start */
async function bundle(folder: string): Promise<number> {
  const { metafile } = await build({
    entryPoints: ['src/main.ts', 'src/post.ts'],
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    legalComments: 'none',
    // Packages in CommonJS call require for Node's own modules, which an ES module does not have.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
  })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  await writeFile(join(folder, 'LICENSES.txt'), await licences(metafile))
  return loadedAtStart(metafile, 'main.js')
}

function loadedAtStart(metafile: Metafile, entry: string): number {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const loaded = new Set([entry])
  for (const name of loaded)
    for (const { path, kind } of outputs.get(name)?.imports ?? [])
      if (kind === 'import-statement' && outputs.has(basename(path))) loaded.add(basename(path))
  return [...loaded].reduce((sum, name) => sum + (outputs.get(name)?.bytes ?? 0), 0)
}

async function licences(metafile: Metafile): Promise<string> {
  const folders = Object.keys(metafile.inputs).map(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0],
  )
  const packages = [...new Set(folders)].filter((folder) => folder !== undefined).sort()
  const texts = await Promise.all(
    packages.map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(folder, 'package.json'), 'utf8'),
      ) as Record<string, string>
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
      if (file === undefined) throw new Error(`${folder} brings no licence file`)
      return `${name ?? folder} ${version ?? ''} (${license ?? 'see below'})\n\n${await readFile(join(folder, file), 'utf8')}`
    }),
  )
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const names = (await readdir(folder)).sort()
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  )
}

async function check(): Promise<void> {
  const fresh = await mkdtemp(join(tmpdir(), 'image-action-dist-'))
  try {
    const size = await bundle(fresh)
    const [expected, actual] = await Promise.all([filesOf(fresh), filesOf('dist')])
    const names = [...new Set([...expected.keys(), ...actual.keys()])]
    const stale = names.filter((name) => !expected.get(name)?.equals(actual.get(name) ?? Buffer.alloc(0)))
    if (stale.length > 0)
      throw new Error(`dist/ is out of date (${stale.join(', ')}); run npm run build and commit it`)
    if (size > mainChunkLimit)
      throw new Error(`dist/main.js loads ${size} bytes at its start, the limit is ${mainChunkLimit}`)
    console.log(`dist/ is what src/ gives; dist/main.js loads ${size} bytes at its start`)
  } finally {
    await rm(fresh, { recursive: true })
  }
}

if (process.argv.includes('--check')) await check()
else {
  await rm('dist', { recursive: true, force: true })
  await bundle('dist')
}
