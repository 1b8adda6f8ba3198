// Writes the generated parts of the documentation: inputs and outputs from action.yml, versions and
// releases from the catalogue, gates and labels from the descriptions beside it, variables from src/system. A part begins at
// `<!-- name -->` and ends at `<!-- /name -->`, or at the next heading if the file has no such end.
// `--check` fails if a file differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { parse } from 'yaml'
import { programVariables } from '../src/system/program-variables.ts'
import { parseCatalogue } from '../src/plan/feasibility/catalogue.ts'
import { renderHistory } from '../src/report/history.ts'
import { inputGroups } from './action-definition.ts'
import { type GateDescription, gateDescriptions } from './gate-descriptions.ts'
import { labelDescriptions } from './label-descriptions.ts'
import { verifyGateDescriptions } from './verify-gate-descriptions.ts'

type Entry = { description: string; default?: string }
type Named = [name: string, entry: Entry]

const action = parse(readFileSync('action.yml', 'utf8')) as Record<
  'inputs' | 'outputs',
  Record<string, Entry>
>

/** The most used inputs and outputs; docs/inputs.md has all. */
const usual = {
  inputs: [
    ...['engine', 'versions', 'aibrix-version', 'nixl-version', 'platforms'],
    ...['registry', 'namespace', 'username', 'password', 'push'],
  ],
  outputs: ['tags', 'digests', 'images', 'components', 'conditions', 'changed', 'logs-path'],
}

/** Longest description that a table contains in full. */
const longestCell = 110

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

/** `A sentence. Others.` → `A sentence`, `Others.` */
function divided(description: string): [first: string, rest: string] {
  const [first = '', ...rest] = description.split(/\. (?=\p{Lu}|auto |default |git-credentials )/u)
  return [first, rest.length === 0 ? '' : `${rest.join('. ')}.`]
}

function firstSentence({ description }: Entry): string {
  return cell(divided(description)[0])
}

function defaultOf(entry: Entry): string {
  const lines = (entry.default ?? '').trim().split('\n')
  return lines[0] === '' ? '–' : lines.map((line) => `\`${line}\``).join('<br>')
}

/** Returns a table with short cells, followed by the descriptions that did not fit. */
function explained(header: string[], entries: Named[], cells: (entry: Entry) => string[]): string[] {
  const isLong = ({ description }: Entry) =>
    description.length > longestCell && divided(description)[1] !== ''
  const rows = entries.map(([name, entry]) => {
    const text = isLong(entry) ? `${firstSentence(entry)} ↓` : cell(entry.description)
    return [`\`${name}\``, ...cells(entry), text]
  })
  const long = entries.filter(([, entry]) => isLong(entry))
  return [
    ...table(header, rows),
    '',
    ...long.map(([name, { description }]) => `- \`${name}\`: ${cell(divided(description)[1])}`),
  ]
}

function table(header: string[], rows: string[][]): string[] {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

function entryOf(kind: 'inputs' | 'outputs', name: string): Entry {
  const entry = action[kind][name]
  if (entry === undefined) throw new Error(`action.yml has no ${name} among its ${kind}`)
  return entry
}

function input(name: string): Entry {
  return entryOf('inputs', name)
}

/** `GIT_* LANG` → `GIT_…`, `LANG` */
function variableNames(names: string): string {
  return names
    .split(' ')
    .map((name) => `\`${name.replace('*', '…')}\``)
    .join(', ')
}

const history = renderHistory(parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8')))

/** Returns the match of `pattern` in the history: the README has only the current release. */
function ofHistory(pattern: RegExp): string {
  const [, found] = pattern.exec(history) ?? []
  if (found === undefined) throw new Error(`the history of the catalogue has no ${String(pattern)}`)
  return found.trim()
}

/** @param columns title of a column → its cell for a gate */
function gateTable(
  columns: Record<string, keyof GateDescription>,
  descriptions: Readonly<Record<string, GateDescription>> = gateDescriptions,
): string[] {
  return table(
    ['gate', ...Object.keys(columns)],
    Object.entries(descriptions).map(([name, gate]) => [
      `\`${name}\``,
      ...Object.values(columns).map((column) => cell(gate[column] ?? '–')),
    ]),
  )
}

const documents: Record<string, Record<string, string[]>> = {
  'README.md': {
    inputs: [
      ...table(
        ['input', 'default', ''],
        usual.inputs.map((name) => [`\`${name}\``, defaultOf(input(name)), firstSentence(input(name))]),
      ),
      '',
      ...table(
        ['output', ''],
        usual.outputs.map((name) => [`\`${name}\``, firstSentence(entryOf('outputs', name))]),
      ),
    ],
    release: [
      ofHistory(/## Compatibility Matrix[^]*?(\|[^]*?)\n\n/),
      '',
      `**Recommended Tags** of AIBrix ${ofHistory(/### (\S+) \(Current\)/)} ([all releases, and what goes with what](docs/history.md)):`,
      '',
      ofHistory(/\(Current\)[^]*?\*\*Recommended Tags:\*\*([^]*?)(?:\n\n[^-]|$)/),
    ],
  },
  'docs/inputs.md': {
    inputs: inputGroups().flatMap(({ title, names }) => [
      `### ${title}`,
      '',
      ...explained(
        ['input', 'default', ''],
        names.map((name) => [name, input(name)]),
        (entry) => [defaultOf(entry)],
      ),
      '',
    ]),
    outputs: explained(['output', ''], Object.entries(action.outputs), () => []),
  },
  'docs/history.md': { history: [history] },
  'docs/gates.md': {
    reasons: gateTable({ checks: 'checks', because: 'because' }),
    gates: gateTable({
      'fails if': 'fails',
      'undetermined if': 'undetermined',
      'not applicable if': 'notApplicable',
      'follows from': 'follows',
    }),
  },
  'docs/verify.md': {
    reasons: gateTable({ checks: 'checks', because: 'because' }, verifyGateDescriptions),
    gates: gateTable(
      {
        'fails if': 'fails',
        'undetermined if': 'undetermined',
        'not applicable if': 'notApplicable',
        'follows from': 'follows',
      },
      verifyGateDescriptions,
    ),
  },
  'docs/images.md': {
    labels: table(
      ['label', ''],
      labelDescriptions.map(([labels, description]) => [`\`${labels}\``, cell(description)]),
    ),
  },
  'docs/environment.md': {
    variables: table(
      ['variables', 'programs get them', ''],
      programVariables.map(({ names, passedOn, reason }) => [
        variableNames(names),
        passedOn ? 'yes' : 'no',
        reason,
      ]),
    ),
  },
}

/** Returns the text with one part replaced. */
function withPart(text: string, name: string, lines: string[]): string {
  const hasEnd = text.includes(`<!-- /${name} -->`)
  const place = new RegExp(`<!-- ${name} -->[^]*?${hasEnd ? `<!-- /${name} -->` : '(?=\\n#|$)'}`)
  if (!place.test(text)) throw new Error(`there is no <!-- ${name} -->`)
  const end = hasEnd ? `\n\n<!-- /${name} -->` : '\n'
  return text.replace(place, () => `<!-- ${name} -->\n\n${lines.join('\n')}${end}`)
}

for (const [file, parts] of Object.entries(documents)) {
  const before = readFileSync(file, 'utf8')
  let after = before
  for (const [name, lines] of Object.entries(parts)) after = withPart(after, name, lines)
  after = await format(after, { ...(await resolveConfig(file)), filepath: file })
  if (!process.argv.includes('--check')) writeFileSync(file, after)
  else if (before !== after) throw new Error(`${file} is out of date; run node script/readme.ts`)
}
