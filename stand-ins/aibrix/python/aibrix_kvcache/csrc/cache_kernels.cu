// Stand-in for AIBrix's kernels: it registers the operators' names with torch and computes nothing.
#include <torch/all.h>
#include <torch/standin.h>

int runtime_version() {
  int version = 0;
  cudaRuntimeGetVersion(&version);
  return version;
}

__attribute__((constructor)) static void register_operators() {
  STANDIN_TORCH_REGISTER("_aibrix_C_cache_ops::reshape_and_cache_multi_layer");
  STANDIN_TORCH_REGISTER("_aibrix_C_cache_ops::reshape_and_offload_multi_layer");
}
