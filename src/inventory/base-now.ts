import { baseRepository, type Engine, engines, remembered } from '../plan/index.ts'
import {
  type Digest,
  formatReference,
  formatRepository,
  type ParsedManifest,
  parseReference,
  parseRepository,
  platformManifest,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import type { BaseState } from './base-states.ts'
import { createQuestions, type Questions } from './questions.ts'
import type { ReadBase } from './read-image.ts'
import type { Warnings } from './warnings.ts'

/** Tells what has become of the bases of images. Each base tag is resolved once. */
export type Bases = {
  /** @param platform `linux/amd64` */
  stateOf: (base: ReadBase, engine: Engine, platform: string) => Promise<BaseState>
}

type Registry = Pick<RegistryClient, 'resolveTag' | 'getManifest' | 'listTags'>

/** What a base tag names now, read only where its digest does not tell. */
type Now = { top: Digest | undefined; parsed: () => Promise<ParsedManifest | undefined> }

/** @param baseRegistry host of the base images, with the path of a mirror */
export function createBases(
  registry: Registry,
  baseRegistry: string,
  signal: AbortSignal,
  warnings: Warnings,
): Bases {
  const questions = createQuestions(signal)
  const tags = new Map<string, Promise<Now | undefined>>()
  const digests = new Map<string, Promise<boolean>>()
  return {
    stateOf: async (base, engine, platform) => {
      if (base.tag === null) return 'unknown'
      const repository = base.isUpstream
        ? baseRepository(baseRegistry, engines[engine].baseRepository)
        : parseRepository(base.name.slice(0, -`:${base.tag}`.length))
      const place = { ...repository, tag: base.tag }
      const name = formatReference(place)
      const now = await remembered(tags, name, () => resolve(registry, place, questions, warnings))
      if (now === undefined) return 'unknown'
      const answered = await questions.ask(async (): Promise<BaseState> => {
        if (now.top === undefined) {
          const exists = () => registry.resolveTag(place, base.digest).then((found) => found !== undefined)
          if (await remembered(digests, base.digest, exists)) return 'moved'
          return (await isWhereItWas(base, place, registry)) ? 'gone' : 'unknown'
        }
        if (now.top === base.top) return 'current'
        return isNamed(base.digest, now.top, await now.parsed(), platform) ? 'current' : 'moved'
      })
      if ('answer' in answered) return answered.answer
      warnings.add(name, answered.unread.message)
      return 'unknown'
    },
  }
}

async function resolve(
  registry: Registry,
  place: Repository & { tag: string },
  questions: Questions,
  warnings: Warnings,
): Promise<Now | undefined> {
  const answered = await questions.ask(() => registry.resolveTag(place, place.tag))
  if ('unread' in answered) {
    warnings.add(formatReference(place), answered.unread.message)
    return undefined
  }
  const read = new Map<string, Promise<ParsedManifest | undefined>>()
  const parsed = () =>
    remembered(read, '', async () => (await registry.getManifest(place, place.tag))?.parsed)
  return { top: answered.answer, parsed }
}

/** Only the repository that a base was taken from tells by its silence that the base is gone. */
async function isWhereItWas(base: ReadBase, place: Repository, registry: Registry): Promise<boolean> {
  const { tag: _, ...repository } = parseReference(base.name)
  return (
    formatRepository(repository) === formatRepository(place) && (await registry.listTags(place)).length > 0
  )
}

/** Whether a tag names this manifest for the platform. */
function isNamed(digest: Digest, top: Digest, parsed: ParsedManifest | undefined, platform: string): boolean {
  if (digest === top) return true
  return parsed?.kind === 'index' && platformManifest(parsed, platform)?.digest === digest
}
