/** Names of the gates, as a user writes them in `allow-failed`. */
export const gateNames = [
  'engine-version',
  'torch-untouched',
  'aibrix-version',
  'extension',
  'gpu-architectures',
  'cuda-major',
  'nixl-variant',
  'nixl-ucx',
  'second-libucp',
  'ucx-tools',
  'environment-untouched',
  'pip-check',
  'integration',
  'debug-tools',
  'image-config',
  'added-bytes',
  'media-types',
] as const

export type GateName = (typeof gateNames)[number]

/** One judgement. `skipped` means that it could not be told, never that it is fine. */
export type Gate = { name: GateName; expected: string; actual: string } & (
  | { state: 'pass' }
  | { state: 'fail'; hint: string }
  | { state: 'waived'; hint: string; reason: string }
  | { state: 'skipped'; reason: string }
)
