import * as v from 'valibot'
import type { Leg } from '../plan/index.ts'
import { outcome } from './outcome.ts'
import { baseFiles } from './base-files.ts'
import { measuredCondition } from './conditions.ts'
import { demands, hooks } from './demand-facts.ts'
import { imports, running, user } from './running-facts.ts'
import { toolkit, torch } from './torch-facts.ts'

/**
 * The output of `dockerfiles/scripts/measure`, once for the base and once for the finished image.
 * Python measures and never judges; the gates judge and never measure. `null` means "does not exist";
 * what could not be measured has an `error` next to it.
 */

/** An ELF file with its DT_NEEDED entries, as written in the file. */
const elfFile = v.object({ path: v.string(), needed: v.array(v.string()) })

const system = v.object({
  /** `uname -m`: `x86_64`, `aarch64` */
  machine: v.string(),
  /** `ID VERSION_ID` of os-release: `debian 12` */
  distribution: v.string(),
  /** `2.36` */
  glibc: v.string(),
  /** Highest GLIBCXX symbol version of the libstdc++ that the loader finds: `3.4.30`; null without libstdc++ */
  libstdcxx: v.nullable(v.string()),
})

const python = v.object({ version: v.string(), executable: v.string(), externallyManaged: v.boolean() })

const engine = v.object({
  /** Distribution name: `vllm`, `sglang` */
  name: v.string(),
  version: v.string(),
  /** Directory of the package, where a patch is applied */
  location: v.string(),
  editable: v.boolean(),
})

/** A shared object of AIBrix's package, loaded with stubs of the driver if there is none. */
const library = v.object({
  path: v.string(),
  needed: v.array(v.string()),
  load: outcome,
  /** Undefined symbols that nothing in the loaded process provides, from a relocation scan (`ldd -r`) */
  undefinedSymbols: v.array(v.string()),
})

/** The file that Python imports as `aibrix_kvcache._aibrix_C`. */
const extension = v.object({
  ...library.entries,
  /** Operators registered under torch.ops._aibrix_C_cache_ops by loading it; empty if it did not load */
  operators: v.array(v.string()),
  /** Architectures with machine code (not PTX) in all its fat binaries, one per source file: `['8.0', '9.0']` */
  machineCode: v.array(v.string()),
  /** Architectures with machine code in some of its fat binaries only */
  partialMachineCode: v.array(v.string()),
  /** Architectures of the PTX in any of them */
  ptx: v.array(v.string()),
})

const aibrix = v.object({
  /** Version of the installed distribution, with its local part: `0.7.0+cu130` */
  version: v.string(),
  import: outcome,
  extension: v.nullable(extension),
  /** The other shared objects of the package */
  libraries: v.array(library),
})

const nixl = v.object({
  /** Every installed distribution named nixl or nixl-cu*, `{ 'nixl': '0.7.1', 'nixl-cu13': '0.7.1' }` */
  distributions: v.record(v.string(), v.string()),
  /** Top-level modules named nixl_cu*, also those without a distribution: `['nixl_cu13']` */
  modules: v.array(v.string()),
})

const bundledUcx = v.object({
  /** Path of the libucp that NIXL ships */
  library: v.string(),
  /** From its ucp_get_version_string; null with `error` if it can't be loaded */
  version: v.nullable(v.string()),
  error: v.nullable(v.string()),
  /** `['cma', 'cuda', 'ib', …]`: libuct_<name>.so in its module directory */
  modules: v.array(v.string()),
})

const ucxTools = v.object({
  prefix: v.string(),
  /** First version that `ucx_info -v` prints; null with `error` */
  version: v.nullable(v.string()),
  error: v.nullable(v.string()),
  /** Path of the library that ucx_info reports */
  library: v.nullable(v.string()),
  /** Of `ucx_perftest -h` */
  perftest: outcome,
  /** Of `ucx_info -d`, which works without a GPU or a device */
  devices: outcome,
  modules: v.array(v.string()),
})

/**
 * Each libucp or libucs that the loader finds (ld.so.cache, its default directories,
 * LD_LIBRARY_PATH); null if that could not be measured.
 */
const loaderUcx = v.nullable(v.array(v.string()))

/** Null if the files could not be read. */
const linking = v.nullable(v.array(elfFile))

const tool = v.object({ command: v.string(), path: v.nullable(v.string()), start: outcome })

export const integrationModes = ['patch', 'module', 'none'] as const

const integration = v.object({
  mode: v.picklist(integrationModes),
  /** Why this mode, in one sentence */
  reason: v.string(),
  /** Name of the patch, or module of the connector; null for `none` */
  evidence: v.nullable(v.string()),
  /** patch: a dry run in reverse applies; module: the connector can be imported; none: always ok */
  check: outcome,
})

/** What the build has added of the user's own packages, by name. */
const extraPackages = v.object({
  added: v.array(v.string()),
  /** Those whose marker excludes this Python */
  leftOut: v.array(v.string()),
})

/** The user's own files, as they are in the image. */
const extraFiles = v.object({
  /** sha256 over names, permissions and content of what is at their places */
  digest: v.string(),
  files: v.array(v.object({ path: v.string(), bytes: v.number() })),
  /** Those that the build left out, since something else is at their place */
  covered: v.array(
    v.object({
      path: v.string(),
      /** The Python or Debian package that has it */
      owner: v.nullable(v.string()),
    }),
  ),
})

export const factsSchema = v.object({
  format: v.literal(2),
  /** Measured as the image's user */
  running,
  system,
  python,
  /** Null for the image */
  user: v.nullable(user),
  /** For root, by the `python3` in PATH, which measures everything else; null if not known */
  imports: v.nullable(imports),
  /** All engines in it: an image of SGLang may contain vLLM */
  engines: v.array(engine),
  torch: v.nullable(torch),
  toolkit: v.nullable(toolkit),
  aibrix: v.nullable(aibrix),
  nixl,
  bundledUcx: v.nullable(bundledUcx),
  loaderUcx,
  ucxTools: v.nullable(ucxTools),
  /** ELF files with CUDA libraries among their NEEDED entries, by owner */
  cudaLinks: v.object({ torch: linking, nixl: linking, aibrix: linking, ucxTools: linking }),
  /** Debug tools; none in base facts from an earlier version of the action */
  tools: v.array(tool),
  /** Null if no source could be read */
  demands: v.nullable(demands),
  /** Null for the base */
  integration: v.nullable(integration),
  /** Null for the base, and if they could not be compared */
  baseFiles: v.nullable(baseFiles),
  /** Null for the base, and if they could not be compared; absent in facts of earlier versions */
  addedFiles: v.optional(v.nullable(baseFiles)),
  /** Null if AIBrix replaces nothing of the engine */
  hooks: v.nullable(hooks),
  /** Empty for the base */
  conditions: v.array(measuredCondition),
  /** Null for the base, and without them; absent in facts of earlier versions */
  extraPackages: v.optional(v.nullable(extraPackages), null),
  extraFiles: v.optional(v.nullable(extraFiles), null),
  /** Normalised distribution name → version */
  pip: v.record(v.string(), v.string()),
  /** Lines of `pip check`; null if it could not be run */
  pipCheck: v.nullable(v.array(v.string())),
  /** `name:arch` → version; null without dpkg */
  dpkg: v.nullable(v.record(v.string(), v.string())),
})

export type Facts = v.InferOutput<typeof factsSchema>

/** The facts of a base before anything runs as its user, which are stored. */
export const baseFactsSchema = v.omit(factsSchema, ['running'])

export type BaseFacts = Omit<Facts, 'running'>

/** @returns the engine of the leg; undefined if it is missing */
export function engineOf({ engine: wanted }: Pick<Leg, 'engine'>, { engines }: BaseFacts) {
  return engines.find(({ name }) => name === wanted)
}

/** The two measurements of a leg: of its base and of the finished image. */
export type LegFacts = { base: Facts; image: Facts }

/** The part of them that was measured as root. */
export type RootFacts = { base: BaseFacts; image: BaseFacts }
