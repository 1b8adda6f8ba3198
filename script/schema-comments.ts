// Finds the comments of valibot schemas in their source files.
import type { JsonSchema } from '@valibot/to-json-schema'
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** A constant of a source file, with the comment before it. */
export type Constant = { doc: string | undefined; value: ts.Expression }

/** @returns the text of the comment before a node, on one line */
function docOf(node: ts.Node, source: ts.SourceFile): string | undefined {
  const text = source.text
  const comment = ts
    .getLeadingCommentRanges(text, node.getFullStart())
    ?.map(({ pos, end }) => text.slice(pos, end))
    .findLast((one) => one.startsWith('/**'))
  return comment
    ?.replace(/^\/\*\*|\*\/$/g, '')
    .replace(/\n\s*\*/g, '\n')
    .replace(/\s+/g, ' ')
    .trim()
}

/** @returns the constants at the top of these files, by their names */
export function constantsOf(paths: readonly string[]): Map<string, Constant> {
  const constants = new Map<string, Constant>()
  for (const path of paths) {
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
    for (const statement of source.statements) {
      if (!ts.isVariableStatement(statement)) continue
      for (const { name, initializer } of statement.declarationList.declarations)
        if (initializer && ts.isIdentifier(name))
          constants.set(name.text, { doc: docOf(statement, source), value: initializer })
    }
  }
  return constants
}

/** A JSON Schema, as far as its descriptions are concerned. */
export type Json = JsonSchema & {
  properties?: Record<string, Json>
  items?: Json
  additionalProperties?: Json
  anyOf?: Json[]
  oneOf?: Json[]
}

/** Adds the comments of a constant's expression to the JSON Schema that was generated from it. */
export function describeConstant(json: Json, name: string, constants: Map<string, Constant>): void {
  const constant = constants.get(name)
  describe(json, constant?.value, constants)
  json.description ??= constant?.doc
}

function describe(json: Json | undefined, node: ts.Node | undefined, constants: Map<string, Constant>): void {
  if (!json || !node || json.$ref !== undefined) return
  if (ts.isIdentifier(node)) {
    describeConstant(json, node.text, constants)
    return
  }
  if (!ts.isCallExpression(node)) return
  const [first, second] = node.arguments
  const inner = (schema: Json | undefined, expression: ts.Node | undefined): void => {
    describe(schema, expression, constants)
  }
  switch (node.expression.getText().replace(/^v\./, '')) {
    case 'object':
    case 'strictObject':
      if (first && ts.isObjectLiteralExpression(first)) describeProperties(json, first, constants)
      // `v.entriesFromList(names, schema)`
      if (first && ts.isCallExpression(first))
        for (const property of Object.values(json.properties ?? {})) inner(property, first.arguments[1])
      return
    case 'variant':
      describeOptions(json.oneOf, second, constants)
      return
    case 'union':
      describeOptions(json.anyOf, first, constants)
      return
    case 'array':
      inner(json.items, first)
      return
    case 'tupleWithRest':
      inner(json.items, second)
      return
    case 'recordOf':
      inner(json.additionalProperties, second)
      return
    case 'nullable':
      inner(json.anyOf?.[0], first)
      return
    default:
      inner(json, first)
  }
}

function describeProperties(
  json: Json,
  literal: ts.ObjectLiteralExpression,
  constants: Map<string, Constant>,
): void {
  for (const property of literal.properties) {
    if (ts.isSpreadAssignment(property)) {
      const [name = ''] = /\w+Schema/.exec(property.expression.getText()) ?? []
      describe(json, constants.get(name)?.value, constants)
      continue
    }
    const schema = json.properties?.[property.name.getText()]
    if (!schema) continue
    const doc = docOf(property, property.getSourceFile())
    if (doc !== undefined) schema.description = doc
    if (ts.isPropertyAssignment(property)) describe(schema, property.initializer, constants)
  }
}

function describeOptions(
  options: readonly Json[] | undefined,
  list: ts.Node | undefined,
  constants: Map<string, Constant>,
): void {
  if (!list || !ts.isArrayLiteralExpression(list)) return
  list.elements.forEach((element, index) => {
    const option = options?.[index]
    const doc = docOf(element, element.getSourceFile())
    if (option && doc !== undefined) option.description = doc
    describe(option, element, constants)
  })
}
