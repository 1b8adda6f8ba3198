/* Stand-in for NIXL's compiled module: it can be imported without a GPU, as the real one, and loads plugins. */
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <dlfcn.h>

extern int standin_nixl(void);

/* load(path): a handle of the plugin; OSError with the loader's reason where it does not load. */
static PyObject *load(PyObject *module, PyObject *arguments) {
  const char *path;
  if (!PyArg_ParseTuple(arguments, "s", &path)) return NULL;
  void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (plugin) return PyLong_FromVoidPtr(plugin);
  PyErr_SetString(PyExc_OSError, dlerror());
  return NULL;
}

/* copy(plugin, to, from, length): has the plugin move bytes from one address to another. */
static PyObject *copy(PyObject *module, PyObject *arguments) {
  Py_ssize_t plugin, to, from, length;
  if (!PyArg_ParseTuple(arguments, "nnnn", &plugin, &to, &from, &length)) return NULL;
  void (*move)(void *, const void *, size_t) = dlsym((void *)plugin, "standin_plugin_copy");
  if (!move) {
    PyErr_SetString(PyExc_OSError, dlerror());
    return NULL;
  }
  move((void *)to, (const void *)from, (size_t)length);
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {{"load", load, METH_VARARGS, NULL}, {"copy", copy, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_bindings", "A stand-in for NIXL's bindings.", -1, functions};

PyMODINIT_FUNC PyInit__bindings(void) {
  PyObject *module = PyModule_Create(&definition);
  if (module && PyModule_AddIntConstant(module, "stand_in", standin_nixl())) return NULL;
  return module;
}
