/**
 * Works on many items, some of them in parallel. Unlike a queue of thousands of waiting promises, it
 * takes the next item when one is done, which needs a fraction of the memory.
 * @param parallel items in work at most
 * @returns the results in the order of the items
 * @throws what the first failed work threw, after which no further item is begun
 */
export async function inParallel<Item, Result>(
  items: Iterable<Item>,
  parallel: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = [...items].entries()
  let hasFailed = false
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (hasFailed) return
      results[index] = await work(item)
    }
  }
  const workers = Array.from({ length: parallel }, () =>
    worker().catch((error: unknown) => {
      hasFailed = true
      throw error
    }),
  )
  await Promise.all(workers)
  return results
}
