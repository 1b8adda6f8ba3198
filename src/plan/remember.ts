import { formatRepository, type Manifest, type RegistryClient } from '../registry/index.ts'

export type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/** @returns the value of a key, which is asked for once */
export function remembered<V>(values: Map<string, V>, key: string, ask: () => V): V {
  const value = values.get(key) ?? ask()
  values.set(key, value)
  return value
}

/** A registry that is asked each question once: a plan relies on the first answer about a tag. */
export function rememberAnswers(registry: Reader): Reader {
  const manifests = new Map<string, Promise<Manifest | undefined>>()
  const configs = new Map<string, ReturnType<RegistryClient['getImageConfig']>>()
  return {
    getManifest: async (repository, reference) => {
      const place = `${formatRepository(repository)} `
      const answer = remembered(manifests, place + reference, () =>
        registry.getManifest(repository, reference),
      )
      const manifest = await answer
      if (manifest) manifests.set(place + manifest.digest, answer)
      return manifest
    },
    getImageConfig: (repository, manifest) =>
      remembered(configs, `${formatRepository(repository)} ${manifest.config.digest}`, () =>
        registry.getImageConfig(repository, manifest),
      ),
  }
}
