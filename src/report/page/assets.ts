/** The page's script (`client/`, bundled as one IIFE) and its stylesheet */
export type PageAssets = { script: string; style: string }

/**
 * Empty in the source, where no browser can run the page's TypeScript: script/bundle.ts fills it. The
 * page is then complete, except for what it shows.
 */
export const pageAssets: PageAssets = { script: '', style: '' }
