/* What the parts of the compiled loops share. */
#ifndef WIREWATCH_NATIVE_H
#define WIREWATCH_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* Ask for memory before it is needed: what is known fills more than a processor holds. */
#if defined(__GNUC__)
#define LOOK_AHEAD(at) __builtin_prefetch(at)
#else
#define LOOK_AHEAD(at) ((void)(at))
#endif

/* The same for all lines of a processor's cache that something takes, as far as that is worth it. */
static inline void look_ahead(const void *at, Py_ssize_t size)
{
    enum { LINE = 64, MOST = 1024 };
    for (Py_ssize_t offset = 0; offset < size && offset < MOST; offset += LINE) {
        LOOK_AHEAD((const char *)at + offset);
    }
}

typedef struct {
    Py_buffer view;
    Py_ssize_t length; /* in items */
} Array;

/* Take an array from its owner, to be given back by release_all; on a wrong one set ValueError and return -1. */
int take(PyObject *object, Array *array, Py_ssize_t item_size, int flags, const char *name);

/* Take some arrays of given item sizes, of which the last is written to. */
int take_all(PyObject *const *args, Py_ssize_t num_args, const char *name, Array *arrays, int num_arrays,
             const int *item_sizes);

void release_all(Array *arrays, int num_arrays);
int takes_arguments(const char *name, Py_ssize_t given, Py_ssize_t wanted);
/* Make room in an array for so many items of a size, at least twice as many as before where it must grow; gives it, or
   NULL with MemoryError set, and then it stays as it is. */
void *widened(void *items, size_t *capacity, size_t needed, size_t item_size);

PyObject *no_room(const char *name);

/* Read a number of 16 bits as IEEE 754 has it: 1 bit of sign, 5 of exponent, 10 of fraction. */
double from_half(uint16_t half);

/* XXH32 with seed 0. */
uint32_t hash_bytes(const uint8_t *at, size_t size);

typedef struct {
    uint32_t term, count;
} Counted;

typedef struct {
    PyObject_HEAD
    Counted *entries;
    size_t mask, size;
} Counts;

/* How often a term was counted. */
uint32_t count_of(const Counts *counts, uint32_t term);

/* Look ahead to where terms are counted. */
void look_for_counts(const Counts *counts, const uint32_t *terms, Py_ssize_t num_terms);

/* Give the counts that an object is, or set TypeError. */
const Counts *as_counts(PyObject *module, PyObject *object);

/* What the module knows of itself. */
typedef struct {
    PyTypeObject *counts_type;
} State;

#define DECLARED(name) PyObject *name(PyObject *module, PyObject *const *args, Py_ssize_t num_args)

DECLARED(dots);
DECLARED(sums_across);
DECLARED(heaviest_shared);
DECLARED(add);
DECLARED(subtract);
DECLARED(weighted);
DECLARED(hash_words);
DECLARED(elements);
DECLARED(signature);
DECLARED(shingles);
DECLARED(bucket_keys);
DECLARED(term_ids);
DECLARED(capital_runs);
DECLARED(are_one);
DECLARED(partition);

extern PyType_Spec words_spec, counts_spec, index_spec;

#endif
