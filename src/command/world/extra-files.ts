import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Inputs } from '../../inputs/index.ts'
import type { PlannedLeg } from '../../plan/index.ts'
import { type FolderEntry, folderDigest, readFolder, type Workspace } from '../../system/index.ts'

/**
 * Copies the folder of `extra-files` for builds, so that nothing changes it meanwhile, and the times of
 * its own files stay. The plan may be of another runner, so the copy must be what was planned.
 * @param legs that are built
 * @returns the copy; undefined if no leg has such files
 * @throws UserError if the folder is not the planned one
 */
export function copyExtraFiles(
  legs: readonly Pick<PlannedLeg, 'id' | 'extraFiles'>[],
  { extraFolder }: Pick<Inputs, 'extraFolder'>,
  { root }: Pick<Workspace, 'root'>,
): string | undefined {
  const leg = legs.find(({ extraFiles }) => extraFiles !== null)
  if (!leg?.extraFiles) return undefined
  const planned = `${leg.id} was planned with a folder of extra-files`
  if (extraFolder === undefined)
    throw new UserError(`extra-files: ${planned}, and this job has none; give it the same input.`)
  const content = readFolder(extraFolder)
  if (!content)
    throw new UserError(
      `extra-files: ${planned}, and ${extraFolder} is no folder here; check out the same files.`,
    )
  const folder = mkdtempSync(join(root, 'extra-files-'))
  for (const entry of content.entries) copyEntry(extraFolder, folder, entry)
  const copied = readFolder(folder)
  if (!copied || folderDigest(copied.entries) !== leg.extraFiles.digest)
    throw new UserError(
      `extra-files: ${planned}, and ${extraFolder} does not have the same names, permissions and content; plan again, or check out the same files.`,
    )
  return folder
}

function copyEntry(from: string, to: string, { path, kind, mode }: FolderEntry): void {
  const [source, target] = [join(from, path), join(to, path)]
  mkdirSync(kind === 'directory' ? target : dirname(target), { recursive: true })
  if (kind === 'link') symlinkSync(readlinkSync(source, 'buffer'), target)
  if (kind !== 'file') return
  copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  chmodSync(target, Number.parseInt(mode, 8))
}
