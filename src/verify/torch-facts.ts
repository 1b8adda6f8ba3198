import * as v from 'valibot'

/** What the extension is compiled against. */
export const torch = v.object({
  /** `torch.__version__`: `2.11.0+cu130` */
  version: v.string(),
  /** `torch.version.cuda`: `13.0`; null for a torch without CUDA */
  cuda: v.nullable(v.string()),
  /**
   * The C++ standard that its headers and CMake files ask for, `20`; null where they say nothing, and in facts that an earlier version of
   * the action has kept
   */
  cxxStandard: v.optional(v.nullable(v.number()), null),
  /** sha256 over torch's RECORD file and size and time of each file in it: the same unless somebody touched torch */
  record: v.nullable(v.string()),
  location: v.string(),
})

/** What the extension is compiled with. */
export const toolkit = v.object({
  home: v.string(),
  /** nvcc's release, `13.0` */
  version: v.string(),
  /** Real architectures that this nvcc knows, `['7.5', '8.0', …]` */
  architectures: v.array(v.string()),
})
