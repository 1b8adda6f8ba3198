import { engines } from '../../plan/index.ts'
import { listed } from '../../text.ts'
import type { Part } from '../fit.ts'
import { codeBlock } from '../markdown.ts'
import type { TitledLeg } from '../titles.ts'

/** Puts each field of quoted JSON on its own line, since GitHub would cut one long line. */
function wrapped(line: string): string {
  return line.replace(/'(\{.*\})'/, (whole, text: string) => {
    try {
      return `'${JSON.stringify(JSON.parse(text), null, 2)}'`
    } catch {
      return whole
    }
  })
}

/** The command that starts each engine with AIBrix, once for images with the same one. */
export function usePart(legs: readonly TitledLeg[]): Part[] {
  const found = legs.flatMap(({ image, outcome, report }) => {
    const line = report?.integration?.line
    if (line === null || line === undefined || outcome.state === 'failed') return []
    const { engine, version } = image.image
    const start =
      engine === 'vllm' ? 'vllm serve <model>' : 'python3 -m sglang.launch_server --model-path <model>'
    const variables = report?.conditions.flatMap(({ kind, name }) => (kind === 'environment' ? [name] : []))
    const command = [...(variables ?? []), start, wrapped(line)].join(' ')
    return [{ name: `${engines[engine].title} ${version.tag}`, command }]
  })
  if (found.length === 0) return []
  const blocks = [...Map.groupBy(found, ({ command }) => command)].map(([command, group]) => {
    const names = [...new Set(group.map(({ name }) => name))]
    return `# ${listed(names)}\n${command}`
  })
  return [{ text: '### Use AIBrix in the engine' }, { text: codeBlock(blocks.join('\n\n'), 'sh') }]
}
