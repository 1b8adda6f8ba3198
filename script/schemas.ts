// Writes docs/plan.schema.json and dockerfiles/catalogue.schema.json from the valibot schemas that
// parse plans and the catalogue; their comments are the descriptions. `--check`: compares only.
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import type * as v from 'valibot'
import * as catalogue from '../src/plan/feasibility/catalogue.ts'
import * as pinned from '../src/plan/pinned.ts'
import * as plan from '../src/plan/plan.ts'
import * as version from '../src/plan/versions/version.ts'
import { planDocumentSchema } from '../src/store/plan-document.ts'
import { constantsOf, describeConstant, type Json } from './schema-comments.ts'

type Schema = {
  /** Where it is written */
  file: string
  title: string
  description: string
  root: v.GenericSchema
  /** Modules whose exported schemas are `$defs` */
  modules: Record<string, unknown>[]
  rootName: string
  /** Files whose comments describe the schemas */
  sources: string[]
}

const schemas: Schema[] = [
  {
    file: 'docs/plan.schema.json',
    title: 'A plan of aibrix/image-action',
    description:
      'What to build and to publish. `command: plan` writes it; `build` and `promote` read it. Keys are sorted, so that the same plan has the same bytes. Its tag in the cache repository is plan-<sha256 of these bytes>.',
    root: planDocumentSchema,
    modules: [version, pinned, plan],
    sources: [
      'src/plan/versions/version.ts',
      'src/plan/pinned.ts',
      'src/plan/plan.ts',
      'src/store/plan-document.ts',
    ],
    rootName: 'planDocumentSchema',
  },
  {
    file: 'dockerfiles/catalogue.schema.json',
    title: 'Catalogue of image-action',
    description:
      'Written by script/catalogue: AIBrix releases, the component versions known to work together, and what is known of bases and NIXL before anything is measured.',
    root: catalogue.catalogueSchema,
    modules: [catalogue],
    sources: ['src/plan/feasibility/catalogue.ts'],
    rootName: 'catalogueSchema',
  },
]

/** Checks that JSON Schema can express, by their messages. Only the parser applies all others. */
const checks: Record<string, JsonSchema> = {
  'a commit and a note': { not: { required: ['ucxCommit', 'note'] } },
}

/** @returns the schemas that a module exports, `legSchema` as `leg` */
function exported(module: Record<string, unknown>): [string, v.GenericSchema][] {
  return Object.entries(module).flatMap(([name, value]): [string, v.GenericSchema][] =>
    name.endsWith('Schema') && typeof value === 'object'
      ? [[name.slice(0, -'Schema'.length), value as v.GenericSchema]]
      : [],
  )
}

function converted({ root, modules }: Schema): JsonSchema {
  const definitions = Object.fromEntries(modules.flatMap(exported).filter(([, schema]) => schema !== root))
  const { $defs = {}, ...whole } = toJsonSchema(root, {
    target: 'draft-2020-12',
    // In `recordOf`, what precedes the last schema of the pipe only tells a list from an object.
    typeMode: 'output',
    definitions,
    overrideSchema: ({ valibotSchema: { type }, jsonSchema }) => {
      if (type === 'custom') return { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }
      if (type !== 'tuple_with_rest') return undefined
      const { prefixItems: _, ...rest } = jsonSchema
      return rest
    },
    overrideAction: ({ valibotAction, jsonSchema }) => {
      if (valibotAction.type === 'check')
        return { ...jsonSchema, ...checks[String((valibotAction as { message?: unknown }).message)] }
      // Patterns of JSON Schema are Unicode patterns; the library refuses the flag.
      return valibotAction.type === 'regex' ? { ...jsonSchema } : undefined
    },
  })
  return { ...whole, $defs: used($defs as Record<string, JsonSchema>, whole) }
}

/** @returns the definitions that the schema refers to, directly or through others */
function used($defs: Record<string, JsonSchema>, whole: JsonSchema): Record<string, JsonSchema> {
  const names = new Set<string>()
  const visit = (schema: unknown): void => {
    for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g))
      if (!names.has(name)) visit($defs[(names.add(name), name)])
  }
  visit(whole)
  return Object.fromEntries([...names].sort().map((name) => [name, $defs[name] ?? {}]))
}

/** For `JSON.stringify`: writes what describes a schema before all else of it. */
function describedFirst(_: string, value: unknown): unknown {
  const { description } = (value ?? {}) as Json
  return typeof description === 'string' ? { $schema: undefined, description, ...(value as Json) } : value
}

for (const schema of schemas) {
  const { file, title, description, sources, rootName } = schema
  const constants = constantsOf(sources)
  const { $schema, $defs = {}, ...whole } = converted(schema)
  describeConstant(whole as Json, rootName, constants)
  for (const [name, definition] of Object.entries($defs))
    describeConstant(definition as Json, `${name}Schema`, constants)
  const json = JSON.stringify({ $schema, title, ...whole, description, $defs }, describedFirst)
  const text = await format(json, { ...(await resolveConfig(file)), filepath: file })
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text)
    throw new Error(`${file} is out of date; run node script/schemas.ts`)
}
