/* The inner loops of detection: each function does what its namesake in plain.py does, to the bit. */
#include "native.h"

#define FUNCTION(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, NULL}

static PyMethodDef functions[] = {
    FUNCTION(weighted), FUNCTION(dots),     FUNCTION(sums_across), FUNCTION(heaviest_shared),    FUNCTION(add),
    FUNCTION(subtract), FUNCTION(are_one),  FUNCTION(partition),   FUNCTION(elements),    FUNCTION(hash_words),
    FUNCTION(term_ids), FUNCTION(capital_runs), FUNCTION(signature), FUNCTION(shingles),  FUNCTION(bucket_keys),
    {NULL, NULL, 0, NULL},
};

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type != NULL && PyModule_AddType(module, type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

static int add_types(PyObject *module)
{
    State *state = PyModule_GetState(module);
    PyTypeObject *words = add_type(module, &words_spec);
    PyTypeObject *index = add_type(module, &index_spec);
    Py_XDECREF(words);
    Py_XDECREF(index);
    state->counts_type = add_type(module, &counts_spec);
    return words == NULL || index == NULL || state->counts_type == NULL ? -1 : 0;
}

const Counts *as_counts(PyObject *module, PyObject *object)
{
    const State *state = PyModule_GetState(module);
    if (!Py_IS_TYPE(object, state->counts_type)) {
        PyErr_Format(PyExc_TypeError, "%R is no Counts", object);
        return NULL;
    }
    return (const Counts *)object;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((State *)PyModule_GetState(module))->counts_type);
    return 0;
}

static int clear(PyObject *module)
{
    Py_CLEAR(((State *)PyModule_GetState(module))->counts_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "The inner loops of detection, as plain.py does them.",
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
