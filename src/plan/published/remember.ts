import { formatRepository, type Manifest, type RegistryClient } from '../../registry/index.ts'

type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/** A registry that is asked each question once: what a plan has seen under a tag stays what it goes by. */
export function rememberAnswers(registry: Reader): Reader {
  const manifests = new Map<string, Promise<Manifest | undefined>>()
  const configs = new Map<string, ReturnType<RegistryClient['getImageConfig']>>()
  return {
    getManifest: (repository, reference) => {
      const place = `${formatRepository(repository)} `
      const answer = manifests.get(place + reference) ?? registry.getManifest(repository, reference)
      manifests.set(place + reference, answer)
      return answer.then((manifest) => {
        if (manifest) manifests.set(place + manifest.digest, answer)
        return manifest
      })
    },
    getImageConfig: (repository, manifest) => {
      const name = `${formatRepository(repository)} ${manifest.config.digest}`
      const answer = configs.get(name) ?? registry.getImageConfig(repository, manifest)
      configs.set(name, answer)
      return answer
    },
  }
}
