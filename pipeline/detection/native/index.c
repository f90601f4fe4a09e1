/* The tables of a bucket index: chains of articles, each from new to old. */
#include "native.h"

#include <stdlib.h>

typedef struct {
    Array keys, older, newest, wanted;
    int num_taken;
    Py_ssize_t num_bands, capacity;
} Index;

static void release(Index *index)
{
    Array *arrays[] = {&index->keys, &index->older, &index->newest, &index->wanted};
    while (index->num_taken > 0) {
        PyBuffer_Release(&arrays[--index->num_taken]->view);
    }
}

static int take_index(PyObject *const *args, Index *index, int flags)
{
    static const char *names[] = {"keys", "older", "newest", "wanted"};
    Array *arrays[] = {&index->keys, &index->older, &index->newest, &index->wanted};
    for (index->num_taken = 0; index->num_taken < 4; index->num_taken++) {
        int each = index->num_taken;
        if (take(args[each], arrays[each], sizeof(uint32_t), each < 3 ? flags : 0, names[each]) < 0) {
            release(index);
            return -1;
        }
    }
    index->num_bands = index->wanted.length;
    index->capacity = index->num_bands ? index->keys.length / index->num_bands : 0;
    Py_ssize_t cells = index->num_bands * index->capacity;
    if (cells == 0 || (index->capacity & (index->capacity - 1)) || cells != index->keys.length ||
        cells != index->older.length || cells != index->newest.length) {
        PyErr_SetString(PyExc_ValueError, "the tables of an index have a power of two of rows, one cell for each band");
        release(index);
        return -1;
    }
    return 0;
}

PyObject *enter(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Index index;
    if (!takes_arguments("enter", num_args, 5) || take_index(args, &index, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    long link = PyLong_AsLong(args[4]);
    if (PyErr_Occurred() || link < 0 || link > INT32_MAX) {
        release(&index);
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "link %ld is not of 31 bits", link);
    }
    size_t mask = index.capacity - 1, row = ((size_t)link & mask) * index.num_bands;
    uint32_t *keys = (uint32_t *)index.keys.view.buf + row;
    int32_t *older = (int32_t *)index.older.view.buf + row, *newest = index.newest.view.buf;
    const uint32_t *wanted = index.wanted.view.buf;
    for (Py_ssize_t band = 0; band < index.num_bands; band++, newest += index.capacity) {
        int32_t *slot = newest + (wanted[band] & mask);
        keys[band] = wanted[band];
        older[band] = *slot;
        *slot = (int32_t)link;
    }
    release(&index);
    Py_RETURN_NONE;
}

static int ascending(const void *first, const void *second)
{
    int32_t one = *(const int32_t *)first, other = *(const int32_t *)second;
    return (one > other) - (one < other);
}

static Py_ssize_t follow(const Index *index, int32_t first, long depth, int32_t *found)
{
    const uint32_t *keys = index->keys.view.buf, *wanted = index->wanted.view.buf;
    const int32_t *older = index->older.view.buf, *newest = index->newest.view.buf;
    size_t mask = index->capacity - 1;
    Py_ssize_t num_found = 0;
    for (Py_ssize_t band = 0; band < index->num_bands; band++, newest += index->capacity) {
        int32_t link = newest[wanted[band] & mask];
        for (long left = depth; link >= first && left > 0;) {
            size_t cell = ((size_t)link & mask) * index->num_bands + band;
            if (keys[cell] == wanted[band]) {
                found[num_found++] = link;
                left--;
            }
            link = older[cell];
        }
    }
    return num_found;
}

static PyObject *numbers_of(int32_t *links, Py_ssize_t num_links, long long origin)
{
    Py_ssize_t kept = 0;
    qsort(links, num_links, sizeof(int32_t), ascending);
    for (Py_ssize_t place = 0; place < num_links; place++) {
        if (kept == 0 || links[place] != links[kept - 1]) {
            links[kept++] = links[place];
        }
    }
    PyObject *numbers = PyList_New(kept);
    for (Py_ssize_t place = 0; numbers != NULL && place < kept; place++) {
        PyObject *number = PyLong_FromLongLong(origin + links[place]);
        if (number == NULL) {
            Py_CLEAR(numbers);
        } else {
            PyList_SET_ITEM(numbers, place, number);
        }
    }
    return numbers;
}

PyObject *find(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Index index;
    if (!takes_arguments("find", num_args, 7) || take_index(args, &index, 0) < 0) {
        return NULL;
    }
    PyObject *numbers = NULL;
    long long first = PyLong_AsLongLong(args[4]), origin = PyLong_AsLongLong(args[5]);
    long depth = PyLong_AsLong(args[6]);
    if (!PyErr_Occurred() && (first < origin || first - origin > INT32_MAX || depth < 0)) {
        PyErr_SetString(PyExc_ValueError, "find takes a first number from its origin on, and a depth");
    }
    if (!PyErr_Occurred()) {
        depth = depth < index.capacity ? depth : index.capacity;
        int32_t *found = PyMem_Malloc((size_t)index.num_bands * depth * sizeof(int32_t) + 1);
        numbers = found == NULL ? PyErr_NoMemory()
                                : numbers_of(found, follow(&index, (int32_t)(first - origin), depth, found), origin);
        PyMem_Free(found);
    }
    release(&index);
    return numbers;
}
