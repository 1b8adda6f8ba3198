/**
 * Labels → Markdown, for the table of labels in the documentation. `{a,b}` in
 * a name stands for several labels.
 */
export const labelDescriptions: readonly (readonly [labels: string, description: string])[] = [
  ['io.aibrix.image.{engine-version,torch,cuda,python,aibrix,nixl,ucx}', 'Measured in the finished image'],
  ['io.aibrix.image.engine', '`vllm` or `sglang`'],
  [
    'io.aibrix.image.engine-commit',
    "The engine's commit, by the labels of its base; missing if they name none",
  ],
  ['io.aibrix.image.integration', 'How AIBrix is integrated: `patch`, `module` or `none`'],
  ['io.aibrix.image.gpu-architectures', "The GPU architectures with machine code in AIBrix's extension"],
  ['io.aibrix.image.aibrix-commit', 'The commit of AIBrix; also `org.opencontainers.image.revision`'],
  ['io.aibrix.image.ucx-commit', 'The commit of the UCX tools, if the image has them'],
  [
    'org.opencontainers.image.base.{name,digest}',
    "The base, in the engine's own repository (never a copy) or that of `base-image`, by the digest of its manifest for this platform",
  ],
  [
    'io.aibrix.image.conditions',
    'What a user must set for AIBrix to work, and `ucx-tools: none` for an image without them, separated by `; `; empty or missing if there is nothing',
  ],
  [
    'io.aibrix.image.waived',
    'Gates that failed and were accepted, with the reasons; empty or missing if there are none',
  ],
  [
    'io.aibrix.image.action-version',
    'The version of this action that built and measured the image; another version alone is no reason to build again',
  ],
  ['io.aibrix.image.build-id', 'sha256 over everything that was declared: sources, versions, base, recipe'],
  ['io.aibrix.image.determinants', 'Everything that was declared, as JSON; the build id is its digest'],
  [
    'org.opencontainers.image.{title,description,version,revision,url}',
    'What the image contains, for people and tools',
  ],
  [
    'org.opencontainers.image.source',
    'Empty, since the same image may be built from any copy or address of the sources',
  ],
]
