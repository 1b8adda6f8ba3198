import * as v from 'valibot'
import { digestSchema, engineNames } from '../plan/index.ts'
import { recordOf } from '../json.ts'
import { baseStates } from './base-states.ts'

const text = v.string()
const texts = v.array(text)
const bytes = v.pipe(v.number(), v.integer(), v.minValue(0))

/** RFC 3339, UTC */
const time = v.pipe(text, v.isoTimestamp())

const addedPackage = v.object({ from: v.picklist(['pip', 'dpkg']), name: text, version: text })

/**
 * The base of an image, compared with what its tag names now. `current`: the same. `moved`: another
 * digest, or none while the registry still has this one. `gone`: neither its digest nor its tag
 * exists any more. `unknown`: no tag of it is recorded, or the registry did not answer, or it lacks the
 * whole repository that the base was taken from
 */
const baseSchema = v.object({
  /** `docker.io/vllm/vllm-openai:v0.10.2`; without a tag where none is recorded */
  name: text,
  /** Of the manifest for the platform */
  digest: digestSchema,
  state: v.picklist(baseStates),
})

export const listedPlatformSchema = v.object({
  /** `linux/amd64` */
  platform: text,
  digest: digestSchema,
  buildId: v.nullable(text),
  /** `engine`, `torch`, `cuda`, `python`, `aibrix`, `nixl`, `ucx` → the measured version */
  components: recordOf(text, text),
  /** `VLLM_USE_V2_MODEL_RUNNER=0`, `ucx-tools: none` */
  conditions: texts,
  /** What the input `environment` set in the image: name → value, by which alone images may differ */
  environment: recordOf(text, text),
  /** Of the report; null if there is none about this image, `why` says so in a sentence */
  gates: v.nullable(v.object({ passed: v.number(), waived: v.number(), blocking: texts })),
  why: v.nullable(text),
  waivers: v.array(v.object({ gate: text, reason: text })),
  /** Compressed; null where no report has them */
  addedBytes: v.nullable(bytes),
  totalBytes: bytes,
  largestLayerBytes: bytes,
  /** Over the base, for the triage of CVEs; null without a report */
  addedPackages: v.nullable(v.array(addedPackage)),
  /** The oldest driver on which the CUDA of the image runs: `525.60.13`; null if CUDA is not known */
  minimumDriver: v.nullable(text),
  base: v.nullable(baseSchema),
})

/** One digest in a public repository, with all tags that name it. */
export const listedImageSchema = v.object({
  /** `docker.io/aibrix/vllm-openai` */
  repository: text,
  digest: digestSchema,
  /** Sorted, the dated ones first; never empty */
  tags: texts,
  /** null: the image is not one of this action's */
  engine: v.nullable(v.picklist(engineNames)),
  /** When its build ended, by its report; without one, when its newest layer was built */
  created: v.nullable(time),
  /** Sorted by platform */
  platforms: v.array(listedPlatformSchema),
  /** Mirrors that have the same digest, with its tags there */
  mirrors: v.array(v.object({ repository: text, tags: texts })),
})

/** Releases that are newer than the newest one that is published. */
export const behindSchema = v.object({
  /** `vllm`, `sglang`, `aibrix`, `nixl` */
  what: v.picklist([...engineNames, 'aibrix', 'nixl']),
  /** The newest that is published; null if none is */
  published: v.nullable(text),
  /** Newest first; never empty */
  newer: texts,
})

/** What `command: list` finds: the JSON document of the output `list-path`, and the data of the page. */
export const inventorySchema = v.object({
  format: v.literal(1),
  /** When the list was made */
  made: time,
  repositories: texts,
  /** The input `where`, as given */
  where: text,
  /** Engines that were selected and whose images could all be read, listed or not */
  complete: v.array(v.picklist(engineNames)),
  /** Newest first */
  images: v.array(listedImageSchema),
  behind: v.array(behindSchema),
  /** Sentences: what could not be read */
  warnings: texts,
})

export type Inventory = v.InferOutput<typeof inventorySchema>
export type ListedImage = v.InferOutput<typeof listedImageSchema>
export type ListedPlatform = v.InferOutput<typeof listedPlatformSchema>
export type Behind = v.InferOutput<typeof behindSchema>
