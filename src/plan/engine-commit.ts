import { type Engine, engines } from './engine.ts'

const revisionLabel = 'org.opencontainers.image.revision'
const sourceLabel = 'org.opencontainers.image.source'

/** A full hash; upstream's Dockerfiles write `unknown` if a build was not told. */
const commit = /^[0-9a-f]{40}$/

/**
 * The commit that an engine was built from, as its base states it in labels: that of upstream's own
 * builds (`ai.vllm.build.commit`, `ai.sglang.build.commit`), else the OCI revision if the labels say
 * that it is one of the engine's repository. An image built on upstream's may have its own revision
 * there, and NVIDIA's bases under older engines have neither.
 * @param labels of the base
 * @returns undefined if no label says so
 */
export function engineCommit(engine: Engine, labels: Readonly<Record<string, string>>): string | undefined {
  const { source } = engines[engine]
  const own = commit.exec(labels[`ai.${engine}.build.commit`] ?? '')?.[0]
  if (own !== undefined) return own
  const stated = (labels[sourceLabel] ?? '').replace(/(?:\.git)?\/?$/, '')
  return stated === source ? commit.exec(labels[revisionLabel] ?? '')?.[0] : undefined
}
