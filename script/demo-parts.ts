// What script/demo and script/demo-published share: the stand-ins, the inputs, and what is shown.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { standInInputs } from '../stand-ins/action-inputs.ts'
import { prepare, type StandIns } from '../stand-ins/prepare.ts'
import { registry } from './runner.ts'

/**
 * Returns this checkout's namespace, stored in a file: images of other checkouts in the same
 * registry would leave nothing to build.
 */
export function ownNamespace(): string {
  const file = resolve('.cache/demo-namespace')
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `demo-${randomBytes(4).toString('hex')}`)
  }
  return readFileSync(file, 'utf8')
}

/** Builds the two bases, unless they exist. */
export function prepareBases(): Promise<StandIns> {
  const only = ['vllm/vllm-openai:v0.21.0', 'lmsysorg/sglang:v0.5.11']
  return prepare({
    registry,
    cache: resolve('.cache/stand-ins'),
    only: ({ variant, repository, tag }) => variant === '' && only.includes(`${repository}:${tag}`),
    log: (line) => {
      console.log(`  ${line}`)
    },
  })
}

/** @param index URL of the stand-ins' package index */
export function demoInputs(standIns: StandIns, index: string): Record<string, string> {
  return {
    engine: 'vllm, sglang',
    versions: 'vllm: v0.21.0\nsglang: v0.5.11',
    'aibrix-version': 'v0.7.0',
    'nixl-version': '0.7.1',
    ...standInInputs(standIns, index),
    registry,
    namespace: ownNamespace(),
    // The working copy may have changed since an earlier run today.
    'overwrite-tags': 'true',
  }
}
