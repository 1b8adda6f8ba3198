import { code, codeBlock } from './markdown.ts'

/** Characters in a line of a block of code that GitHub shows without a bar to scroll it with (980 pixels). */
const shownWidth = 112

/** A command to copy, in two lines where one would be too wide, and as inline code, which wraps, where two would be. */
export function commandBlock(command: string, operand: string): string {
  const line = `${command} ${operand}`
  if (line.length <= shownWidth) return codeBlock(line, 'sh')
  return operand.length + 2 <= shownWidth ? codeBlock(`${command} \\\n  ${operand}`, 'sh') : code(line)
}

/** Words of a command, quoted as they are, and the ends of commands. */
const word = /\n|(?:'[^']*'|\\[^]|[^\s'\\])+/g

/**
 * Long commands with each option in a line of its own, which a shell takes as well.
 * @param text lines of comment, then commands, a line each
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

/** A word that is too long goes on at the beginning of the next line, which a shell joins; not within quotes, where it does not. */
function wrapped(line: string): string {
  const room = shownWidth - '   \\'.length
  if (line.length <= room || line.includes("'")) return line
  const end = line.slice(0, room).search(/[,@/:][^,@/:]*$/) + 1
  return end === 0 ? line : `${line.slice(0, end)}\\\n${wrapped(line.slice(end))}`
}
