/** Escape sequences of terminals: CSI (colours, cursor), OSC (titles, links), and the short ones (ECMA-48). */
// eslint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g
/** Most lines have nothing to be taken out; this one look keeps them cheap. */
// eslint-disable-next-line no-control-regex
const special = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|##\[/

/**
 * What a program printed, as one harmless line: without escape sequences and control characters, of a progress bar that
 * redraws itself (`\r`) the last state, and without the mark of a workflow command. The runner takes `##[` for one
 * anywhere in a line (actions/runner, ActionCommand.TryParse), `::` only at its start, where ours have the step that printed it.
 * @param limit characters that are kept
 */
export function printable(text: string, limit = 2000): string {
  if (text.length <= limit && !special.test(text)) return text.trimEnd()
  const states = text.split('\r').filter((state) => state.trim() !== '')
  const clean = (states.at(-1) ?? '')
    .slice(0, 2 * limit)
    .replace(escapes, '')
    .replace(controls, '')
    .replaceAll('##[', '## [')
    .trimEnd()
  return clean.length > limit ? `${clean.slice(0, limit)} …` : clean
}
