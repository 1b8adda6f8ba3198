import * as v from 'valibot'

/** The extension is compiled against it. */
export const torch = v.object({
  /** `torch.__version__`: `2.11.0+cu130` */
  version: v.string(),
  /** `torch.version.cuda`: `13.0`; null for a torch without CUDA */
  cuda: v.nullable(v.string()),
  /**
   * The C++ standard that its headers and CMake files require, `20`; null if they require none, and in
   * facts stored by an earlier version of the action
   */
  cxxStandard: v.optional(v.nullable(v.number()), null),
  /** sha256 over torch's RECORD and the size and time of each file in it; changes whenever torch does */
  record: v.nullable(v.string()),
  location: v.string(),
})

/** The extension is compiled with it. */
export const toolkit = v.object({
  home: v.string(),
  /** nvcc's release, `13.0` */
  version: v.string(),
  /** Architectures with machine code from this nvcc, `['7.5', '8.0', …]` */
  architectures: v.array(v.string()),
})
