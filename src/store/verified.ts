import * as v from 'valibot'
import { parsed } from '../json.ts'
import { digestSchema } from '../plan/index.ts'
import {
  formatReference,
  getArtifact,
  putArtifact,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { isBlocking } from '../verify/index.ts'
import { documents, formats, type Now, type Verification, verifiedTag } from './contents.ts'
import { reportSchema } from './leg-report.ts'

/** How an existing image was judged. */
const schema = v.object({
  format: v.literal(formats.verified),
  /** Of the action that judged it */
  actionVersion: v.string(),
  /** Of the scripts that measured it, 12 hexadecimal digits */
  scripts: v.string(),
  /** `name` as it was resolved, `digest` of the manifest for the platform */
  image: v.object({ name: v.string(), digest: digestSchema, platform: v.string() }),
  /** Whether it was compared with its own labels, or with versions that were given */
  against: v.picklist(['labels', 'versions']),
  /** As given in `gpus`; null: none */
  gpus: v.nullable(v.string()),
  /** What was measured, and every gate */
  report: reportSchema,
})

export type VerifiedRecord = v.InferOutput<typeof schema>

/** @returns whether each gate passed, was waived, or had nothing to judge */
export function isPassing({ report: { gates } }: Pick<VerifiedRecord, 'report'>): boolean {
  return gates.length > 0 && !gates.some(isBlocking)
}

export type VerifiedReader = {
  /** @returns undefined if there is none about this digest in a form that this version knows */
  read: (verification: Verification) => Promise<VerifiedRecord | undefined>
  /** `registry/path:verified-…` */
  nameOf: (verification: Verification) => string
}

export type VerifiedWriter = {
  /** Stores or replaces it. @throws UserError, which is a RegistryRefusal if nothing may be pushed */
  write: (record: VerifiedRecord) => Promise<void>
}

export function readVerifiedIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
): VerifiedReader {
  return {
    read: async (verification) => {
      const bytes = await getArtifact(registry, repository, verifiedTag(verification), documents.verified)
      const record = bytes && parsed(schema, bytes.toString('utf8'))
      const isAbout = record?.image.digest === verification.digest && record.scripts === verification.scripts
      return isAbout ? record : undefined
    },
    nameOf: (verification) => formatReference({ ...repository, tag: verifiedTag(verification) }),
  }
}

export function writeVerifiedIn(
  registry: Pick<RegistryClient, 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
): VerifiedWriter {
  return {
    write: async (record) => {
      const { type } = documents.verified
      const bytes = Buffer.from(`${JSON.stringify(record)}\n`)
      const tag = verifiedTag({ digest: record.image.digest, scripts: record.scripts })
      await putArtifact(registry, repository, tag, { type, bytes, created: now() })
    },
  }
}
