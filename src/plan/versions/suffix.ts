/** Distributions as tags spell them → ID in os-release (os-release(5)) */
export const distributions = new Map([
  ...['ubuntu', 'debian', 'rhel', 'rocky', 'almalinux', 'centos', 'fedora'].map((id) => [id, id] as const),
  ['ubi', 'rhel'],
  ['rockylinux', 'rocky'],
])

/** Names with a version after a dash, of two digits or with a dot: `cuda-12.9`, but not `cuda-1` */
const versioned = ['cuda', 'cu', ...distributions.keys()].join('|')
const part = new RegExp(
  String.raw`x86[-_]64(?![^-_])|cuda[-_]?\d{2}[-_]\d(?![^-_])|(?:${versioned})[-_](?:\d{2}(?:\.\d+)*|\d\.\d+|\d{3,4})(?![^-_])|[^-_]+`,
  'gi',
)

/** @returns the parts of a tag's suffix: `cu129`, `ubuntu-24.04` for `-cu129_ubuntu-24.04` */
export function partsOf(suffix: string): string[] {
  return suffix.match(part) ?? []
}

/** Hardware of images without a torch for CUDA, as tags spell it; a number may follow */
const hardware: Record<string, string> = {
  'AMD ROCm': 'rocm|hip|gfx(?=\\d)|mi(?=\\d)',
  'Intel XPU': 'xpu',
  'Intel Gaudi': 'hpu|gaudi',
  'Huawei Ascend': 'npu|ascend|cann',
  'Google TPU': 'tpu',
  'AWS Neuron': 'neuronx?',
  'Moore Threads MUSA': 'musa',
  'Cambricon MLU': 'mlu',
  'MetaX MACA': 'maca',
  'Hygon DCU': 'dcu|dtk',
  CPUs: 'xeon|cpu',
}
const hardwareNames = Object.entries(hardware).map(([name, spelt]) => ({
  name,
  pattern: new RegExp(`^(?:${spelt})(?:v?\\d.*|\\..*)?$`, 'i'),
}))

/** `-cpu-offload` is a feature: only a machine, CUDA or a distribution may follow `cpu`. */
const onlyLast = /^cpu$/i
const place = new RegExp(`^(?:x86[-_]64|amd64|aarch64|arm64|(?:${versioned})[-_.\\d]*)$`, 'i')

/** @returns the part of a suffix that marks an image for other hardware than CUDA */
export function otherHardware(suffix: string): { part: string; name: string } | undefined {
  const parts = partsOf(suffix)
  const found = parts.flatMap((each, index) => {
    if (onlyLast.test(each) && !parts.slice(index + 1).every((later) => place.test(later))) return []
    return hardwareNames.filter(({ pattern }) => pattern.test(each)).map(({ name }) => ({ part: each, name }))
  })
  return found[0]
}
