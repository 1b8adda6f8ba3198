import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { type Catalogue, parseCatalogue } from '../../../src/plan/feasibility/catalogue.ts'
import { renderHistory } from '../../../src/report/history.ts'

const catalogue = parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8'))

/** Lines of a table without the white space of prettier or an author. */
function plain(markdown: string): string[] {
  return markdown
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/ *\| */g, '|')
        .replace(/-{3,}/g, '---'),
    )
    .filter((line) => line !== '')
}

/** From AIBrix's own page about its release. */
const release = `
### v0.5.0 (Current)

| Component      | vLLM    | SGLang       | Notes                           |
|----------------|---------|--------------|---------------------------------|
| Engine         | v0.10.2 | v0.5.5.post3 | Stable inference engines        |
| CUDA           | 12.8    | 12.9         | CUDA Version                    |
| Torch          | 2.8     | 2.9          | PyTorch Version                 |
| AIBrix KVCache | v0.5.0  | v0.5.0       | KV cache disaggregation support |
| NIXL           | 0.7.1   | 0.7.1        | UCX-based RDMA networking       |
| UCX            | 1.19.0  | 1.19.0       | Pre-installed for debugging     |

**Recommended Tags:**
- \`aibrix/vllm-openai:v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123\`
- \`aibrix/sglang:v0.5.5.post3-aibrix-v0.5.0-nixl-0.7.1-20251123\`
`

const matrix = `
| Component | vLLM Image | SGLang Image |
|-----------|-----------|--------------|
| Engine version | v0.10.2 | v0.5.5.post3 |
| Torch version | 2.8 | 2.9  |
| aibrix_kvcache | v0.5.0 | v0.5.0 |
| NIXL / CUDA plugin | 0.7.1 | 0.7.1 |
| UCX | 1.19.0 | 1.19.0 |
`

/** The catalogue with a release after the current one, tested with an unknown vLLM. */
function withNewer(current: string): Catalogue {
  const newer = {
    ...catalogue.releases['v0.7.0'],
    needs: { python: '>=3.9', torch: '>=2.7.0' },
    vllm: { patches: [] },
    tested: {
      engines: { vllm: 'v9.0.0', sglang: 'v0.5.11' },
      nixl: '1.4.1',
      tags: ['aibrix/vllm-openai:new'],
    },
    notes: ['a | b <script>'],
  }
  return { ...catalogue, current, releases: { ...catalogue.releases, 'v0.10.0': newer } }
}

function position(text: string, part: string): number {
  const found = text.indexOf(part)
  if (found === -1) throw new Error(`"${part}" is not in it`)
  return found
}

describe('the history', () => {
  const text = renderHistory(catalogue)

  it.each([
    ['the compatibility matrix', matrix],
    ['the release history', release],
  ])("has %s in AIBrix's own form", (_, expected) => {
    expect(plain(text).join('\n')).toContain(plain(expected).join('\n'))
  })

  it('shows images only for releases that have images', () => {
    expect(text.match(/^### .*/gm)).toEqual(['### v0.5.0 (Current)'])
    expect(text.split('## Release History')[1]).not.toContain('v0.7.0')
  })

  it('shows what every release needs, the newest first', () => {
    const rows = plain(text).filter((line) => /^\|v0\.\d\.0\|`/.test(line))
    // Newer ones are added automatically.
    expect(rows.slice(-3).map((row) => row.split('|').slice(1, 6))).toEqual([
      [
        'v0.7.0',
        '`>=3.9,<3.13`',
        '`>=2.7.0`',
        'patches for v0.8.5, v0.9.1, v0.10.2, v0.14.0; module from v0.14.0 on',
        'from v0.5.3 on',
      ],
      ['v0.6.0', '`>=3.9,<3.13`', '`>=2.7.0`', 'patches for v0.8.5, v0.9.1, v0.10.2', 'from v0.5.3 on'],
      ['v0.5.0', '`>=3.9,<3.13`', '`>=2.7.0`', 'patches for v0.8.5, v0.9.1, v0.10.2', 'from v0.5.3 on'],
    ])
  })

  it('puts NIXL versions with the same wheels on one line', () => {
    expect(plain(text)).toEqual(
      expect.arrayContaining([
        '|0.5.1 to 0.7.0|1.19.0|`>=3.9,<3.13`|12|',
        '|0.7.1|1.19.0|`>=3.9,<3.13`|12, 13|',
      ]),
    )
  })

  it('says why a NIXL has no tools of its UCX', () => {
    const lacking = { '9.9.0': { ucx: '9.1.0', note: 'bundles another', python: '>=3.9', cuda: ['13'] } }
    expect(plain(renderHistory({ ...catalogue, nixl: { ...catalogue.nixl, ...lacking } }))).toContain(
      '|9.9.0|9.1.0; bundles another|`>=3.9`|13|',
    )
  })

  it('is up to date in docs/history.md', () => {
    const written =
      /<!-- history -->([^]*)<!-- \/history -->/.exec(readFileSync('docs/history.md', 'utf8'))?.[1] ?? ''
    expect(plain(written)).toEqual(plain(text))
  })
})

describe('with a second tested release', () => {
  it('the newest comes first, by version and not by text, and all but the current one are folded', () => {
    const text = renderHistory(withNewer('v0.5.0'))
    expect(position(text, '<summary>v0.10.0</summary>')).toBeLessThan(position(text, '### v0.5.0 (Current)'))
    const other = renderHistory(withNewer('v0.10.0'))
    expect(position(other, '### v0.10.0 (Current)')).toBeLessThan(
      position(other, '<summary>v0.5.0</summary>'),
    )
  })

  it('the matrix is that of the current one, with a dash for what is not known', () => {
    const lines = plain(renderHistory(withNewer('v0.10.0')))
    expect(lines).toContain('|Engine version|v9.0.0|v0.5.11|')
    expect(lines).toContain('|Torch version|–|2.11|')
    expect(lines).toContain('|CUDA|–|13.0|CUDA Version|')
    expect(lines).toContain('|UCX|1.22.0|1.22.0|')
  })

  it('a release without patches has none, and a note may contain anything', () => {
    const lines = plain(renderHistory(withNewer('v0.5.0')))
    expect(lines).toContain('|v0.10.0|`>=3.9`|`>=2.7.0`|nothing|from v0.5.3 on|a &#124; b &#60;script&#62;|')
  })
})

it('a catalogue without the UCX of its own release is refused', () => {
  const { '0.7.1': _, ...nixl } = catalogue.nixl
  expect(() => renderHistory({ ...catalogue, nixl })).toThrow('NIXL 0.7.1')
})
