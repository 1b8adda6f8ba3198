/** A terminal in place of a runner: arguments are inputs, and what main writes is for people. */
export { type Ending } from './exit-code.ts'
export { openTerminal } from './terminal.ts'
