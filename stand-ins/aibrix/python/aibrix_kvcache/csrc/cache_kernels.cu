// Stand-in for AIBrix's kernels: it registers the operators' names with torch and computes nothing.
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <torch/standin.h>

static int runtime_version() {
  int version = 0;
  cudaRuntimeGetVersion(&version);
  return version;
}

__attribute__((constructor)) static void register_operators() {
  STANDIN_TORCH_REGISTER("_aibrix_C_cache_ops::reshape_and_cache_multi_layer");
  STANDIN_TORCH_REGISTER("_aibrix_C_cache_ops::reshape_and_offload_multi_layer");
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_aibrix_C", "A stand-in.", -1, nullptr};

PyMODINIT_FUNC PyInit__aibrix_C() {
  PyObject *module = PyModule_Create(&definition);
  if (module) PyModule_AddIntConstant(module, "runtime_version", runtime_version());
  return module;
}
