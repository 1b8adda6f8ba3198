import type { Engine } from '../plan/index.ts'
import type { Facts } from '../verify/index.ts'

type Integration = NonNullable<Facts['integration']>

/**
 * The names under which AIBrix's patches register their connector. v0.10.2: as in AIBrix's own sample
 * (samples/kvcache/l1cache/vllm.yaml). v0.14.0: it has no Type3, and registers the one that the README
 * of AIBrix v0.7.0 recommends. v0.8.5 has only this one.
 */
const patchConnectors: readonly [patch: string, connector: string][] = [
  ['v0.8.5', 'AIBrixOffloadingConnector'],
  ['v0.9.1', 'AIBrixOffloadingConnectorV1Type3'],
  ['v0.10.2', 'AIBrixOffloadingConnectorV1Type3'],
  ['v0.14.0', 'AIBrixPDReuseConnector'],
]
/** Registered by every patch from v0.9.1 to v0.14.0 */
const commonConnector = 'AIBrixOffloadingConnectorV1Type1'

/** Class in each connector module (aibrix_kvcache/integration/vllm/kv_connector, v0.7.0). */
const moduleClasses: Record<string, string> = {
  aibrix_pd_reuse_connector: 'AIBrixPDReuseConnector',
  aibrix_offloading_connector_type1: 'AIBrixOffloadingConnector',
  aibrix_offloading_connector_type2: 'AIBrixOffloadingConnector',
}
const defaultModule = 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector'

/**
 * The options that make the engine use AIBrix: for vLLM a connector, for SGLang the storage backend of
 * its HiCache for AIBrix (mem_cache/storage/aibrix_kvcache/README.md in SGLang).
 * @returns options for a shell; null if AIBrix is not integrated
 */
export function integrationLine(engine: Engine, integration: Integration | null): string | null {
  if (!integration || integration.mode === 'none') return null
  if (engine === 'sglang') return '--enable-hierarchical-cache --hicache-storage-backend aibrix'
  const config = integration.mode === 'patch' ? patchConfig(integration) : moduleConfig(integration)
  return `--kv-transfer-config '${JSON.stringify(config).replaceAll("'", String.raw`'\''`)}'`
}

function patchConfig({ evidence }: Integration): Record<string, string> {
  const found = patchConnectors.find(([patch]) => evidence?.includes(`${patch}-`))
  return { kv_connector: found?.[1] ?? commonConnector, kv_role: 'kv_both' }
}

function moduleConfig({ evidence }: Integration): Record<string, string> {
  const module = evidence ?? defaultModule
  return {
    kv_connector: moduleClasses[module.split('.').at(-1) ?? ''] ?? 'AIBrixPDReuseConnector',
    kv_role: 'kv_both',
    kv_connector_module_path: module,
  }
}
