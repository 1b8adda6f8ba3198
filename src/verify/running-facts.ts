import * as v from 'valibot'
import { kvcacheRoundTrip, nixlTransfer } from './functional-facts.ts'
import { starts } from './entrypoint-facts.ts'
import { loopback } from './loopback-facts.ts'
import { outcome } from './outcome.ts'

/** What Python would import by one name, which `dockerfiles/scripts/measure/as_imported.py` looks for. */
const imported = v.object({
  /** `nixl_cu13`, `aibrix_kvcache._aibrix_C` */
  name: v.string(),
  /** Path without links of its file, of its folder for a package without `__init__.py`; null if there is none */
  file: v.nullable(v.string()),
  /** The distributions whose RECORD lists the file, or whose editable install names its folder; names as PEP 503 normalises them */
  owners: v.array(v.object({ name: v.string(), version: v.string() })),
  /** Its `__version__`; null if it has none, or could not be asked */
  version: v.nullable(v.string()),
  /** Why it can't be had though something answers to the name; null otherwise */
  error: v.nullable(v.string()),
})

/** What a Python would import. */
export const imports = v.object({
  /** Path of that Python */
  interpreter: v.string(),
  /** The folder where it looks before all others: of a script, or the current one for `python -m`; null if there is none */
  first: v.nullable(v.string()),
  /** Entries of PYTHONPATH, without links */
  pythonPath: v.array(v.string()),
  /** Where `pip install --user` puts things; null where this Python does not look there */
  userSite: v.nullable(v.string()),
  /** `sys.path`, without links */
  path: v.array(v.string()),
  /** Folders and files on the way to modules and programs that this user can't enter or read */
  closed: v.array(v.string()),
  modules: v.array(imported),
  /** Why this Python gave no answer; null if it did */
  error: v.nullable(v.string()),
})

export type Imports = v.InferOutput<typeof imports>
export type Imported = v.InferOutput<typeof imported>

/** The base's USER, as root sees it before anything is started as that user; of the image nothing is asked. */
export const user = v.object({
  /** As the configuration has it: `engine:staff`, `2000`, `` for root */
  name: v.string(),
  /** WORKDIR */
  directory: v.string(),
  /** Whether /etc/passwd has it */
  entry: outcome,
  /** Whether /etc/group has its group, where that is a name */
  group: outcome,
  /** Whether it can go into WORKDIR */
  enter: outcome,
  /** Whether it can start `python3` */
  python: outcome,
})

/** What `dockerfiles/scripts/measure` finds as the user that runs the image, with its environment, in its current directory. */
export const running = v.object({
  /** Null if it could not be told */
  identity: v.nullable(
    v.object({ uid: v.number(), gid: v.number(), home: v.nullable(v.string()), directory: v.string() }),
  ),
  /** Null for the base */
  nixlTransfer: v.nullable(nixlTransfer),
  /** Null for the base */
  kvcacheRoundTrip: v.nullable(kvcacheRoundTrip),
  /** Null for the base, and where it could not be told */
  loopback: v.nullable(loopback),
  /** Null if it could not be told */
  entrypoint: v.nullable(starts),
  /** As the ENTRYPOINT would import it; null if it could not be told */
  imports: v.nullable(imports),
  /** The debug tools, ucx_info and ucx_perftest; null if they could not be tried */
  tools: v.nullable(v.array(v.object({ command: v.string(), start: outcome }))),
})
