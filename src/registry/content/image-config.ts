import * as v from 'valibot'
import { parsedJson } from './json.ts'

/**
 * An image's configuration. A missing value, `null`, `""`, `[]` and `{}` mean the same to every
 * container engine and have one form here: `''` for user and variant, `[]` for entrypoint, cmd,
 * shell, onBuild, env and diffIds, `{}` for labels, and `/` for the working directory (BuildKit
 * writes `/` if the base had none).
 */
export type ImageConfig = {
  /** `''` if the image does not state it, which Docker accepts; so for the architecture */
  os: string
  architecture: string
  variant: string
  /** As in the image: `''` for root, else a name or a number, perhaps with a group after a colon */
  user: string
  entrypoint: string[]
  cmd: string[]
  workingDir: string
  /** The shell for Dockerfile instructions that are not lists; `[]` is `/bin/sh -c` */
  shell: string[]
  /** Instructions that run first in each image built on this one: `RUN pip install nixl` */
  onBuild: string[]
  /** `NAME=value`, in the image's order */
  env: string[]
  labels: Record<string, string>
  /** Digests of the uncompressed layers, the lowest first */
  diffIds: string[]
  /** RFC 3339; undefined if the image does not state it */
  created: string | undefined
  /** When each of `diffIds` was created; empty unless the image states it for every layer */
  layersCreated: string[]
}

const text = v.nullish(v.string(), '')
/** Old images have a string for a command of one word (Docker's strslice). */
const texts = v.pipe(
  v.nullish(v.union([v.array(v.string()), v.string()]), () => []),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
)

const step = v.object({ created: v.nullish(v.string()), empty_layer: v.nullish(v.boolean()) })

const schema = v.pipe(
  v.unknown(),
  v.check((given) => !Array.isArray(given), 'a list'),
  v.object({
    os: text,
    architecture: text,
    variant: text,
    created: v.nullish(v.string()),
    config: v.nullish(
      v.object({
        User: text,
        Entrypoint: texts,
        Cmd: texts,
        WorkingDir: text,
        Shell: texts,
        OnBuild: texts,
        Env: texts,
        Labels: v.nullish(v.record(v.string(), text), () => ({})),
      }),
      () => ({}),
    ),
    rootfs: v.nullish(v.object({ diff_ids: texts })),
    // Optional, and only an age is read from it.
    history: v.fallback(v.array(step), () => []),
  }),
)

/**
 * @param bytes the configuration blob of an image manifest (OCI image specification, config.md)
 * @param name what is read, for the error
 * @throws UserError if it is not valid
 */
export function parseImageConfig(bytes: Uint8Array, name: string): ImageConfig {
  const title = `the configuration of ${name}`
  const { config, rootfs, history, os, architecture, variant, created } = parsedJson(schema, bytes, title)
  const diffIds = rootfs?.diff_ids ?? []
  const layers = history.filter(({ empty_layer }) => empty_layer !== true)
  const times = layers.flatMap((layer) => layer.created ?? [])
  return {
    os,
    architecture,
    variant,
    user: config.User,
    entrypoint: config.Entrypoint,
    cmd: config.Cmd,
    workingDir: config.WorkingDir || '/',
    shell: config.Shell,
    onBuild: config.OnBuild,
    env: config.Env,
    labels: config.Labels,
    diffIds,
    created: created ?? undefined,
    layersCreated: times.length === diffIds.length ? times : [],
  }
}
