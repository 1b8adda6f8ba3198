/**
 * The oldest driver for Linux on which an application of each CUDA major runs, whatever its minor
 * version (NVIDIA, CUDA Toolkit Release Notes, table "CUDA Toolkit and Minimum Required Driver
 * Version for CUDA Minor Version Compatibility",
 * https://docs.nvidia.com/cuda/cuda-toolkit-release-notes). Code that needs a feature of a later
 * minor version, or PTX that the driver must compile, may need a newer one.
 */
const drivers: ReadonlyMap<string, string> = new Map([
  ['11', '450.80.02'],
  ['12', '525.60.13'],
  ['13', '580.65.06'],
])

/** @param cuda `12.8`, or whatever a label says @returns `525.60.13`; null if it is not known */
export function minimumDriver(cuda: string | undefined): string | null {
  return drivers.get(cuda?.split('.')[0] ?? '') ?? null
}
