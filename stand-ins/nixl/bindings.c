/* Stand-in for NIXL's compiled module: it can be imported without a GPU, as the real one. */
#define Py_LIMITED_API 0x03090000
#include <Python.h>

extern int standin_nixl(void);
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_bindings", "A stand-in for NIXL's bindings.", -1};

PyMODINIT_FUNC PyInit__bindings(void) {
  PyObject *module = PyModule_Create(&definition);
  if (module && PyModule_AddIntConstant(module, "stand_in", standin_nixl())) return NULL;
  return module;
}
