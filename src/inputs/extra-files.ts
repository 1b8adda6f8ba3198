import { resolve, sep } from 'node:path'
import type { ExtraFiles } from '../plan/index.ts'
import { type FolderContent, folderDigest } from '../system/index.ts'
import { excerpt, listed } from '../text.ts'
import type { InputContext } from './context.ts'
import { optional } from './fields.ts'
import type { InputReader } from './problems.ts'

/** The report of an image has a line for each. */
const mostFiles = 10_000

/** Nothing there is part of an image, or it is written while containers run, or it is the action's. */
const elsewhere =
  /^(?:dev|proc|run|sys|tmp|opt\/aibrix|var\/(?:cache\/(?:apt|ldconfig)|lib\/apt\/lists|log|run))(?:\/|$)|^etc\/(?:hosts|hostname|resolv\.conf)$/

/** Layers mark so what they remove (OCI image specification, layer.md, "Whiteouts"). */
const whiteout = /(?:^|\/)\.wh\./

const plain = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\ufffd]+$/u

/**
 * Reads `extra-files`: a folder on the runner whose files an image gets, with all that is wrong in it.
 * @returns null without the input, or if it was refused
 */
export function readExtraFiles(reader: InputReader, { readFolder }: InputContext): ExtraFiles | null {
  const folder = optional(reader, 'extra-files')
  // The other commands build nothing, and their jobs need not have the folder.
  if (folder === undefined || !['run', 'plan', 'build'].includes(reader.read('command'))) return null
  // All files of the runner are no image's, and some of them never end (/proc/kmsg).
  const content = resolve(folder) === sep ? undefined : readFolder(folder)
  if (!content) {
    reader.refuse('extra-files', 'the path of a folder on the runner, such as one in a checkout')
    return null
  }
  for (const { use, paths } of problemsOf(content))
    if (paths.length > 0)
      reader.refuse(
        'extra-files',
        use,
        listed(
          paths.map((path) => excerpt(JSON.stringify(path), 120)),
          10,
        ),
      )
  if (content.entries.length + content.strange.length + content.unreadable.length === 0)
    reader.refuse('extra-files', 'a folder with files', 'an empty folder')
  if (content.entries.length > mostFiles)
    reader.refuse('extra-files', `at most ${mostFiles} files`, `a folder with ${content.entries.length}`)
  const bytes = content.entries.reduce((sum, entry) => sum + entry.bytes, 0)
  return { digest: folderDigest(content.entries), size: { files: content.entries.length, bytes } }
}

function problemsOf({
  entries,
  strange,
  setId,
  unreadable,
}: FolderContent): { use: string; paths: string[] }[] {
  const paths = [...entries.map(({ path }) => path), ...strange, ...unreadable]
  const pick = (isWrong: (path: string) => boolean) => paths.filter(isWrong)
  return [
    { use: 'files, links and folders alone', paths: strange },
    // A name that is not UTF-8 cannot be read, and is refused as a name.
    { use: 'what this user may read', paths: unreadable.filter((path) => plain.test(path)) },
    { use: 'files without set-user-ID, set-group-ID and sticky bits', paths: setId },
    { use: 'names without control and invisible characters', paths: pick((path) => !plain.test(path)) },
    {
      use: 'other places: an image does not keep these, or they are of the action itself',
      paths: pick((path) => elsewhere.test(path)),
    },
    {
      use: 'names that do not begin with .wh., which in a layer removes a file of the image',
      paths: pick((path) => whiteout.test(path)),
    },
    // BuildKit would leave out what it names.
    { use: 'a folder without this file at its top', paths: pick((path) => path === '.dockerignore') },
  ]
}
