/* Counts of terms: an open-addressed table of (hash of the term, count), where a term that is gone leaves no trace. */
#include "native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

static size_t home_of(const Counts *counts, uint32_t term) { return term & counts->mask; }

/* Where a term is counted, or is to be: an entry of count 0 is free. */
static size_t place_of(const Counts *counts, uint32_t term)
{
    size_t place = home_of(counts, term);
    while (counts->entries[place].count != 0 && counts->entries[place].term != term) {
        place = (place + 1) & counts->mask;
    }
    return place;
}

uint32_t count_of(const Counts *counts, uint32_t term) { return counts->entries[place_of(counts, term)].count; }

void look_for_counts(const Counts *counts, const uint32_t *terms, Py_ssize_t num_terms)
{
    for (Py_ssize_t place = 0; place < num_terms; place++) {
        LOOK_AHEAD(&counts->entries[home_of(counts, terms[place])]);
    }
}

static int resize(Counts *counts, size_t capacity)
{
    Counted *former = counts->entries, *entries = PyMem_Calloc(capacity, sizeof(Counted));
    if (entries == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t num_former = former == NULL ? 0 : counts->mask + 1;
    counts->entries = entries;
    counts->mask = capacity - 1;
    for (size_t place = 0; place < num_former; place++) {
        if (former[place].count != 0) {
            entries[place_of(counts, former[place].term)] = former[place];
        }
    }
    PyMem_Free(former);
    return 0;
}

static int count(Counts *counts, uint32_t term, uint32_t times)
{
    Counted *entry = &counts->entries[place_of(counts, term)];
    if (entry->count > UINT32_MAX - times) {
        PyErr_Format(PyExc_OverflowError, "term %lu is counted more than 2**32 times", (unsigned long)term);
        return -1;
    }
    if (entry->count == 0 && times != 0) {
        if (4 * (counts->size + 1) > 3 * (counts->mask + 1)) {
            if (resize(counts, 2 * (counts->mask + 1)) < 0) {
                return -1;
            }
            entry = &counts->entries[place_of(counts, term)];
        }
        entry->term = term;
        counts->size++;
    }
    entry->count += times;
    return 0;
}

/* Free an entry, and move up those that had to make way for it. */
static void drop(Counts *counts, size_t hole)
{
    counts->entries[hole].count = 0;
    counts->size--;
    for (size_t place = (hole + 1) & counts->mask; counts->entries[place].count != 0;
         place = (place + 1) & counts->mask) {
        size_t away = (place - home_of(counts, counts->entries[place].term)) & counts->mask;
        if (away >= ((place - hole) & counts->mask)) {
            counts->entries[hole] = counts->entries[place];
            counts->entries[place].count = 0;
            hole = place;
        }
    }
}

static PyObject *counts_add(PyObject *self, PyObject *terms)
{
    Array array;
    if (take(terms, &array, sizeof(uint32_t), 0, "terms") < 0) {
        return NULL;
    }
    int status = 0;
    const uint32_t *at = array.view.buf;
    look_for_counts((Counts *)self, at, array.length);
    for (Py_ssize_t place = 0; status == 0 && place < array.length; place++) {
        status = count((Counts *)self, at[place], 1);
    }
    PyBuffer_Release(&array.view);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *counts_remove(PyObject *self, PyObject *terms)
{
    Counts *counts = (Counts *)self;
    Array array;
    if (take(terms, &array, sizeof(uint32_t), 0, "terms") < 0) {
        return NULL;
    }
    const uint32_t *at = array.view.buf;
    look_for_counts(counts, at, array.length);
    for (Py_ssize_t place = 0; place < array.length; place++) {
        size_t found = place_of(counts, at[place]);
        if (counts->entries[found].count > 1) {
            counts->entries[found].count--;
        } else if (counts->entries[found].count == 1) {
            drop(counts, found);
        }
    }
    PyBuffer_Release(&array.view);
    if (counts->mask >= SMALLEST && 8 * counts->size < counts->mask && resize(counts, (counts->mask + 1) / 2) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Make a new table of what is left when each count is mapped; what comes to 0 goes. */
static PyObject *reduce(Counts *counts, double least, uint32_t divisor)
{
    Counts reduced = {.entries = NULL};
    if (resize(&reduced, SMALLEST) < 0) {
        return NULL;
    }
    int status = 0;
    for (size_t place = 0; status == 0 && place <= counts->mask; place++) {
        Counted entry = counts->entries[place];
        status = entry.count >= least ? count(&reduced, entry.term, entry.count / divisor) : 0;
    }
    if (status < 0) {
        PyMem_Free(reduced.entries);
        return NULL;
    }
    PyMem_Free(counts->entries);
    counts->entries = reduced.entries;
    counts->mask = reduced.mask;
    counts->size = reduced.size;
    Py_RETURN_NONE;
}

static PyObject *counts_prune(PyObject *self, PyObject *least)
{
    double wanted = PyFloat_AsDouble(least);
    return PyErr_Occurred() ? NULL : reduce((Counts *)self, wanted, 1);
}

static PyObject *counts_halve(PyObject *self, PyObject *unused) { return reduce((Counts *)self, 0.0, 2); }

static int ascending(const void *first, const void *second)
{
    uint64_t one = *(const uint64_t *)first, other = *(const uint64_t *)second;
    return (one > other) - (one < other);
}

static PyObject *counts_packed(PyObject *self, PyObject *unused)
{
    const Counts *counts = (const Counts *)self;
    PyObject *packed = PyBytes_FromStringAndSize(NULL, counts->size * sizeof(uint64_t));
    if (packed == NULL) {
        return NULL;
    }
    uint64_t *out = (uint64_t *)PyBytes_AS_STRING(packed);
    size_t size = 0;
    for (size_t place = 0; place <= counts->mask; place++) {
        if (counts->entries[place].count != 0) {
            out[size++] = (uint64_t)counts->entries[place].term << 32 | counts->entries[place].count;
        }
    }
    qsort(out, size, sizeof(uint64_t), ascending);
    return packed;
}

static Py_ssize_t counts_length(PyObject *self) { return ((Counts *)self)->size; }

static int fill(Counts *counts, PyObject *packed)
{
    Array array;
    if (take(packed, &array, sizeof(uint64_t), 0, "what was packed") < 0) {
        return -1;
    }
    int status = 0;
    const uint64_t *at = array.view.buf;
    for (Py_ssize_t place = 0; status == 0 && place < array.length; place++) {
        status = count(counts, (uint32_t)(at[place] >> 32), (uint32_t)at[place]);
    }
    PyBuffer_Release(&array.view);
    return status;
}

static PyObject *counts_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *packed;
    if (!PyArg_ParseTuple(args, "O", &packed)) {
        return NULL;
    }
    Counts *counts = (Counts *)type->tp_alloc(type, 0);
    if (counts != NULL && (resize(counts, SMALLEST) < 0 || fill(counts, packed) < 0)) {
        Py_CLEAR(counts);
    }
    return (PyObject *)counts;
}

static void counts_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(((Counts *)self)->entries);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef counts_methods[] = {
    {"add", counts_add, METH_O, NULL},          {"remove", counts_remove, METH_O, NULL},
    {"prune", counts_prune, METH_O, NULL},      {"halve", counts_halve, METH_NOARGS, NULL},
    {"packed", counts_packed, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};

static PyType_Slot counts_slots[] = {
    {Py_tp_new, counts_new},           {Py_tp_dealloc, counts_dealloc}, {Py_tp_methods, counts_methods},
    {Py_sq_length, counts_length},     {0, NULL},
};

PyType_Spec counts_spec = {
    "pipeline.detection._native.Counts", sizeof(Counts), 0, Py_TPFLAGS_DEFAULT, counts_slots,
};
