import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Inventory } from '../../inventory/index.ts'
import { writeParts } from '../../system/index.ts'
import { pageAssets } from './assets.ts'
import { badgesOf, renderBadge } from './badge.ts'
import { pageParts } from './render-page.ts'

/**
 * Writes the page (`index.html`) and the badges of engines (`vllm.svg`, `sglang.svg`).
 * @param folder created if it does not exist: the output `page-path`
 */
export function writePage(folder: string, inventory: Inventory): void {
  mkdirSync(folder, { recursive: true })
  writeParts(join(folder, 'index.html'), pageParts(inventory, pageAssets))
  for (const [engine, badge] of badgesOf(inventory))
    writeFileSync(join(folder, `${engine}.svg`), renderBadge(badge))
}
