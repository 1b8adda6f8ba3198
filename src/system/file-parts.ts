import { closeSync, openSync, writeSync } from 'node:fs'

/** Writes a file part by part: thousands of images as one text would need much memory. */
export function writeParts(path: string, parts: Iterable<string>): void {
  const file = openSync(path, 'w')
  try {
    for (const part of parts) writeSync(file, part)
  } finally {
    closeSync(file)
  }
}
