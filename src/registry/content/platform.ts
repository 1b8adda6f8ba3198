/** The platform of a manifest as an index states it; `''` for what it does not state. */
export type Platform = {
  os: string
  architecture: string
  variant?: string | undefined
  'os.version'?: string | undefined
  'os.features'?: string[] | undefined
}

/** Spellings of architectures and variants in Docker (containerd/platforms, database.go) */
const architectures: Record<string, Pick<Platform, 'architecture' | 'variant'>> = {
  i386: { architecture: '386', variant: '' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
}
const variants: Record<string, string> = {
  'amd64/v1': '',
  'arm64/8': '',
  'arm64/v8': '',
  'arm64/v8.0': '',
  'arm64/9': 'v9',
  'arm64/9.0': 'v9',
  'arm64/v9.0': 'v9',
  'arm/': 'v7',
  'arm/7': 'v7',
  'arm/5': 'v5',
  'arm/6': 'v6',
  'arm/8': 'v8',
}

/** @returns one spelling per platform; a missing system is Linux, where our engines run */
function normal(platform: Pick<Platform, 'os' | 'architecture' | 'variant'>): Required<typeof platform> {
  const written = platform.architecture.toLowerCase()
  const known = Object.hasOwn(architectures, written) ? architectures[written] : undefined
  const architecture = known?.architecture ?? written
  const variant = known?.variant ?? (platform.variant ?? '').toLowerCase()
  const key = `${architecture}/${variant}`
  return {
    os: platform.os.toLowerCase() || 'linux',
    architecture,
    variant: Object.hasOwn(variants, key) ? variants[key] : variant,
  }
}

/** @param text `linux/amd64`, `linux/arm64/v8` */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant = ''] = text.split('/')
  return { os, architecture, variant }
}

/**
 * @param wanted `linux/amd64`; without a variant, any variant matches
 * @returns whether an image for `platform` is an image for `wanted`
 */
export function isForPlatform(wanted: string, platform: Platform): boolean {
  const [requested, actual] = [parsePlatform(wanted), normal(platform)]
  const { os, architecture, variant } = normal(requested)
  return (
    architecture !== '' &&
    os === actual.os &&
    architecture === actual.architecture &&
    (requested.variant === '' || variant === actual.variant)
  )
}

/** @returns whether the variant matches, too: `amd64/v3` is not exactly `amd64` */
export function isExactlyForPlatform(wanted: string, platform: Platform): boolean {
  return isForPlatform(wanted, platform) && normal(parsePlatform(wanted)).variant === normal(platform).variant
}

/** @returns `linux/arm64`, `linux/arm/v7`: one text per platform */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normal(platform)
  return [os, architecture, variant].filter((part) => part !== '').join('/')
}
