import * as v from 'valibot'
import type { Leg } from '../plan/index.ts'
import { outcome } from './outcome.ts'
import { baseFiles } from './base-files.ts'
import { measuredCondition } from './conditions.ts'
import { demands, hooks } from './demand-facts.ts'
import { imports, running, user } from './running-facts.ts'
import { toolkit, torch } from './torch-facts.ts'

/**
 * What `dockerfiles/scripts/measure` prints, once for the base and once for the finished image. Python measures and
 * never judges; the gates judge and never measure. `null` means "is not there"; a thing that could not be measured
 * says so in an `error` next to it.
 */

/** An ELF file that was looked at, with its DT_NEEDED entries as written in the file. */
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

/** A shared object of AIBrix' package, loaded where there is no driver with stubs of the driver's libraries. */
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
  /** Architectures of which each of its fat binaries has machine code (not PTX), `['8.0', '9.0']`; there is one for each source file */
  machineCode: v.array(v.string()),
  /** Architectures of which only some of its fat binaries have machine code */
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
  /** Top-level modules named nixl_cu* that can be found, also without a distribution: `['nixl_cu13']` */
  modules: v.array(v.string()),
})

const bundledUcx = v.object({
  /** Path of the libucp that NIXL brings */
  library: v.string(),
  /** What ucp_get_version_string of it answers; null with `error` if it can't be loaded */
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
  /** Path of the library that ucx_info says it uses */
  library: v.nullable(v.string()),
  /** What `ucx_perftest -h` does */
  perftest: outcome,
  /** What `ucx_info -d` does (it answers without a GPU and without a device) */
  devices: outcome,
  modules: v.array(v.string()),
})

/**
 * A libucp or libucs that the loader can find (ld.so.cache, its default directories, LD_LIBRARY_PATH); null if that could not
 * be looked up, which is not the same as none.
 */
const loaderUcx = v.nullable(v.array(v.string()))

/** Null if the files could not be looked at. */
const linking = v.nullable(v.array(elfFile))

const tool = v.object({ command: v.string(), path: v.nullable(v.string()), start: outcome })

export const integrationModes = ['patch', 'module', 'none'] as const

const integration = v.object({
  mode: v.picklist(integrationModes),
  /** One sentence: why this mode */
  reason: v.string(),
  /** Patch file name, or dotted module of the connector; null for `none` */
  evidence: v.nullable(v.string()),
  /** patch: the patch applies in reverse, as a dry run; module: the connector was imported; none: always ok */
  check: outcome,
})

export const factsSchema = v.object({
  format: v.literal(2),
  /** What was measured as the image's user */
  running,
  system,
  python,
  /** Null for the image */
  user: v.nullable(user),
  /** As root, by the `python3` of the PATH, with which all else is measured; null if it could not be told */
  imports: v.nullable(imports),
  /** Each one that is there: an image of SGLang may have vLLM, too */
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
  /** Debug tools; facts of a base that an earlier version of the action has measured have none */
  tools: v.array(tool),
  /** Null if no source could be looked at */
  demands: v.nullable(demands),
  /** Null for the base */
  integration: v.nullable(integration),
  /** Null for the base, and if they could not be compared */
  baseFiles: v.nullable(baseFiles),
  /** Null where AIBrix acts on nothing of the engine's */
  hooks: v.nullable(hooks),
  /** None for the base */
  conditions: v.array(measuredCondition),
  /** Normalised distribution name → version */
  pip: v.record(v.string(), v.string()),
  /** Lines of `pip check`; null where it could not be run */
  pipCheck: v.nullable(v.array(v.string())),
  /** `name:arch` → version; null where there is no dpkg */
  dpkg: v.nullable(v.record(v.string(), v.string())),
})

export type Facts = v.InferOutput<typeof factsSchema>

/** What is known of a base before anything is started as its user, and is kept of it. */
export const baseFactsSchema = v.omit(factsSchema, ['running'])

export type BaseFacts = Omit<Facts, 'running'>

/** @returns the engine that the leg is for; undefined where it is not there */
export function engineOf({ engine: wanted }: Pick<Leg, 'engine'>, { engines }: BaseFacts) {
  return engines.find(({ name }) => name === wanted)
}

/** The two measurements of a leg: the base before anything was added, and the finished image. */
export type LegFacts = { base: Facts; image: Facts }

/** As much of them as was measured as root. */
export type RootFacts = { base: BaseFacts; image: BaseFacts }
