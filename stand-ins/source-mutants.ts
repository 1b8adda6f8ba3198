/** One edit that adds a defect to a source; `from` must occur in the file. */
export type Mutant = { file: string; from: string; to: string }

const project = 'python/aibrix_kvcache'
const backend = `${project}/stand_in_backend.py`
const kernels = `${project}/csrc/cache_kernels.cu`
const requirements = `${project}/requirements/core.txt`
export const connector = `${project}/aibrix_kvcache/integration/vllm/kv_connector`

const cache = `${project}/aibrix_kvcache`
export const sharedFiles = `${cache}/l2/connectors/shfs.py`

/** Missing in v0.5.0: the cache's second level in a shared file system. */
export const withoutSharedFiles: Mutant = {
  file: `${cache}/envs.py`,
  from: '    "AIBRIX_KV_CACHE_OL_SHFS_ROOT": "~/.kv_cache_ol/shfs",\n',
  to: '',
}
const usesTheDriver = [
  '#include <torch/standin.h>',
  '#include <cuda.h>',
  '__attribute__((constructor)) static void ask_the_driver() { int version = 0; cuDriverGetVersion(&version); }',
]

const forAnotherTorch = [
  '#undef STANDIN_TORCH_REGISTER',
  '#define STANDIN_TORCH_REGISTER standin_torch_2_6_register',
  'extern "C" void standin_torch_2_6_register(const char *name);',
]

/** Branches `mutant/<name>` of the stand-in AIBrix, each v0.7.0 with one defect. */
export const aibrixMutants = {
  'no-extension': { file: backend, from: 'files |= compile_extension', to: 'compile_extension' },
  'overwrites-engine': {
    file: backend,
    from: 'files |= compile_extension',
    to: 'files |= {"vllm/v1/attention/__init__.py": b"# another one\\n"} | compile_extension',
  },
  'other-torch': {
    file: kernels,
    from: '#include <torch/standin.h>',
    to: ['#include <torch/standin.h>', ...forAnotherTorch].join('\n'),
  },
  // It links the driver, which is not a defect.
  driver: { file: kernels, from: '#include <torch/standin.h>', to: usesTheDriver.join('\n') },
  'driver-and-other-torch': {
    file: kernels,
    from: '#include <torch/standin.h>',
    to: [...usesTheDriver, ...forAnotherTorch].join('\n'),
  },
  'no-sm90': {
    file: backend,
    from: 'environment = dict(os.environ)',
    to: 'environment = dict(os.environ, NVCC_APPEND_FLAGS=re.sub(r"-gencode\\S*[ =]arch=compute_90,code=\\S+", "", os.environ.get("NVCC_APPEND_FLAGS", "")))',
  },
  'second-kernel-without-sm90': {
    file: backend,
    from: 'environment = dict(os.environ)',
    to: [
      'environment = dict(os.environ)',
      '        flags = re.sub(r"-gencode\\S*[ =]arch=compute_90,code=\\S+", "", os.environ.get("NVCC_APPEND_FLAGS", ""))',
      '        source, second = pathlib.Path(directory) / "second.cu", f"{directory}/second.o"',
      '        source.write_text("void second_kernel() {}")',
      '        compiling = [command[0], "-Xcompiler", "-fPIC", "-c", str(source), "-o", second]',
      '        subprocess.run(compiling, check=True, env=dict(environment, NVCC_APPEND_FLAGS=flags))',
      '        command.append(second)',
    ].join('\n'),
  },
  'broken-part': {
    file: backend,
    from: 'return {"aibrix_kvcache/_aibrix_C.abi3.so": output.read_bytes()}',
    to: [
      'part = pathlib.Path(directory) / "libpart.so"',
      '        source = "void that_is_missing(void); void part(void) { that_is_missing(); }"',
      '        compiling = ["gcc", "-shared", "-fPIC", "-o", str(part), "-x", "c", "-"]',
      '        subprocess.run(compiling, input=source, text=True, check=True)',
      '        return {"aibrix_kvcache/_aibrix_C.abi3.so": output.read_bytes(), "aibrix_kvcache/libpart.so": part.read_bytes()}',
    ].join('\n'),
  },
  'no-operator': { file: kernels, from: '::reshape_and_cache_multi_layer', to: '::something_else' },
  'wrong-local-version': { file: backend, from: `cu{cuda.replace('.', '')}`, to: 'cu121' },
  'cuda-12-part': {
    file: backend,
    from: 'return {"aibrix_kvcache/_aibrix_C.abi3.so": output.read_bytes()}',
    to: [
      'old, part = f"{directory}/libcudart.so.12", pathlib.Path(directory) / "libpart.so"',
      '        subprocess.run(["gcc", "-shared", "-Wl,-soname,libcudart.so.12", "-o", old, "-x", "c", "/dev/null"], check=True)',
      '        subprocess.run(["gcc", "-shared", "-Wl,--no-as-needed", "-o", str(part), old, "-x", "c", "/dev/null"], check=True)',
      '        return {"aibrix_kvcache/_aibrix_C.abi3.so": output.read_bytes(), "aibrix_kvcache/libpart.so": part.read_bytes()}',
    ].join('\n'),
  },
  'broken-import': {
    file: `${project}/aibrix_kvcache/__init__.py`,
    from: 'import stand_in_dependency ',
    to: 'import stand_in_that_is_missing ',
  },
  'broken-connector': {
    file: `${connector}/aibrix_pd_reuse_connector.py`,
    from: 'from vllm.v1.attention.backends.flash_attn',
    to: 'from vllm.v1.attention.backends.that_is_missing',
  },
  'broken-patch': {
    file: `${project}/integration/vllm/patches/vllm_v0.10.2-aibrix-kvcache.patch`,
    from: '--- a/vllm/distributed/kv_transfer/kv_connector/factory.py\n+++ b/vllm/distributed/kv_transfer/kv_connector/factory.py',
    to: '--- a/vllm/missing.py\n+++ b/vllm/missing.py',
  },
  'other-bytes-in-memory': {
    file: `${cache}/l1/__init__.py`,
    from: 'self._regions[key] = region',
    to: 'region.fill(bytes([region.tobytes()[0] ^ 1]) + region.tobytes()[1:])\n        self._regions[key] = region',
  },
  'other-bytes-in-files': {
    file: sharedFiles,
    from: 'file.write(region.tobytes())',
    to: 'file.write(region.tobytes()[:-1] + bytes([region.tobytes()[-1] ^ 1]))',
  },
  'another-cache': {
    file: `${cache}/cache_manager.py`,
    from: 'TESTING_DISABLE_PIN_MEMORY',
    to: 'PIN_MEMORY',
  },
  'broken-build': {
    file: kernels,
    from: '#include <torch/standin.h>',
    to: '#error "this commit does not compile"',
  },
  'newer-requirement': {
    file: requirements,
    from: 'stand-in-dependency>=1.0',
    to: 'stand-in-dependency>=2.0',
  },
  'extra-requirement': { file: requirements, from: 'torch>=2.7.0', to: 'torch>=2.7.0\nstand-in-extra>=1.0' },
} as const satisfies Record<string, Mutant>

/** Branches `mutant/<name>` of the stand-in UCX. */
export const ucxMutants = {
  'wrong-version': { file: 'VERSION', from: '1.19.0', to: '1.18.1' },
  'nothing-over-tcp': { file: 'src/ucx_perftest.c', from: '  {"tcp all", 0},\n', to: '' },
  'nothing-over-shared-memory': {
    file: 'src/ucx_perftest.c',
    from: '  {"sm shm posix mm all", 1},\n',
    to: '',
  },
} as const satisfies Record<string, Mutant>
