import { readFileSync } from 'node:fs'
import type { Product } from '../../src/plan/versions/release.ts'

function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../fixtures/tags/${name}`, import.meta.url), 'utf8')
  return text.trim().split('\n')
}

/** Lists of real tags; `order` has their versions as sorted by Python's `packaging`, oldest first. */
export const lists = (
  [
    ['vllm', 'engine'],
    ['sglang', 'engine'],
    ['aibrix', 'aibrix'],
    ['nixl', 'nixl'],
  ] as const satisfies [string, Product][]
).map(([name, product]) => ({
  name,
  product,
  tags: linesOf(`${name}.txt`),
  order: linesOf(`${name}.order`),
}))
