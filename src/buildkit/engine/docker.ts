/** Runs docker with these arguments. Throws UserError if there is no docker. */
export type RunDocker = (args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>
