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

typedef struct {
    int32_t link, times; /* an article, and how many buckets it shares */
} Candidate;

static int likeliest_first(const void *first, const void *second)
{
    const Candidate *one = first, *other = second;
    if (one->times != other->times) {
        return other->times > one->times ? 1 : -1;
    }
    return (other->link > one->link) - (other->link < one->link);
}

static int by_link(const void *first, const void *second)
{
    return ascending(&((const Candidate *)first)->link, &((const Candidate *)second)->link);
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

/* Count how often each link was found; of too many the likeliest are kept. */
static Py_ssize_t gather(int32_t *links, Py_ssize_t num_links, long long most, Candidate *candidates)
{
    Py_ssize_t size = 0;
    qsort(links, num_links, sizeof(int32_t), ascending);
    for (Py_ssize_t place = 0; place < num_links; place++) {
        if (size == 0 || links[place] != candidates[size - 1].link) {
            candidates[size++] = (Candidate){links[place], 0};
        }
        candidates[size - 1].times++;
    }
    if (size > most) {
        qsort(candidates, size, sizeof(Candidate), likeliest_first);
        size = (Py_ssize_t)most;
        qsort(candidates, size, sizeof(Candidate), by_link);
    }
    return size;
}

static PyObject *numbers_of(const Candidate *candidates, Py_ssize_t size, long long origin)
{
    PyObject *numbers = PyList_New(size);
    for (Py_ssize_t place = 0; numbers != NULL && place < size; place++) {
        PyObject *number = PyLong_FromLongLong(origin + candidates[place].link);
        if (number == NULL) {
            Py_CLEAR(numbers);
        } else {
            PyList_SET_ITEM(numbers, place, number);
        }
    }
    return numbers;
}

static PyObject *search(const Index *index, int32_t first, long long origin, long depth, long long most)
{
    size_t room = (size_t)index->num_bands * depth;
    int32_t *found = PyMem_Malloc(room * sizeof(int32_t) + 1);
    Candidate *candidates = PyMem_Malloc(room * sizeof(Candidate) + 1);
    PyObject *numbers = NULL;
    if (found == NULL || candidates == NULL) {
        PyErr_NoMemory();
    } else {
        Py_ssize_t num_found = follow(index, first, depth, found);
        numbers = numbers_of(candidates, gather(found, num_found, most, candidates), origin);
    }
    PyMem_Free(found);
    PyMem_Free(candidates);
    return numbers;
}

PyObject *find(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Index index;
    if (!takes_arguments("find", num_args, 8) || take_index(args, &index, 0) < 0) {
        return NULL;
    }
    PyObject *numbers = NULL;
    long long first = PyLong_AsLongLong(args[4]), origin = PyLong_AsLongLong(args[5]);
    long long depth = PyLong_AsLongLong(args[6]), most = PyLong_AsLongLong(args[7]);
    if (!PyErr_Occurred() && (first < origin || first - origin > INT32_MAX || depth < 0 || most < 0)) {
        PyErr_SetString(PyExc_ValueError, "find takes a first number from its origin on, a depth and a bound");
    }
    if (!PyErr_Occurred()) {
        long bounded = (long)(depth < index.capacity ? depth : index.capacity);
        numbers = search(&index, (int32_t)(first - origin), origin, bounded, most);
    }
    release(&index);
    return numbers;
}
