import { hostname, tmpdir } from 'node:os'
import type { Builder } from '../../src/buildkit/engine/builder.ts'
import type { EngineInfo } from '../../src/buildkit/engine/info.ts'
import type { Step } from '../../src/buildkit/steps.ts'

/** A step that runs. */
export function makeStep(more: Partial<Step> = {}): Step {
  return {
    id: 'a',
    name: '[wheel 4/6] RUN compile',
    stage: 'wheel',
    instruction: 'RUN',
    started: 1000,
    completed: undefined,
    cached: false,
    error: undefined,
    lastLines: [],
    suspects: [],
    ...more,
  }
}

/** The engine of this machine, without the containerd store. */
export function makeEngine(more: Partial<EngineInfo> = {}): EngineInfo {
  return {
    context: 'default',
    version: '28.5.2',
    containerdStore: false,
    hostname: hostname(),
    operatingSystem: 'Ubuntu',
    root: tmpdir(),
    ...more,
  }
}

/** The engine's own builder. */
export function makeBuilder(more: Partial<Builder> = {}): Builder {
  return {
    name: 'mine',
    driver: 'docker',
    endpoints: ['default'],
    versions: ['v0.25.1'],
    engine: makeEngine(),
    created: false,
    remove: () => Promise.resolve(),
    ...more,
  }
}

/** @returns the values of an option, in order */
export function optionValues(args: readonly string[], name: string): string[] {
  return args.flatMap((argument, index) => (args[index - 1] === name ? [argument] : []))
}
