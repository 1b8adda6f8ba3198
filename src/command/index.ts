/** The flow: plan → build → promote, whichever part of it a command asks for. */
export { carryOut } from './carry-out.ts'
export { publishLogsPath } from './show.ts'
export { createMachine } from './world/machine.ts'
export { createOutput } from './world/output.ts'
export { readDockerConfig } from './world/registry-access.ts'
export { secretsOf } from './world/secrets.ts'
