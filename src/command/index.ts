/** The flow plan → build → promote, or the part of it that a command needs. */
export { runCommand } from './run-command.ts'
export { publishLogsPath } from './show.ts'
export { createMachine } from './world/machine.ts'
export { readDockerConfig } from './world/registry-access.ts'
export { secretsOf } from './world/secrets.ts'
