/* Strings and their numbers, found by hash: a quarter of the space of a dictionary of objects. */
#include "words.h"

#include <string.h>

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

Utf8 string_at(const Strings *strings, size_t number)
{
    size_t begin = number == 0 ? 0 : strings->ends[number - 1];
    return (Utf8){strings->bytes + begin, strings->ends[number] - begin};
}

PyObject *object_of(Utf8 string)
{
    return PyUnicode_DecodeUTF8((const char *)string.bytes, (Py_ssize_t)string.size, "surrogatepass");
}

int compare_strings(Utf8 one, Utf8 other)
{
    int order = memcmp(one.bytes, other.bytes, one.size < other.size ? one.size : other.size);
    return order != 0 ? order : (one.size > other.size) - (one.size < other.size);
}

void look_for_end(const Strings *strings, size_t number) { LOOK_AHEAD(strings->ends + number); }

void look_for_string(const Strings *strings, size_t number) { LOOK_AHEAD(string_at(strings, number).bytes); }

static Slot *slot_of(const Strings *strings, Utf8 string, uint32_t hash)
{
    size_t place = hash & strings->mask;
    for (; strings->slots[place].at != 0; place = (place + 1) & strings->mask) {
        const Slot *slot = &strings->slots[place];
        if (slot->hash == hash && compare_strings(string_at(strings, slot->at - 1), string) == 0) {
            break;
        }
    }
    return &strings->slots[place];
}

Py_ssize_t find_string(const Strings *strings, Utf8 string)
{
    return (Py_ssize_t)slot_of(strings, string, hash_bytes(string.bytes, string.size))->at - 1;
}

static int make_room(Strings *strings, size_t more)
{
    if (strings->size + more > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the words of one language take more than four gigabytes");
        return -1;
    }
    uint8_t *bytes = widened(strings->bytes, &strings->capacity, strings->size + more, 1);
    if (bytes == NULL) {
        return -1;
    }
    strings->bytes = bytes;
    uint32_t *ends = widened(strings->ends, &strings->room, strings->count + 1, sizeof(uint32_t));
    if (ends == NULL) {
        return -1;
    }
    strings->ends = ends;
    return is_full(strings->count, strings->mask) ? double_slots(&strings->slots, &strings->mask) : 0;
}

Py_ssize_t add_string(Strings *strings, Utf8 string)
{
    if (make_room(strings, string.size) < 0) {
        return -1;
    }
    uint32_t hash = hash_bytes(string.bytes, string.size);
    *slot_of(strings, string, hash) = (Slot){hash, (uint32_t)strings->count + 1};
    memcpy(strings->bytes + strings->size, string.bytes, string.size);
    strings->size += string.size;
    strings->ends[strings->count] = (uint32_t)strings->size;
    return (Py_ssize_t)strings->count++;
}

int strings_begin(Strings *strings)
{
    strings->mask = FEWEST_SLOTS - 1;
    strings->slots = PyMem_Calloc(FEWEST_SLOTS, sizeof(Slot));
    if (strings->slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

void strings_end(Strings *strings)
{
    PyMem_Free(strings->bytes);
    PyMem_Free(strings->ends);
    PyMem_Free(strings->slots);
}
