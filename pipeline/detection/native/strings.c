/* Strings and their numbers, found by hash: half the space of a dictionary, and one look at memory for a new one. */
#include "words.h"

int double_slots(Slot **slots, size_t *mask)
{
    size_t capacity = 2 * (*mask + 1);
    Slot *larger = PyMem_Calloc(capacity, sizeof(Slot));
    if (larger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t place = 0; place <= *mask; place++) {
        if ((*slots)[place].at != 0) {
            size_t free = (*slots)[place].hash & (capacity - 1);
            while (larger[free].at != 0) {
                free = (free + 1) & (capacity - 1);
            }
            larger[free] = (*slots)[place];
        }
    }
    PyMem_Free(*slots);
    *slots = larger;
    *mask = capacity - 1;
    return 0;
}

static uint32_t hash_of(PyObject *string)
{
    return hash_bytes(PyUnicode_DATA(string), PyUnicode_GET_LENGTH(string) * PyUnicode_KIND(string));
}

static Slot *slot_of(const Strings *strings, PyObject *string, uint32_t hash)
{
    size_t place = hash & strings->mask;
    for (; strings->slots[place].at != 0; place = (place + 1) & strings->mask) {
        const Slot *slot = &strings->slots[place];
        if (slot->hash == hash && PyUnicode_Compare(PyList_GET_ITEM(strings->list, slot->at - 1), string) == 0) {
            break;
        }
    }
    return &strings->slots[place];
}

Py_ssize_t find_string(const Strings *strings, PyObject *string)
{
    return (Py_ssize_t)slot_of(strings, string, hash_of(string))->at - 1;
}

/* Give the number of a string, a new one if it has none. */
Py_ssize_t add_string(Strings *strings, PyObject *string)
{
    size_t size = PyList_GET_SIZE(strings->list);
    if (2 * size > strings->mask && double_slots(&strings->slots, &strings->mask) < 0) {
        return -1;
    }
    uint32_t hash = hash_of(string);
    Slot *slot = slot_of(strings, string, hash);
    if (slot->at == 0) {
        if (PyList_Append(strings->list, string) < 0) {
            return -1;
        }
        *slot = (Slot){hash, (uint32_t)size + 1};
    }
    return (Py_ssize_t)slot->at - 1;
}

int strings_begin(Strings *strings)
{
    strings->mask = FEWEST_SLOTS - 1;
    strings->list = PyList_New(0);
    strings->slots = PyMem_Calloc(FEWEST_SLOTS, sizeof(Slot));
    if (strings->slots == NULL) {
        PyErr_NoMemory();
    }
    return strings->slots == NULL || strings->list == NULL ? -1 : 0;
}

void strings_end(Strings *strings)
{
    PyMem_Free(strings->slots);
    Py_XDECREF(strings->list);
}
