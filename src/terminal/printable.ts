import { stripVTControlCharacters } from 'node:util'

/** What a terminal would act on, or show as something else: control characters, and marks that reorder text (Unicode TR36) */
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** @returns foreign text that a terminal only shows, with its line ends and tabs */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(invisible, '')
}

/**
 * A step with `run:` may start the program, too, and the runner acts on each line that begins with `::`
 * behind blanks, or has `##[` (actions/runner, ActionCommand.TryParse). A cell may be wrapped anywhere.
 * @returns text whose lines are no workflow commands
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '## [')
}
