import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export type Action = {
  inputs: Record<string, { description: string; default: string }>
  outputs: Record<string, { description: string }>
}

export function readAction(): Action {
  return parse(readFileSync('action.yml', 'utf8')) as Action
}

/** Returns the inputs that a runner passes if a user sets none. */
export function actionDefaults(): Record<string, string> {
  return Object.fromEntries(Object.entries(readAction().inputs).map(([name, input]) => [name, input.default]))
}
