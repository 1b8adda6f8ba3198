// Bundles the script and the stylesheet of the HTML page (src/report/page/client).
import { build, type Plugin } from 'esbuild'
import type { PageAssets } from '../src/report/page/assets.ts'
import { directImports } from './direct-imports.ts'

const client = 'src/report/page/client'

/** @returns what `pageAssets` is in dist/: the script as one IIFE, both without comments */
export async function bundlePageAssets(): Promise<PageAssets> {
  const { outputFiles } = await build({
    entryPoints: [`${client}/main.ts`, `${client}/page.css`],
    outdir: 'page',
    write: false,
    bundle: true,
    minify: true,
    platform: 'browser',
    // Browsers of 2024: their CSS has light-dark()
    target: ['chrome123', 'firefox120', 'safari17.5'],
    format: 'iife',
    legalComments: 'none',
    plugins: [directImports],
  })
  const textOf = (end: string): string => {
    const file = outputFiles.find(({ path }) => path.endsWith(end))
    if (file === undefined) throw new Error(`esbuild made no ${end} of ${client}`)
    return file.text.trim()
  }
  return { script: textOf('.js'), style: textOf('.css') }
}

/** Fills the source's empty `pageAssets`. */
export const filledPageAssets: Plugin = {
  name: 'filled-page-assets',
  setup: (build) => {
    build.onLoad({ filter: /\/src\/report\/page\/assets\.ts$/ }, async () => ({
      contents: `export const pageAssets = ${JSON.stringify(await bundlePageAssets())}`,
    }))
  },
}
