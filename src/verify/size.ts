const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** @returns a size as registries show it, in powers of 1000: `58.1 MB` */
export function humanBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}
