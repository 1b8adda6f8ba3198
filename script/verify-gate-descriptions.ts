import type { verifyGateNames } from '../src/verify/gate.ts'
import type { GateDescription } from './gate-descriptions.ts'

const noGpus = '`gpus` is empty'
const noContainer =
  'docker starts no container with the GPUs, or the image lacks an interface that the probe needs'

/** Of the gates that only `command: verify` judges, for docs/verify.md (readme.ts). */
export const verifyGateDescriptions: Readonly<Record<(typeof verifyGateNames)[number], GateDescription>> = {
  labels: {
    checks: 'Each label of this action has the measured value, and the build id is that of the determinants',
    because: 'a label is text: whoever changes an image can leave it, or write another',
    fails: 'a label says something else than what was measured',
    notApplicable: 'this action did not build the image',
  },
  'gpu-engine': {
    checks:
      'torch and a kernel of the engine compute on the GPU as on the CPU, the engine chooses cuda as its device, and its server starts with `--help`',
    because: 'without a GPU, an engine chooses another platform and never loads its kernels',
    fails: 'a result differs, the engine chooses another device, or a step ends with an error',
    undetermined: noContainer,
    notApplicable: noGpus,
  },
  'gpu-cache-operator': {
    checks:
      "AIBrix's two operators move KV blocks in GPU memory, in both layouts, as a reference in torch does",
    because: 'no build machine has a GPU, so nothing else ever runs its kernels',
    fails:
      'a value differs from the reference, also one that must not be written, or a step ends with an error',
    undetermined: noContainer,
    notApplicable: noGpus,
    follows: '`extension`: there is none',
  },
  'gpu-nixl-transfer': {
    checks:
      '1 MiB arrives unchanged from one GPU buffer in another over UCX; with two GPUs, from one to the other',
    because: 'UCX takes GPU memory for host memory if it finds no driver or lacks its CUDA modules',
    fails: 'bytes arrive changed, the transfer ends otherwise than with `DONE`, or a step ends with an error',
    undetermined: noContainer,
    notApplicable: noGpus,
    follows: '`nixl-variant`: there is no NIXL',
  },
  'gpu-ucx': {
    checks: '`ucx_info -d` lists `cuda_copy`',
    because: 'it is what one looks at first when a transfer is slow',
    fails: 'it does not, or it ends with an error',
    undetermined: noContainer,
    notApplicable: `${noGpus}, or the image has no UCX tools`,
  },
}
