import { engineNames, isDay, normalRange } from '../plan/index.ts'
import { gateNames } from '../verify/index.ts'
import { baseStates } from './base-states.ts'

/** Components that have a version */
const components = ['engine', 'aibrix', 'nixl', 'ucx', 'torch', 'cuda', 'python'] as const

/** Fields that are a word or a text, and not more or less than another */
const texts = ['engine', 'base', 'platform', 'condition', 'waived', 'tag'] as const

export type Operator = '=' | '!=' | '>' | '>=' | '<' | '<='

/** One term of a filter. `text` is what the user wrote. */
export type Term = { text: string; operator: Operator } & (
  | { kind: 'version'; component: (typeof components)[number]; version: string }
  /** `YYYYMMDD`, of the day in UTC on which an image was built */
  | { kind: 'date'; day: string }
  /** The operator is `=` or `!=` */
  | { kind: 'text'; field: (typeof texts)[number]; value: string }
)

/** The input `where`: an image is listed if all terms hold. Without terms all are. */
export type Where = { text: string; terms: readonly Term[] }

/** A term that is none, and what is allowed instead. */
export type NoTerm = { term: string; allowed: string }

/** In characters: far more than any filter has */
const longestText = 2000

const fields: readonly string[] = [...new Set([...components, 'date', ...texts])]
const form = `terms such as nixl=0.7.1 engine>=0.20 date>=20251101, with a blank between them and one of ${fields.join(', ')} before =, !=, >, >=, < or <=`

const termPattern = /^([a-z]+)(>=|<=|!=|=|>|<)(.+)$/

/** @returns the terms, or each text that is none; never throws */
export function parseWhere(text: string): Where | { refused: NoTerm[] } {
  if (text.length > longestText)
    return { refused: [{ term: text.slice(0, 60), allowed: `at most ${longestText} characters` }] }
  // `nixl >= 0.7` is one term.
  const parts = text
    .replace(/\s*([<>=!]+)\s*/g, '$1')
    .split(/\s+/)
    .filter((part) => part !== '')
  const terms: Term[] = []
  const refused: NoTerm[] = []
  for (const part of parts) {
    const term = parseTerm(part)
    if ('allowed' in term) refused.push({ term: part, allowed: term.allowed })
    else terms.push(term)
  }
  return refused.length > 0 ? { refused } : { text: text.trim(), terms }
}

function parseTerm(text: string): Term | { allowed: string } {
  const [, field = '', symbol = '', value = ''] = termPattern.exec(text) ?? []
  const operator = symbol as Operator
  const isEqual = operator === '=' || operator === '!='
  if (field === 'date') return isDay(value) ? { text, operator, kind: 'date', day: value } : { allowed: day }
  const textField = texts.find((name) => name === field)
  if (textField && (textField !== 'engine' || (engineNames as string[]).includes(value))) {
    const { allowed, pattern } = values[textField]
    if (isEqual && pattern.test(value)) return { text, operator, kind: 'text', field: textField, value }
    return { allowed: `${textField}= or ${textField}!= with ${allowed}` }
  }
  const component = components.find((name) => name === field)
  if (component === undefined) return { allowed: form }
  const isVersion = /^v?\d[\w.-]*$/.test(value) && normalRange(`=${value}`) !== undefined
  if (isVersion) return { text, operator, kind: 'version', component, version: value }
  const orName = component === 'engine' ? `, or engine=${engineNames.join(' or engine=')}` : ''
  return { allowed: `a version such as ${component}=0.7.1 or ${component}>=0.20${orName}` }
}

const day = 'a day as YYYYMMDD, such as date>=20251101'

const anyWord = (words: readonly string[]): { allowed: string; pattern: RegExp } => ({
  allowed: words.join(', '),
  pattern: new RegExp(`^(?:${words.join('|')})$`),
})

const values: Record<(typeof texts)[number], { allowed: string; pattern: RegExp }> = {
  engine: anyWord(engineNames),
  base: anyWord(baseStates),
  platform: { allowed: 'a platform such as linux/arm64', pattern: /^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/ },
  condition: {
    allowed: 'a condition such as VLLM_USE_V2_MODEL_RUNNER=0, or its name alone',
    pattern: /^[\w-][\w=.:/-]*$/,
  },
  waived: anyWord(['yes', 'no', ...gateNames]),
  tag: { allowed: 'the whole name of a tag', pattern: /^\w[\w.-]{0,127}$/ },
}
