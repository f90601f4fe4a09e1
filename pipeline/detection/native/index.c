/* The bucket index as a class of Python, and which of all that a look-up finds are kept. */
#include "index.h"

#include <string.h>

enum { MOST_BANDS = 1 << 16 };

/* What was found */

/* Sort numbers, of which none is greater than `greatest`; `spare` has as much room. */
static void sort(uint32_t *numbers, uint32_t *spare, Py_ssize_t size, uint32_t greatest)
{
    uint32_t *from = numbers, *to = spare;
    for (int shift = 0; shift < 32 && greatest >> shift != 0; shift += 8) {
        Py_ssize_t starts[257] = {0};
        for (Py_ssize_t place = 0; place < size; place++) {
            starts[(from[place] >> shift & 255) + 1]++;
        }
        for (int digit = 0; digit < 255; digit++) {
            starts[digit + 1] += starts[digit];
        }
        for (Py_ssize_t place = 0; place < size; place++) {
            to[starts[from[place] >> shift & 255]++] = from[place];
        }
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != numbers) {
        memcpy(numbers, from, size * sizeof(uint32_t));
    }
}

/* Make sorted numbers different ones, and note how often each was there; gives how many they are. */
static Py_ssize_t count(uint32_t *numbers, uint32_t *times, Py_ssize_t size)
{
    Py_ssize_t num_different = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        if (num_different == 0 || numbers[place] != numbers[num_different - 1]) {
            numbers[num_different] = numbers[place];
            times[num_different++] = 0;
        }
        times[num_different - 1]++;
    }
    return num_different;
}

/* Move those that are kept to the end, in their order; gives where they begin. */
static Py_ssize_t keep_likeliest(BucketIndex *index, uint32_t *numbers, const uint32_t *times, Py_ssize_t size,
                                 Py_ssize_t most)
{
    if (size <= most) {
        return 0;
    }
    memset(index->tally, 0, (index->heads.width + 1) * sizeof(uint32_t));
    for (Py_ssize_t place = 0; place < size; place++) {
        index->tally[times[place]]++;
    }
    size_t least = index->heads.width;
    while (index->tally[least] <= most) {
        most -= index->tally[least--];
    }
    Py_ssize_t kept = size;
    for (Py_ssize_t place = size; place-- > 0;) {
        if (times[place] > least || (times[place] == least && most-- > 0)) {
            numbers[--kept] = numbers[place];
        }
    }
    return kept;
}

static PyObject *numbers_of(const uint32_t *offsets, Py_ssize_t size, uint64_t first)
{
    PyObject *numbers = PyList_New(size);
    for (Py_ssize_t place = 0; numbers != NULL && place < size; place++) {
        PyObject *number = PyLong_FromUnsignedLongLong(first + offsets[place]);
        if (number == NULL) {
            Py_CLEAR(numbers);
        } else {
            PyList_SET_ITEM(numbers, place, number);
        }
    }
    return numbers;
}

static PyObject *search(BucketIndex *index, const uint32_t *keys, Py_ssize_t most)
{
    size_t depth = num_live(index) < (size_t)index->depth ? num_live(index) : (size_t)index->depth;
    size_t room = index->heads.width * depth;
    if (room == 0) {
        return PyList_New(0);
    }
    uint32_t *found = PyMem_Malloc(2 * room * sizeof(uint32_t)), *spare = found + room;
    if (found == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t num_found = collect(index, keys, (uint32_t)depth, found);
    sort(found, spare, num_found, num_live(index));
    Py_ssize_t size = count(found, spare, num_found);
    Py_ssize_t begin = keep_likeliest(index, found, spare, size, most);
    PyObject *numbers = numbers_of(found + begin, size - begin, index->first);
    PyMem_Free(found);
    return numbers;
}

/* The class */

static int take_keys(const BucketIndex *index, PyObject *object, Array *keys)
{
    if (take(object, keys, sizeof(uint32_t), 0, "keys") < 0) {
        return -1;
    }
    if ((size_t)keys->length != index->heads.width) {
        PyErr_Format(PyExc_ValueError, "keys has %zd items: an index of %zu bands takes one for each", keys->length,
                     index->heads.width);
        PyBuffer_Release(&keys->view);
        return -1;
    }
    return 0;
}

static PyObject *index_find(PyObject *self, PyObject *const *args, Py_ssize_t num_args)
{
    Array keys;
    if (!takes_arguments("find", num_args, 2)) {
        return NULL;
    }
    Py_ssize_t most = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (most < 0) {
        return PyErr_Format(PyExc_ValueError, "find takes at most %zd articles: give 0 or more", most);
    }
    if (take_keys((BucketIndex *)self, args[0], &keys) < 0) {
        return NULL;
    }
    PyObject *numbers = search((BucketIndex *)self, keys.view.buf, most);
    PyBuffer_Release(&keys.view);
    return numbers;
}

static PyObject *index_add(PyObject *self, PyObject *given)
{
    BucketIndex *index = (BucketIndex *)self;
    Array keys;
    if (take_keys(index, given, &keys) < 0) {
        return NULL;
    }
    PyObject *number = PyLong_FromUnsignedLongLong(index->next);
    if (number != NULL && make_room(index) < 0) {
        Py_CLEAR(number);
    }
    if (number != NULL) {
        enter(index, keys.view.buf);
        to_next_number(index);
    }
    PyBuffer_Release(&keys.view);
    return number;
}

static PyObject *index_skip(PyObject *self, PyObject *unused)
{
    BucketIndex *index = (BucketIndex *)self;
    PyObject *number = PyLong_FromUnsignedLongLong(index->next);
    if (number != NULL && make_room(index) < 0) {
        Py_CLEAR(number);
    }
    if (number != NULL) {
        to_next_number(index);
    }
    return number;
}

static PyObject *index_forget_before(PyObject *self, PyObject *number)
{
    BucketIndex *index = (BucketIndex *)self;
    long long first = PyLong_AsLongLong(number);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (first > (long long)index->first) {
        forget_before(index, (uint64_t)first < index->next ? (uint64_t)first : index->next);
    }
    Py_RETURN_NONE;
}

static PyObject *index_sizeof(PyObject *self, PyObject *unused)
{
    const BucketIndex *index = (BucketIndex *)self;
    size_t room = index->heads.width * (sizeof(Walk) + sizeof(Ends) + sizeof(uint32_t)) + sizeof(uint32_t);
    return PyLong_FromSize_t(sizeof(*index) + room + bytes_of_rows(&index->articles) + bytes_of_rows(&index->heads));
}

static Py_ssize_t index_length(PyObject *self) { return num_live((BucketIndex *)self); }

static int begin(BucketIndex *index, size_t num_bands, Py_ssize_t depth, uint64_t first)
{
    begin_rows(&index->articles, num_bands, first);
    begin_rows(&index->heads, num_bands, 0);
    index->first = index->next = first;
    index->depth = depth;
    index->walks = PyMem_Malloc(num_bands * sizeof(Walk));
    index->ends = PyMem_Malloc(num_bands * sizeof(Ends));
    index->tally = PyMem_Malloc((num_bands + 1) * sizeof(uint32_t));
    if (index->walks == NULL || index->ends == NULL || index->tally == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return begin_slots(index);
}

static PyObject *index_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"num_bands", "depth", "first", NULL};
    Py_ssize_t num_bands, depth;
    long long first = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "nn|L", names, &num_bands, &depth, &first)) {
        return NULL;
    }
    if (num_bands < 1 || num_bands > MOST_BANDS || depth < 1 || first < 0) {
        return PyErr_Format(PyExc_ValueError,
                            "an index takes 1 to %d bands, a depth from 1 on and a first number from 0 on, "
                            "not %zd, %zd, %lld",
                            MOST_BANDS, num_bands, depth, first);
    }
    BucketIndex *index = (BucketIndex *)type->tp_alloc(type, 0);
    if (index != NULL && begin(index, num_bands, depth, first) < 0) {
        Py_CLEAR(index);
    }
    return (PyObject *)index;
}

static void index_dealloc(PyObject *self)
{
    BucketIndex *index = (BucketIndex *)self;
    PyTypeObject *type = Py_TYPE(self);
    free_rows(&index->articles);
    free_rows(&index->heads);
    PyMem_Free(index->walks);
    PyMem_Free(index->ends);
    PyMem_Free(index->tally);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef index_methods[] = {
    {"add", index_add, METH_O, NULL},
    {"skip", index_skip, METH_NOARGS, NULL},
    {"forget_before", index_forget_before, METH_O, NULL},
    {"find", (PyCFunction)(void (*)(void))index_find, METH_FASTCALL, NULL},
    {"__sizeof__", index_sizeof, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot index_slots[] = {
    {Py_tp_new, index_new},         {Py_tp_dealloc, index_dealloc}, {Py_tp_methods, index_methods},
    {Py_sq_length, index_length},   {0, NULL},
};

PyType_Spec index_spec = {
    "pipeline.detection._native.BucketIndex", sizeof(BucketIndex), 0, Py_TPFLAGS_DEFAULT, index_slots,
};
