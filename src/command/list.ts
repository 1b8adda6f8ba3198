import { join } from 'node:path'
import type { Inventory, Where } from '../inventory/index.ts'
import { createStore } from '../store/index.ts'
import { attempt, keepHeapSmall, writeParts } from '../system/index.ts'
import { publishSummary, setOutputs, type ShowSettings } from './show.ts'
import type { CommandTools } from './world/tools.ts'

/** Most images that the log describes; the other forms have them all. */
const describedImages = 20

/** Lists what is published, and shows it. @throws UserError if nothing of it can be read */
export async function listAndShow(tools: CommandTools, where: Where, show: ShowSettings): Promise<void> {
  keepHeapSmall()
  const { inputs, machine, registry, git, nixl } = tools
  const { plan, push } = inputs
  const { signal, redact } = machine
  const { listPublished } = await import('../inventory/list.ts')
  const { legs, inventories } = createStore(registry, plan.cacheRepository)
  const world = { registry, legs, inventories, git, nixl, signal, redact, now: () => new Date() }
  const { inventory, read } = await listPublished({ plan, where, push }, world)
  for (const line of describeList(inventory, read)) machine.log(line)
  for (const warning of inventory.warnings) machine.warn(warning)
  await publishList(inventory, show)
}

/** @param read digests that earlier lists did not know @returns the list as log lines */
export function describeList({ images, behind }: Inventory, read: number): string[] {
  const more = images.length - describedImages
  const listed = images.length === 1 ? '1 image is listed' : `${images.length} images are listed`
  const reads = read === 1 ? '1 digest was read' : `${read} digests were read`
  return [
    listed + (images.length + read === 0 ? '' : `; ${reads}, all others were known`),
    ...images
      .slice(0, describedImages)
      .map(({ repository, tags, digest }) => `  ${repository}@${digest}  ${tags.join(' ')}`),
    ...(more > 0 ? [`and ${more} more images`] : []),
    ...behind.map(
      ({ what, published, newer }) =>
        `${what}: ${published ?? 'nothing'} is published, upstream has ${newer.join(', ')}`,
    ),
  ]
}

/** Writes the files of a list, and publishes its outputs and the job summary. */
export async function publishList(inventory: Inventory, show: ShowSettings): Promise<void> {
  const { renderListSummary } = await import('../report/summary/list-summary.ts')
  const { writePage } = await import('../report/page/write-page.ts')
  const path = publishSummary(renderListSummary(inventory, show.retry.retried()), show)
  setOutputs(show, {
    ...writeFiles(inventory, writePage, show),
    behind: JSON.stringify(inventory.behind),
    'summary-path': path,
  })
}

/** Each file of a list has one entry here. @returns output → path, empty if it can't be written */
function writeFiles(
  inventory: Inventory,
  writePage: (folder: string, inventory: Inventory) => void,
  show: ShowSettings,
): Record<string, string> {
  const files = [
    { output: 'list-path', name: 'list.json', write: writeJson },
    { output: 'page-path', name: 'page', write: writePage },
  ]
  return Object.fromEntries(
    files.map(({ output, name, write }) => {
      const path = join(show.workspace.root, name)
      const isThere = attempt(show.warn, `The file ${name}`, `The output "${output}" is empty.`, () => {
        write(path, inventory)
      })
      return [output, isThere ? path : '']
    }),
  )
}

function writeJson(path: string, inventory: Inventory): void {
  writeParts(path, jsonParts(inventory))
}

function* jsonParts({ images, ...rest }: Inventory): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"images":[`
  let separator = '\n'
  for (const image of images) {
    yield separator + JSON.stringify(image)
    separator = ',\n'
  }
  yield '\n]}\n'
}
