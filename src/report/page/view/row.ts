import { type Engine, engines } from '../../../plan/index.ts'
import type { PageData, PageImage, PagePlatform } from '../data.ts'
import { type BaseState, baseStateOf, type Standing, standingOf } from './standing.ts'

/** An image as a row of the table. */
export type Row = {
  /** `docker.io/aibrix/vllm-openai@sha256:…` */
  key: string
  image: PageImage
  /** `other`: the image is not one of this action's */
  engine: Engine | 'other'
  /** `vLLM` */
  title: string
  /** Measured versions; several if the platforms differ */
  version: readonly string[]
  aibrix: readonly string[]
  nixl: readonly string[]
  standing: Standing
  base: BaseState
  /** Of the largest platform; null if no report has it */
  addedBytes: number | null
  /** Everything that can be searched, in lower case */
  words: string
}

/** @returns the rows in the order of the data: the newest first */
export function rowsOf(data: PageData): Row[] {
  const packages = data.packages.map(({ name, version }) => `${name}==${version}`)
  return data.images.map((image) => rowOf(image, packages))
}

function rowOf(image: PageImage, packages: readonly string[]): Row {
  const { platforms, repository, digest, engine } = image
  const sizes = platforms.flatMap(({ addedBytes }) => addedBytes ?? [])
  return {
    key: `${repository}@${digest}`,
    image,
    engine: engine ?? 'other',
    title: engineTitle(engine ?? 'other'),
    version: valuesOf(platforms, 'engine'),
    aibrix: valuesOf(platforms, 'aibrix'),
    nixl: valuesOf(platforms, 'nixl'),
    standing: standingOf(image),
    base: baseStateOf(image),
    addedBytes: sizes.length === 0 ? null : Math.max(...sizes),
    words: wordsOf(image, packages).join('\n').toLowerCase(),
  }
}

export function engineTitle(engine: Engine | 'other'): string {
  return engine === 'other' ? 'Other image' : engines[engine].title
}

function valuesOf(platforms: readonly PagePlatform[], component: string): string[] {
  return [...new Set(platforms.flatMap(({ components }) => components[component] ?? []))]
}

function wordsOf(image: PageImage, packages: readonly string[]): string[] {
  return [
    engineTitle(image.engine ?? 'other'),
    image.repository,
    image.digest,
    image.created ?? '',
    ...image.tags,
    ...image.mirrors.flatMap(({ repository, tags }) => [repository, ...tags]),
    ...image.platforms.flatMap((platform) => [
      platform.platform,
      platform.digest,
      platform.buildId ?? '',
      platform.base?.name ?? '',
      platform.base?.digest ?? '',
      ...Object.entries(platform.components).flatMap(([name, version]) => [name, `v${version}`]),
      ...platform.conditions,
      ...Object.entries(platform.environment).map((variable) => variable.join('=')),
      ...platform.waivers.flatMap(({ gate, reason }) => [gate, reason]),
      ...(platform.addedPackages ?? []).map((position) => packages[position] ?? ''),
    ]),
  ]
}
