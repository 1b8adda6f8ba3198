import { open, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { sentenceOf, UserError } from '../../errors.ts'
import {
  type Artifact,
  type ArtifactDeterminants,
  canonicalJson,
  type ExtensionDeterminants,
  isSameRelease,
  type UcxDeterminants,
  type WheelDeterminants,
} from '../../plan/index.ts'
import { leadsOut } from './archive.ts'
import { readZipEntry } from './zip-entry.ts'
import { fittingLocalParts, localPart } from '../../verify/index.ts'

/** Beside the folder with the content, lists what the artifact was built from */
export const determinantsFile = 'made-from.json'
/** What replaces the stage */
export const contentFolder = 'content'

/** Bytes of a text file that are read at most */
const textLimit = 1024 * 1024

/** @returns the text of `determinantsFile` */
export function determinantsText(determinants: ArtifactDeterminants): string {
  return `${canonicalJson(determinants)}\n`
}

/**
 * Checks by its determinants and its content that a folder is the artifact that its name promises.
 * @returns a reason why not; undefined if it is
 */
export async function artifactProblem(
  folder: string,
  { determinants }: Artifact,
): Promise<string | undefined> {
  try {
    const stray = await strayIn(folder)
    if (stray !== undefined)
      return `it has ${JSON.stringify(stray)}, which is not a file, a folder or a link within it`
    const written = await readText(join(folder, determinantsFile))
    if (written !== determinantsText(determinants)) return 'it was built from something else'
    const content = join(folder, contentFolder)
    return determinants.kind === 'ucx'
      ? await ucxProblem(content, determinants)
      : await wheelProblem(content, determinants)
  } catch (error) {
    return `it is incomplete: ${sentenceOf(error)}`
  }
}

/** @returns the name of an entry that leads out of the folder: nothing must be read through it */
async function strayIn(folder: string): Promise<string | undefined> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(join(folder, '/').length)
    if (entry.isSymbolicLink() && !leadsOut(name, await readlink(path))) continue
    if (!entry.isFile() && !entry.isDirectory()) return name
  }
  return undefined
}

/** What `dockerfiles/scripts/step/wheel` writes beside a wheel. */
const wheelSource = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ commit: v.string(), gpuArchitectures: v.array(v.string()) }),
)

/** An extension is in the wheel of the commit for which it was compiled. */
async function wheelProblem(
  content: string,
  wanted: ExtensionDeterminants | WheelDeterminants,
): Promise<string | undefined> {
  const wheels = (await readdir(content)).filter((name) => /^aibrix_kvcache-.*\.whl$/.test(name))
  const [wheel] = wheels
  if (wheel === undefined || wheels.length > 1) return `it has ${wheels.length} wheels of aibrix_kvcache`
  // name-version-python-abi-platform.whl (PyPA, binary distribution format)
  const [, version = '', python = '', , platform = ''] = wheel.slice(0, -'.whl'.length).split('-')
  if (python !== `cp${wanted.python.replace('.', '')}` || !platform.endsWith(`_${wanted.machine}`))
    return `its wheel is ${wheel}, which is not for Python ${wanted.python} on ${wanted.machine}`
  const written = await metadataVersion(join(content, wheel))
  if (written !== version) return `its wheel ${wheel} has the version ${written ?? 'none'} in its metadata`
  const fitting = fittingLocalParts(wanted)
  if (!fitting.includes(localPart(version)))
    return `its wheel is ${version}, not for CUDA ${wanted.torch?.cuda ?? wanted.toolkit?.version ?? 'of this base'}`
  const source = v.parse(wheelSource, await readText(join(content, 'source.json')))
  if (wanted.kind === 'wheel') {
    const { aibrixCommit, aibrixTag } = wanted
    if (source.commit !== aibrixCommit) return `it is of commit ${source.commit}`
    if (aibrixTag !== null && !isSameRelease(aibrixTag, version))
      return `its wheel is ${version}, not ${aibrixTag}`
  }
  const architectures = source.gpuArchitectures.toSorted().join(' ')
  return wanted.gpuArchitectures === 'auto' || architectures === wanted.gpuArchitectures.join(' ')
    ? undefined
    : `it is for the GPU architectures ${architectures}`
}

async function metadataVersion(wheel: string): Promise<string | undefined> {
  const metadata = await readZipEntry(wheel, (name) => name.endsWith('.dist-info/METADATA'), textLimit)
  return metadata && /^Version: (\S+)$/m.exec(metadata.toString('utf8'))?.[1]
}

/** What `dockerfiles/scripts/step/ucx` writes beside the prefix. */
const ucxSource = v.pipe(v.string(), v.parseJson(), v.object({ version: v.string(), commit: v.string() }))

/** e_machine of ELF files (elf.h), by `uname -m`. */
const elfMachines: Record<string, number> = { x86_64: 62, aarch64: 183 }

async function ucxProblem(content: string, wanted: UcxDeterminants): Promise<string | undefined> {
  const source = v.parse(ucxSource, await readText(join(content, 'source.json')))
  if (source.version !== wanted.ucxVersion || source.commit !== wanted.ucxCommit)
    return `it is UCX ${source.version} of commit ${source.commit}`
  const libraries = await readdir(join(content, 'lib'), { recursive: true, withFileTypes: true })
  const files = libraries.filter((entry) => entry.isFile() && /\.so(?:\.|$)/.test(entry.name))
  if (!files.some(({ name }) => name.startsWith('libucp.so'))) return 'it has no libucp'
  const tools = ['ucx_info', 'ucx_perftest'].map((name) => join(content, 'bin', name))
  // Without the stub, links to the driver could not be judged in the image.
  const stub = join(content, 'driver-stub/libcuda.so.1')
  for (const path of [...tools, stub, ...files.map(({ parentPath, name }) => join(parentPath, name))])
    if ((await elfMachine(path)) !== elfMachines[wanted.machine])
      return `${path.slice(content.length + 1)} is not a program for ${wanted.machine}`
  return undefined
}

/** @returns e_machine, undefined if it is not a little-endian ELF file */
async function elfMachine(path: string): Promise<number | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
    const isElf = bytesRead === 20 && buffer.toString('latin1', 0, 4) === '\x7fELF' && buffer[5] === 1
    return isElf ? buffer.readUInt16LE(18) : undefined
  } finally {
    await file.close()
  }
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > textLimit) throw new UserError(`${path} has ${size} bytes`)
  return readFile(path, 'utf8')
}
