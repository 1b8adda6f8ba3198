import type { BaseImage, Engine, KnownBase, TagIndex } from '../plan/index.ts'
import { getArtifact, putArtifact, type RegistryClient, type Repository } from '../registry/index.ts'
import { type BaseFacts, baseFactsSchema, baseNixl } from '../verify/index.ts'
import { documents, factsTag, type Now } from './contents.ts'
import { parsed } from '../json.ts'

/** What was measured in bases, under the digests of their manifests. */
export type FactsReader = {
  /**
   * Reads the facts of a base from the registry, once.
   * @param questions number of bases in question, see TagIndex. Default: this one is requested
   * @returns undefined if there are none in a format that this version of the action knows
   */
  read: (base: BaseImage, questions?: number) => Promise<BaseFacts | undefined>
  /** Makes the next `read` ask the registry again. */
  forget: (base: BaseImage) => void
}

export function readFactsIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tags: TagIndex,
): FactsReader {
  const known = new Map<string, Promise<BaseFacts | undefined>>()
  const read = async (base: BaseImage, questions: number): Promise<BaseFacts | undefined> => {
    const tag = factsTag(base)
    if ((await tags.knows(repository, tag, questions)) === false) return undefined
    const bytes = await getArtifact(registry, repository, tag, documents.facts)
    return bytes && parsed(baseFactsSchema, bytes.toString('utf8'))
  }
  const forget = ({ manifestDigest }: BaseImage): void => void known.delete(manifestDigest)
  return {
    read: (base, questions = 0) => {
      const facts = known.get(base.manifestDigest) ?? read(base, questions)
      known.set(base.manifestDigest, facts)
      facts.catch(() => {
        forget(base)
      })
      return facts
    },
    forget,
  }
}

/** `write` overwrites stored facts only with `replace`. @param reader forgets what is written */
export function writeFactsIn(
  registry: Pick<RegistryClient, 'getManifest' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
  reader: Pick<FactsReader, 'forget'>,
) {
  return {
    write: async (base: BaseImage, facts: BaseFacts, replace = false): Promise<void> => {
      const tag = factsTag(base)
      const { type } = documents.facts
      const bytes = Buffer.from(`${JSON.stringify(facts)}\n`)
      if (replace || !(await registry.getManifest(repository, tag)))
        await putArtifact(registry, repository, tag, { type, bytes, created: now() })
      reader.forget(base)
    },
  }
}

/** What a plan judges a base by. */
export function knownFrom(base: BaseFacts, engine: Engine): KnownBase {
  const { python, torch } = base
  return {
    ...baseNixl(base, engine),
    source: 'measured',
    python: python.version.split('.').slice(0, 2).join('.'),
    ...(torch && { torch: torch.version.replace(/\+.*$/, '') }),
    ...(torch?.cuda && { cuda: torch.cuda }),
  }
}
