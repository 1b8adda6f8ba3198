import { rcompare } from '@renovatebot/pep440'
import {
  type Catalogue,
  type CatalogueRelease,
  currentRelease,
  type Engine,
  engineNames,
  engines,
  knownBase,
  minorLineOf,
  parseEngineVersion,
  type TestedRelease,
  ucxOfNixl,
} from '../plan/index.ts'
import { escaped, folded, none, table } from './markdown.ts'

/**
 * The catalogue as Markdown: which versions fit, and the images that AIBrix recommended with each release.
 * @throws UserError if the catalogue contradicts itself
 */
export function renderHistory(catalogue: Catalogue): string {
  return [
    '## Compatibility Matrix',
    'What the defaults build:',
    renderMatrix(catalogue),
    folded('What each release of AIBrix needs', renderNeeds(catalogue)),
    folded('What each NIXL ships', renderNixl(catalogue)),
    '## Release History',
    ...newestFirst(catalogue.releases).flatMap(([name, { tested }]) =>
      tested ? [renderRelease(catalogue, name, tested)] : [],
    ),
  ].join('\n\n')
}

const titles = engineNames.map((engine) => engines[engine].title)

/** @returns a cell for each engine */
function perEngine(cell: (engine: Engine) => string): string[] {
  return engineNames.map(cell)
}

function newestFirst<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([left], [right]) => rcompare(left, right))
}

function renderMatrix(catalogue: Catalogue): string {
  const tested = currentRelease(catalogue)
  const { torch, nixl, ucx } = componentsOf(catalogue, tested)
  return table(
    ['Component', ...titles.map((title) => `${title} Image`)],
    [
      ['Engine version', ...perEngine((engine) => tested.engines[engine])],
      ['Torch version', ...torch],
      ['aibrix_kvcache', ...perEngine(() => catalogue.current)],
      ['NIXL / CUDA plugin', ...nixl],
      ['UCX', ...ucx],
    ],
  )
}

function renderRelease(catalogue: Catalogue, name: string, tested: TestedRelease): string {
  const { cuda, torch, nixl, ucx } = componentsOf(catalogue, tested)
  const components = table(
    ['Component', ...titles, 'Notes'],
    [
      ['Engine', ...perEngine((engine) => tested.engines[engine]), 'Stable inference engines'],
      ['CUDA', ...cuda, 'CUDA Version'],
      ['Torch', ...torch, 'PyTorch Version'],
      ['AIBrix KVCache', ...perEngine(() => name), 'KV cache disaggregation support'],
      ['NIXL', ...nixl, 'UCX-based RDMA networking'],
      ['UCX', ...ucx, 'Pre-installed for debugging'],
    ],
  )
  const tags = tested.tags.map((tag) => `- \`${tag}\``).join('\n')
  const body = `${components}\n\n**Recommended Tags:**\n\n${tags}`
  return name === catalogue.current ? `### ${name} (Current)\n\n${body}` : folded(name, body)
}

/** Rows of a table; torch and CUDA are the bases' in the catalogue, to the minor version. */
function componentsOf(catalogue: Catalogue, { engines: versions, nixl }: TestedRelease) {
  const bases = engineNames.map((engine) => {
    const version = parseEngineVersion(versions[engine])
    return version ? knownBase(catalogue, engine, version) : undefined
  })
  const minor = (version: string | undefined): string => (version === undefined ? none : minorLineOf(version))
  return {
    cuda: bases.map((base) => minor(base?.cuda)),
    torch: bases.map((base) => minor(base?.torch)),
    nixl: perEngine(() => nixl),
    ucx: perEngine(() => ucxOfNixl(catalogue, nixl)),
  }
}

function renderNeeds(catalogue: Catalogue): string {
  const rows = newestFirst(catalogue.releases).map(([name, { needs, vllm, notes = [] }]) => [
    name,
    `\`${needs.python}\``,
    `\`${needs.torch}\``,
    integrationOf(vllm),
    `from v${catalogue.sglang.module} on`,
    escaped(notes.join('; ')),
  ])
  return table(['AIBrix', 'Python', 'torch', 'vLLM', 'SGLang', ''], rows)
}

function integrationOf({ patches, module }: CatalogueRelease['vllm']): string {
  const ways = [
    ...(patches.length > 0 ? [`patches for ${patches.map((version) => `v${version}`).join(', ')}`] : []),
    ...(module === undefined ? [] : [`module from v${module} on`]),
  ]
  return ways.join('; ') || 'nothing'
}

/** Consecutive versions with the same wheels share a line. */
function renderNixl({ nixl }: Catalogue): string {
  const lines: { first: string; last: string; cells: string[] }[] = []
  for (const [version, wheels] of newestFirst(nixl).reverse()) {
    const ucx = wheels.note === undefined ? wheels.ucx : `${wheels.ucx}; ${escaped(wheels.note)}`
    const cells = [ucx, `\`${wheels.python}\``, wheels.cuda.join(', ')]
    const before = lines.at(-1)
    if (before?.cells.join() === cells.join()) before.last = version
    else lines.push({ first: version, last: version, cells })
  }
  const rows = lines.map(({ first, last, cells }) => [
    first === last ? first : `${first} to ${last}`,
    ...cells,
  ])
  return table(['NIXL', 'UCX', 'Python', 'CUDA'], rows)
}
