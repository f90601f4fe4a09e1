/* Arrays come as buffers (numpy's arrays are such), checked for their item size: no foreign memory is touched. */
#include "native.h"

#include <math.h>
#include <string.h>

int take(PyObject *object, Array *array, Py_ssize_t item_size, int flags, const char *name)
{
    if (PyObject_GetBuffer(object, &array->view, PyBUF_C_CONTIGUOUS | flags) < 0) {
        return -1;
    }
    if (array->view.itemsize != item_size) {
        PyErr_Format(PyExc_ValueError, "%s has items of %zd bytes: give items of %zd", name, array->view.itemsize,
                     item_size);
        PyBuffer_Release(&array->view);
        return -1;
    }
    array->length = array->view.len / item_size;
    return 0;
}

int takes_arguments(const char *name, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", name, wanted, given);
        return 0;
    }
    return 1;
}

void release_all(Array *arrays, int num_arrays)
{
    while (num_arrays-- > 0) {
        PyBuffer_Release(&arrays[num_arrays].view);
    }
}

int take_all(PyObject *const *args, Py_ssize_t num_args, const char *name, Array *arrays, int num_arrays,
                    const int *item_sizes)
{
    static const char *names[] = {"the first argument", "the second argument", "the third argument",
                                  "the fourth argument"};
    if (!takes_arguments(name, num_args, num_arrays)) {
        return -1;
    }
    for (int place = 0; place < num_arrays; place++) {
        int flags = place == num_arrays - 1 ? PyBUF_WRITABLE : 0;
        if (take(args[place], &arrays[place], item_sizes[place], flags, names[place]) < 0) {
            release_all(arrays, place);
            return -1;
        }
    }
    return 0;
}

PyObject *no_room(const char *name)
{
    return PyErr_Format(PyExc_ValueError, "%s was given arrays whose lengths do not fit together", name);
}

void *widened(void *items, size_t *capacity, size_t needed, size_t item_size)
{
    if (needed <= *capacity) {
        return items;
    }
    size_t wider = 2 * needed + 256;
    void *moved = PyMem_Realloc(items, wider * item_size);
    if (moved == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *capacity = wider;
    return moved;
}

double from_half(uint16_t half)
{
    unsigned exponent = half >> 10 & 31, fraction = half & 1023;
    double size;
    if (exponent == 0) {
        size = fraction * 0x1p-24;
    } else if (exponent == 31) {
        size = fraction == 0 ? INFINITY : NAN;
    } else {
        /* A double has the same fields, but for their width and where its exponents begin. */
        uint64_t bits = (uint64_t)(exponent + 1023 - 15) << 52 | (uint64_t)fraction << 42;
        memcpy(&size, &bits, sizeof size);
    }
    return half >> 15 ? -size : size;
}
