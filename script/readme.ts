// Writes into README.md the tables of inputs and outputs from action.yml, and what goes with what from the catalogue; into
// docs/environment.md the variables that programs get. `--check` fails if they differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { parse } from 'yaml'
import { programVariables } from '../src/system/program-variables.ts'
import { parseCatalogue } from '../src/plan/feasibility/catalogue.ts'
import { renderHistory } from '../src/report/history.ts'

type Entry = { description: string; default?: string }
const action = parse(readFileSync('action.yml', 'utf8')) as Record<
  'inputs' | 'outputs',
  Record<string, Entry>
>

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function inputRow([name, entry]: [string, Entry]): string {
  const lines = (entry.default ?? '').trim().split('\n')
  const value = lines[0] === '' ? '–' : lines.map((line) => `\`${line}\``).join('<br>')
  return `| \`${name}\` | ${value} | ${cell(entry.description)} |`
}

/** `GIT_* LANG` → `GIT_…`, `LANG` */
function variableNames(names: string): string {
  return names
    .split(' ')
    .map((name) => `\`${name.replace('*', '…')}\``)
    .join(', ')
}

const documents: Record<string, Record<string, string[]>> = {
  'README.md': {
    inputs: ['| input | default | |', '| --- | --- | --- |', ...Object.entries(action.inputs).map(inputRow)],
    outputs: [
      '| output | |',
      '| --- | --- |',
      ...Object.entries(action.outputs).map(
        ([name, { description }]) => `| \`${name}\` | ${cell(description)} |`,
      ),
    ],
    history: [renderHistory(parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8')))],
  },
  'docs/environment.md': {
    variables: [
      '| variables | programs get them | |',
      '| --- | --- | --- |',
      ...programVariables.map(
        ({ names, passedOn, reason }) =>
          `| ${variableNames(names)} | ${passedOn ? 'yes' : 'no'} | ${reason} |`,
      ),
    ],
  },
}

for (const [file, parts] of Object.entries(documents)) {
  const before = readFileSync(file, 'utf8')
  let after = before
  for (const [name, lines] of Object.entries(parts)) {
    const place = new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`)
    if (!place.test(after)) throw new Error(`${file} has no <!-- ${name} --> … <!-- /${name} -->`)
    after = after.replace(place, () => `<!-- ${name} -->\n\n${lines.join('\n')}\n\n<!-- /${name} -->`)
  }
  after = await format(after, { ...(await resolveConfig(file)), filepath: file })
  if (!process.argv.includes('--check')) writeFileSync(file, after)
  else if (before !== after)
    throw new Error(`${file} differs from what it is made of; run node script/readme.ts`)
}
