/** How BuildKit is called, apart from what is built. */
export type BuildOptions = {
  /** Name of a buildx builder; undefined: the current one, or one that is made */
  builder: string | undefined
  /** Image of BuildKit for a builder that is made */
  buildkitImage: string | undefined
  network: 'default' | 'host'
  /** As `--provenance` takes it; undefined: as buildx does by default */
  provenance: string | undefined
  /** As `--sbom` takes it; undefined: none */
  sbom: string | undefined
  /** Whether layers and stage artifacts of earlier builds are taken from the cache repository and kept there */
  cache: 'registry' | 'off'
}
