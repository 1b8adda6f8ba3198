import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { determinantsText } from '../../src/store/artifacts/check.ts'
import { type Artifact, artifactsOf, extensionOf } from '../../src/plan/keys/artifact-key.ts'
import { makeBase, makeLeg } from './verified-leg.ts'

const made = artifactsOf(makeLeg(), makeBase(), ['8.0', '9.0'], {
  wheel: 'a'.repeat(64),
  ucx: 'b'.repeat(64),
})

/** The artifacts of a valid leg. */
export const wanted = { ...made, extension: extensionOf(made.wheel, 'c'.repeat(64), 'e'.repeat(64)) }

export type Contents = {
  /** File name of the wheel */
  wheel?: string
  /** Version in its METADATA */
  version?: string
  source?: object
  /** e_machine of the programs */
  machine?: number
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'artifact-'))
}

/** Writes the files of a stage into a folder. */
export function writeContent(content: string, { determinants }: Artifact, changes: Contents = {}): void {
  const json = (source: object) => {
    writeFileSync(join(content, 'source.json'), JSON.stringify({ ...source, ...changes.source }))
  }
  if (determinants.kind !== 'ucx') {
    const { wheel = 'aibrix_kvcache-0.7.0+cu130-cp312-cp312-linux_x86_64.whl', version = '0.7.0+cu130' } =
      changes
    const metadata = `Metadata-Version: 2.1\nName: aibrix-kvcache\nVersion: ${version}\n`
    const files = {
      'aibrix_kvcache-1.dist-info/METADATA': strToU8(metadata),
      'aibrix_kvcache/x.py': strToU8(''),
    }
    writeFileSync(join(content, wheel), zipSync(files))
    const { gpuArchitectures } = determinants
    return json({
      ref: 'v0.7.0',
      commit: determinants.kind === 'wheel' ? determinants.aibrixCommit : 'd'.repeat(40),
      version,
      gpuArchitectures,
    })
  }
  const program = Buffer.alloc(64)
  program.write('\x7fELF\x02\x01', 'latin1')
  program.writeUInt16LE(changes.machine ?? 62, 18)
  mkdirSync(join(content, 'bin'))
  mkdirSync(join(content, 'lib/ucx'), { recursive: true })
  mkdirSync(join(content, 'driver-stub'))
  const libraries = ['lib/libucp.so.0.0.0', 'lib/ucx/libuct_ib.so.0', 'driver-stub/libcuda.so.1']
  for (const name of ['bin/ucx_info', 'bin/ucx_perftest', ...libraries])
    writeFileSync(join(content, name), program, { mode: 0o755 })
  symlinkSync('libucp.so.0.0.0', join(content, 'lib/libucp.so.0'))
  json({ version: determinants.ucxVersion, commit: determinants.ucxCommit })
}

/** Returns a folder in its stored form. */
export function storedFolder(artifact: Artifact, changes?: Contents): string {
  const folder = newFolder()
  mkdirSync(join(folder, 'content'))
  writeContent(join(folder, 'content'), artifact, changes)
  writeFileSync(join(folder, 'made-from.json'), determinantsText(artifact.determinants))
  return folder
}
