// Bundles src/ into dist/: one chunk per entry, separate chunks for shared and rarely used parts,
// and the licences of the bundled packages. `--check` fails if the committed dist/ differs from a
// new bundle.
import { build, type Metafile, type Plugin } from 'esbuild'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { filledDefinition } from './action-definition.ts'
import { directImports } from './direct-imports.ts'
import { filledPageAssets } from './page-assets.ts'

const mainChunkLimit = 220_000

/**
 * @actions/core has an unused part that imports @actions/exec, which @actions/cache uses. Loading
 * that part has no side effects, but esbuild must be told so; otherwise main would load
 * @actions/exec at its start.
 */
const unusedPart: Plugin = {
  name: 'unused-part',
  setup: (build) => {
    build.onResolve({ filter: /^\.\/platform\.js$/ }, async ({ path, pluginData, ...rest }) =>
      pluginData === unusedPart
        ? undefined
        : { ...(await build.resolve(path, { ...rest, pluginData: unusedPart })), sideEffects: false },
    )
  },
}

/**
 * @actions/http-client needs undici (400 kB) only for a method that returns a dispatcher for
 * `fetch` through a proxy. Nothing calls it.
 */
const unusedUndici: Plugin = {
  name: 'unused-undici',
  setup: (build) => {
    build.onResolve({ filter: /^undici$/ }, ({ importer, path }) =>
      /(?<!node_modules.*)node_modules\/@actions\/http-client\//.test(importer)
        ? { path, namespace: 'unused' }
        : undefined,
    )
    build.onLoad({ filter: /^undici$/, namespace: 'unused' }, () => ({
      contents:
        "export class ProxyAgent { constructor() { throw new Error('undici is not in this bundle, see script/bundle.ts') } }",
    }))
  },
}

/**
 * Bundles only the field of package.json that src/version.ts uses, so that new test dependencies do
 * not change dist/.
 */
const ownVersion: Plugin = {
  name: 'own-version',
  setup: (build) => {
    build.onLoad({ filter: /\/package\.json$/ }, async ({ path }) => {
      if (path !== resolve('package.json')) return undefined
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string }
      return { contents: JSON.stringify({ version }), loader: 'json' }
    })
  },
}

/** Returns the bytes of the main chunk and everything that it loads at its start. */
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
    plugins: [filledPageAssets, filledDefinition, directImports, unusedPart, unusedUndici, ownVersion],
    // CommonJS packages call require for Node's own modules, and an ES module has no require.
    // esbuild does not know this name, so it must be longer than the names that esbuild generates.
    banner: {
      js: "import{createRequire as requireOfNode}from'node:module';const require=requireOfNode(import.meta.url);",
    },
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
      const { name, version, license, author } = JSON.parse(
        await readFile(join(folder, 'package.json'), 'utf8'),
      ) as Record<string, string>
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
      const isMit = license === 'MIT' && author !== undefined
      if (file === undefined && !isMit) throw new Error(`${folder} has no licence file`)
      const text = file === undefined ? mit(author ?? '') : await readFile(join(folder, file), 'utf8')
      return `${name ?? folder} ${version ?? ''} (${license ?? 'see below'})\n\n${text}`
    }),
  )
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

/**
 * The text of a licence that a package (@nodable/entities) names but does not include
 * (https://spdx.org/licenses/MIT.html).
 */
function mit(author: string): string {
  return `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
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
      throw new Error(`dist/main.js loads ${size} bytes at its start; the limit is ${mainChunkLimit}`)
    console.log(`dist/ is up to date; dist/main.js loads ${size} bytes at its start`)
  } finally {
    await rm(fresh, { recursive: true })
  }
}

if (process.argv.includes('--check')) await check()
else {
  await rm('dist', { recursive: true, force: true })
  await bundle('dist')
}
