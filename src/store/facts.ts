import type { BaseImage, Engine, KnownBase, TagIndex } from '../plan/index.ts'
import { getArtifact, putArtifact, type RegistryClient, type Repository } from '../registry/index.ts'
import { type BaseFacts, baseFactsSchema, baseNixl } from '../verify/index.ts'
import { documents, factsTag, type Now } from './contents.ts'
import { parsed } from '../json.ts'

/** What was measured in bases, under the digests of their manifests, for the plans and builds to come. */
export type FactsReader = {
  /**
   * @param questions how many bases are asked about, see TagIndex; left out, the registry is asked for this one
   * @returns undefined if there are none, or another version of the action wrote them in a form that is not known here
   */
  read: (base: BaseImage, questions?: number) => Promise<BaseFacts | undefined>
}

export type FactsWriter = {
  /** @param replace whether they take the place of those that are there */
  write: (base: BaseImage, facts: BaseFacts, replace?: boolean) => Promise<void>
}

export function readFactsIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tags: TagIndex,
): FactsReader {
  return {
    read: async (base, questions = 0) => {
      const tag = factsTag(base)
      if ((await tags.knows(repository, tag, questions)) === false) return undefined
      const bytes = await getArtifact(registry, repository, tag, documents.facts)
      return bytes && parsed(baseFactsSchema, bytes.toString('utf8'))
    },
  }
}

export function writeFactsIn(
  registry: Pick<RegistryClient, 'getManifest' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
): FactsWriter {
  return {
    write: async (base, facts, replace = false) => {
      const tag = factsTag(base)
      if (!replace && (await registry.getManifest(repository, tag))) return
      const { type } = documents.facts
      const bytes = Buffer.from(`${JSON.stringify(facts)}\n`)
      await putArtifact(registry, repository, tag, { type, bytes, created: now() })
    },
  }
}

/** What the plan judges by. */
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
