// Writes the tables of inputs and outputs into README.md from action.yml. `--check` fails if they differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { parse } from 'yaml'

type Entry = { description: string; default?: string }
const action = parse(readFileSync('action.yml', 'utf8')) as Record<
  'inputs' | 'outputs',
  Record<string, Entry>
>

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function inputRow([name, entry]: [string, Entry]): string {
  const value = entry.default === undefined || entry.default === '' ? '–' : `\`${entry.default}\``
  return `| \`${name}\` | ${value} | ${cell(entry.description)} |`
}

const tables = {
  inputs: ['| input | default | |', '| --- | --- | --- |', ...Object.entries(action.inputs).map(inputRow)],
  outputs: [
    '| output | |',
    '| --- | --- |',
    ...Object.entries(action.outputs).map(
      ([name, { description }]) => `| \`${name}\` | ${cell(description)} |`,
    ),
  ],
}

const before = readFileSync('README.md', 'utf8')
let after = before
for (const [name, rows] of Object.entries(tables))
  after = after.replace(
    new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`),
    () => `<!-- ${name} -->\n\n${rows.join('\n')}\n\n<!-- /${name} -->`,
  )
after = await format(after, { ...(await resolveConfig('README.md')), filepath: 'README.md' })
if (!process.argv.includes('--check')) writeFileSync('README.md', after)
else if (before !== after) throw new Error('README.md differs from action.yml; run node script/readme.ts')
