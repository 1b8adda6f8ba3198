/** From this release on `nixl` holds no binary and needs `nixl-cu<major>` of its version (its pyproject.toml); before, it is linked with CUDA 12. */
export const firstWithVariants = '0.7.1'

/**
 * From this release on `nixl` requires all of its variants, in its own version, and imports that of torch's CUDA; before, the first that
 * it finds of CUDA 13 and 12.
 */
export const firstWithAllVariants = '1.1.0'
