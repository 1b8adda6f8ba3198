import * as v from 'valibot'
import { kvcacheRoundTrip, loopback, nixlTransfer, starts } from './functional-facts.ts'
import { outcome } from './outcome.ts'

/** What Python would import under one name (`dockerfiles/scripts/measure/as_imported.py`). */
const imported = v.object({
  /** `nixl_cu13`, `aibrix_kvcache._aibrix_C` */
  name: v.string(),
  /** Path, without links, of its file, or of its folder without `__init__.py`; null if there is none */
  file: v.nullable(v.string()),
  /** Distributions whose RECORD lists the file, or whose editable install names its folder (PEP 503 names) */
  owners: v.array(v.object({ name: v.string(), version: v.string() })),
  /** Its `__version__`; null if it has none, or could not be imported */
  version: v.nullable(v.string()),
  /** Why it can't be imported although the name exists; null otherwise */
  error: v.nullable(v.string()),
})

/** What a Python would import. */
export const imports = v.object({
  /** Path of that Python */
  interpreter: v.string(),
  /** The first folder in its search: a script's, or the current one for `python -m`; null if there is none */
  first: v.nullable(v.string()),
  /** Entries of PYTHONPATH, without links */
  pythonPath: v.array(v.string()),
  /** The folder of `pip install --user`; null if this Python does not search it */
  userSite: v.nullable(v.string()),
  /** `sys.path`, without links */
  path: v.array(v.string()),
  /** Folders and files, on the paths of modules and programs, that this user can't enter or read */
  closed: v.array(v.string()),
  modules: v.array(imported),
  /** Why this Python did not answer; null if it did */
  error: v.nullable(v.string()),
})

export type Imports = v.InferOutput<typeof imports>
export type Imported = v.InferOutput<typeof imported>

/** The base's USER, seen by root before anything is started as that user. */
export const user = v.object({
  /** As configured: `engine:staff`, `2000`, `` for root */
  name: v.string(),
  /** WORKDIR */
  directory: v.string(),
  /** Whether /etc/passwd has it */
  entry: outcome,
  /** Whether /etc/group has its group, if that is a name */
  group: outcome,
  /** Whether it can enter WORKDIR */
  enter: outcome,
  /** Whether it can start `python3` */
  python: outcome,
})

/** Measured as the user of the image, with its environment and directory. */
export const running = v.object({
  /** Null if not known */
  identity: v.nullable(
    v.object({ uid: v.number(), gid: v.number(), home: v.nullable(v.string()), directory: v.string() }),
  ),
  /** Null for the base */
  nixlTransfer: v.nullable(nixlTransfer),
  /** Null for the base */
  kvcacheRoundTrip: v.nullable(kvcacheRoundTrip),
  /** Null for the base, and if not known */
  loopback: v.nullable(loopback),
  /** Null if not known */
  entrypoint: v.nullable(starts),
  /** What the ENTRYPOINT would import; null if not known */
  imports: v.nullable(imports),
  /** The debug tools, ucx_info and ucx_perftest; null if they could not be started */
  tools: v.nullable(v.array(v.object({ command: v.string(), start: outcome }))),
})
