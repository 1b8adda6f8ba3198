import type { Imports } from '../../src/verify/running-facts.ts'

export const site = '/usr/local/lib/python3.12/dist-packages'

/**
 * Returns what Python imports if everything is as pip installed it. @param pip normalised name →
 * version
 */
export function makeImports(pip: Record<string, string>, first: string | null = null): Imports {
  const distributions = Object.keys(pip).filter((name) =>
    /^(?:vllm|sglang|torch|nixl(?:-cu\d+)?|aibrix-kvcache)$/.test(name),
  )
  const modules = distributions.flatMap((name) => {
    const folder = name.replaceAll('-', '_')
    const owners = () => [{ name, version: pip[name] ?? '' }]
    const plain = { owners: owners(), version: null, error: null }
    const top = { ...plain, name: folder, file: `${site}/${folder}/__init__.py` }
    const compiled = { ...plain, owners: owners(), name: `${folder}._aibrix_C` }
    return name === 'aibrix-kvcache'
      ? [top, { ...compiled, file: `${site}/${folder}/_aibrix_C.abi3.so` }]
      : [top]
  })
  return {
    ...{ interpreter: '/usr/bin/python3', first, pythonPath: [], userSite: null, closed: [], error: null },
    path: ['/usr/lib/python3.12', site],
    modules,
  }
}
