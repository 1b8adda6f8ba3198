import type { gateNames } from '../src/verify/gate.ts'

/**
 * Markdown for the tables of gates in the documentation (readme.ts). A gate without a description
 * does not compile.
 */
export type GateDescription = {
  checks: string
  /** Why the gate exists */
  because: string
  fails: string
  undetermined?: string
  notApplicable?: string
  /** The gates that it follows from, and when */
  follows?: string
}

const notPushed = 'nothing is pushed'
const stopped = 'the gate that stopped the build'
const noTools = 'the image has no UCX tools, because their source is not known'

export const gateDescriptions: Readonly<Record<(typeof gateNames)[number], GateDescription>> = {
  'engine-version': {
    checks: "The engine, and the CUDA, architecture and distribution in the base's tag",
    because: 'tags move, and the tag of an image is not the version of a package',
    fails:
      'the base lacks the engine, has another version than its tag, or another CUDA, architecture or distribution; or a build step removed or replaced the engine',
    undetermined: "a part of the tag can't be compared, for example without a version in os-release",
    follows: '`torch-untouched`, `cuda-major`: the tag names a CUDA and the base has none',
  },
  'torch-untouched': {
    checks: "torch is the base's, file by file",
    because: 'an install that replaces torch breaks every compiled kernel',
    fails: "the base has no torch, or the image's differs in version, CUDA or files",
    undetermined: 'torch has no RECORD',
  },
  'aibrix-version': {
    checks: 'aibrix_kvcache has the requested version, built for this CUDA (`+cu130`), and can be imported',
    because: 'a wheel for another CUDA installs without an error',
    fails: "it is missing, can't be imported, has another version, or was compiled for another CUDA",
    follows: '`torch-untouched`, `cuda-major`: the base names no CUDA',
  },
  extension: {
    checks: "AIBrix's compiled extension and every library beside it load, and no symbol is missing",
    because: '`import aibrix_kvcache` succeeds without it, and is slow',
    fails:
      'Python imports no compiled extension, a library does not load or lacks symbols, or no operator is registered',
    undetermined: 'it links the GPU driver, and there is no stub of it',
    follows: '`aibrix-version`: no aibrix_kvcache; `cuda-major`: a library of another CUDA is missing',
  },
  'gpu-architectures': {
    checks: 'Every kernel of the extension has machine code for every requested GPU',
    because: 'AIBrix compiles for one default architecture and leaves the others to a JIT at start-up',
    fails: 'a kernel has no machine code for a requested GPU',
    undetermined: 'no fatbin could be read',
    notApplicable: '`gpu-architectures` is `auto`, and the base has no nvcc, on which that depends',
    follows: '`extension`: there is none',
  },
  'cuda-major': {
    checks: 'torch, the toolkit, NIXL, the extension and the UCX tools need the same CUDA major',
    because: 'the wrong NIXL variant imports without an error; only its ELF files show it',
    fails:
      "they need several CUDA majors (of the base's own NIXL only the imported variant counts), or torch is without CUDA",
    undetermined: 'the files of a part could not be read',
    follows: '`torch-untouched`, `extension`, `nixl-variant`: that part is missing, or exists twice',
  },
  'nixl-variant': {
    checks: "There is exactly one variant of NIXL, for torch's CUDA, with the version in the tag",
    because: 'of two variants, the wrong one can be imported',
    fails:
      "NIXL is missing, has another version, or no or several variants; the base's own NIXL is not as in the base, or imports another variant than torch needs",
  },
  'nixl-ucx': {
    checks: 'The UCX that NIXL ships is the expected release, with its modules',
    because: 'without `ib` or `cuda` it falls back to TCP',
    fails: "NIXL's libucp is missing, does not load, is another release, or lacks the module `ib` or `cuda`",
    follows: '`nixl-variant`: no NIXL, or not the declared one',
  },
  'second-libucp': {
    checks: "The loader finds no libucp or libucs besides NIXL's",
    because: 'two UCX releases in one process crash',
    fails: 'the loader finds one, even if it came with the base',
    undetermined: 'what the loader finds could not be measured',
  },
  'ucx-tools': {
    checks: "`ucx_info` and `ucx_perftest` start, and are of NIXL's UCX release",
    because: "the distribution's tools answer for another UCX",
    fails:
      'a tool is missing, does not start, is another release, uses libraries from elsewhere, or lacks the module `ib` or `cuda`',
    notApplicable: noTools,
  },
  'as-it-runs': {
    checks: "As the image's USER, Python imports what was measured, and the tools start",
    because: "a user's own packages, PYTHONPATH or a closed folder make other files run",
    fails:
      'for that user, Python imports the engine, torch, NIXL or aibrix_kvcache from another file or distribution than the measured one, a tool does not start, or the user or WORKDIR does not exist',
    undetermined: 'what is imported could not be measured',
  },
  'environment-untouched': {
    checks:
      "No pip or dpkg package of the base changed, and no file of its pip packages, except NIXL's; those that were added have the files that pip installed",
    because: 'the engine was tested with what its image contains',
    fails:
      "a pip or dpkg package of the base is gone or changed, or a file of a pip package; or a file was added to the engine's folder; or a file of an added package (AIBrix, NIXL, what they need, `extra-packages`) is not the one in its RECORD",
    undetermined: "the base's Python packages could not be listed, or files could not be compared",
    follows:
      '`extension`, `nixl-ucx` and others that say what is wrong with the added package whose file changed',
  },
  'pip-check': {
    checks: '`pip check` finds no new conflict among packages',
    because: 'a changed dependency fails at run time',
    fails: '`pip check` has a new complaint that is not about AIBrix or NIXL',
    undetermined: 'it could not be run',
    follows: '`environment-untouched`: the complaint is about a package that it found changed',
  },
  'extra-contents': {
    checks: 'The packages and files of `extra-packages` and `extra-files` are in the image as given',
    because: 'what a user adds must not replace what was tested',
    fails:
      'a package is missing or has another version; a file would cover one of the base, NIXL or AIBrix, or is not there with the given bytes and permissions; or there are some without the inputs',
  },
  'engine-demands': {
    checks:
      "NIXL and other packages are as new as the engine's source demands, and NIXL is as new as the base's",
    because: 'vLLM v0.33.0 does not start with a NIXL before 1.5.0',
    fails:
      "a package is older than the engine's source demands, or NIXL is older than the base's and not the one that AIBrix was released with",
    undetermined: "the engine's source could not be read",
    follows: '`engine-version`: no engine; `nixl-variant`: NIXL is not the declared one',
  },
  integration: {
    checks: 'The patch is applied, or the connector can be imported and hooks the model runner that runs',
    because: 'a missing patch, or another model runner, fails at the first request',
    fails:
      "the patch is not applied, the connector can't be imported, or it hooks no model runner that can run",
    undetermined: "the engine's model runners could not be determined",
  },
  'nixl-transfer': {
    checks: '1 MiB arrives unchanged from one NIXL agent at another over UCX',
    because: 'without its UCX plugin NIXL imports, and transfers nothing',
    fails: 'it does not arrive, or not unchanged',
    undetermined:
      "the UCX plugin needs the GPU driver's library and there is no stub of it, or NIXL could not be tested",
    follows: '`nixl-variant`: no NIXL; `nixl-ucx`: no UCX plugin, and its libucp is broken; `as-it-runs`',
  },
  'kvcache-round-trip': {
    checks: "AIBrix's cache gives back what was written to it, from memory and from files",
    because: 'an import does not show that the bytes are right',
    fails:
      'blocks read from memory, or through its shared file system backend, are not those that were written',
    undetermined: 'this AIBrix has another interface of its cache, or it could not be tested',
    follows: "`aibrix-version`: it can't be imported; `as-it-runs`",
  },
  'ucx-loopback': {
    checks: '`ucx_perftest` moves bytes between two processes over shared memory and over TCP',
    because: 'tools that start need not have a transport that works',
    fails: 'it moves nothing over one of them',
    undetermined: 'where the image is built, no program can use shared memory or connect to 127.0.0.1',
    notApplicable: noTools,
    follows: '`ucx-tools`: the tool is not as it should be; `as-it-runs`',
  },
  entrypoint: {
    checks: 'The ENTRYPOINT with `--help` ends as in the base',
    because: 'a container starts with it',
    fails:
      "the base's ENTRYPOINT, or the engine's own command if that does not name the engine, ends with `--help` otherwise than in the base",
    undetermined:
      'it does not end within 60 s in both, or in the base it ends because of a missing package that the build adds',
    notApplicable: 'the base has no ENTRYPOINT, and no engine with a known command',
    follows:
      '`engine-version`, `torch-untouched`, `aibrix-version`, `environment-untouched`: a part that it starts with is not as it should be; `as-it-runs`',
  },
  'debug-tools': {
    checks: '`ibv_devices`, `ib_write_bw`, `ip`, `ping` and `ifconfig` start',
    because: 'they are needed when something else is already broken',
    fails: 'one of them is missing or does not start',
  },
  'image-config': {
    checks:
      "ENTRYPOINT, CMD, USER, WORKDIR, SHELL and ENV are the base's, plus the variables of `environment`",
    because: 'existing deployments pass arguments to them',
    fails: "one of them differs from the base's, except for what `environment` sets",
    notApplicable: "nothing is pushed, and Docker's engine does not keep the image",
    follows: stopped,
  },
  'added-bytes': {
    checks: "The image shares the base's layers, and adds no more than `added-bytes-limit`",
    because: 'every node pulls each megabyte',
    fails: "it adds more, or does not have the base's layers",
    notApplicable: notPushed,
    follows: stopped,
  },
  'media-types': {
    checks: 'Every Docker can pull the layers',
    because: 'a zstd layer with a Docker media type can be pushed and not pulled',
    fails: "a layer can't be pulled by every Docker, or is compressed otherwise than the base's",
    notApplicable: notPushed,
    follows: stopped,
  },
}
