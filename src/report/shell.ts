import { code, codeBlock } from './markdown.ts'

/** Characters of a line of code that GitHub shows without a scroll bar (980 pixels). */
const shownWidth = 112

/** A command to copy: in one line, in two if that is too wide, else as inline code, which wraps. */
export function commandBlock(command: string, operand: string): string {
  const line = `${command} ${operand}`
  if (line.length <= shownWidth) return codeBlock(line, 'sh')
  return operand.length + 2 <= shownWidth ? codeBlock(`${command} \\\n  ${operand}`, 'sh') : code(line)
}

/** Words of commands, with their quotes, and line breaks. */
const word = /\n|(?:'[^']*'|\\[^]|[^\s'\\])+/g

/**
 * Long commands with each option on a line of its own, for a shell.
 * @param text comment lines, then commands, one per line
 */
export function optionALine(text: string): string {
  const [comments = ''] = /^(?:#[^\n]*\n)*/.exec(text) ?? []
  const rest = text.slice(comments.length)
  if (rest.includes('\\\n')) return text
  const commands: string[][] = [[]]
  for (const [part] of rest.matchAll(word)) {
    const lines = commands.at(-1) ?? []
    if (part === '\n') commands.push([])
    else if (lines.length === 0 || part.startsWith('--')) lines.push(part)
    else lines.push(`${lines.pop() ?? ''} ${part}`)
  }
  return comments + commands.map((lines) => lines.map((line) => wrapped(line)).join(' \\\n  ')).join('\n')
}

/** Continues a long word on the next line, which a shell joins, except within quotes. */
function wrapped(line: string): string {
  const most = shownWidth - '   \\'.length
  if (line.length <= most || line.includes("'")) return line
  const end = line.slice(0, most).search(/[,@/:][^,@/:]*$/) + 1
  return end === 0 ? line : `${line.slice(0, end)}\\\n${wrapped(line.slice(end))}`
}
