/* The inner loops of detection: each function does what its namesake in plain.py does, to the bit. */
#include "native.h"

#define FUNCTION(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, NULL}

static PyMethodDef functions[] = {
    FUNCTION(unit),       FUNCTION(dots),     FUNCTION(products),  FUNCTION(add),      FUNCTION(subtract),
    FUNCTION(counts),     FUNCTION(idf),      FUNCTION(elements),  FUNCTION(hash_words), FUNCTION(term_ids),
    FUNCTION(signature),  FUNCTION(shingles), FUNCTION(bucket_keys), FUNCTION(enter),  FUNCTION(find),
    FUNCTION(capital_runs),
    {NULL, NULL, 0, NULL},
};

static int add_types(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &words_spec, NULL);
    int status = type == NULL ? -1 : PyModule_AddObjectRef(module, "Words", type);
    Py_XDECREF(type);
    return status;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "The inner loops of detection, as plain.py does them.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
