// Stand-in for AIBrix's bindings: the module that Python imports. As with the real ones no CUDA compiler sees them.
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <torch/all.h>

int runtime_version();

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_aibrix_C", "A stand-in.", -1, nullptr};

PyMODINIT_FUNC PyInit__aibrix_C() {
  PyObject *module = PyModule_Create(&definition);
  if (module) PyModule_AddIntConstant(module, "runtime_version", runtime_version());
  return module;
}
