import type { Engine } from '../../plan/index.ts'
import type { Facts } from '../../verify/index.ts'

type Integration = NonNullable<Facts['integration']>

/**
 * Names under which AIBrix's patches register their connector. For v0.10.2 it is the one of AIBrix's own sample
 * (samples/kvcache/l1cache/vllm.yaml); the patch for v0.14.0 has no Type3 and registers the one that its README of
 * v0.7.0 recommends; v0.8.5 has only this one.
 */
const patchConnectors: readonly [patch: string, connector: string][] = [
  ['v0.8.5', 'AIBrixOffloadingConnector'],
  ['v0.9.1', 'AIBrixOffloadingConnectorV1Type3'],
  ['v0.10.2', 'AIBrixOffloadingConnectorV1Type3'],
  ['v0.14.0', 'AIBrixPDReuseConnector'],
]
/** What every patch from v0.9.1 to v0.14.0 registers */
const commonConnector = 'AIBrixOffloadingConnectorV1Type1'

/** Class in each connector module (aibrix_kvcache/integration/vllm/kv_connector, v0.7.0). */
const moduleClasses: Record<string, string> = {
  aibrix_pd_reuse_connector: 'AIBrixPDReuseConnector',
  aibrix_offloading_connector_type1: 'AIBrixOffloadingConnector',
  aibrix_offloading_connector_type2: 'AIBrixOffloadingConnector',
}
const defaultModule = 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector'

/**
 * What a user passes to the engine so that it uses AIBrix: for vLLM a connector, for SGLang the storage backend that
 * its HiCache has for AIBrix (mem_cache/storage/aibrix_kvcache/README.md in SGLang).
 * @returns options for a shell; null where AIBrix is not integrated
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
