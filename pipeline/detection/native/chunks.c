/* The table of chunks: an arena of records (length of the text, number of words, text, words), found by hash. */
#include "native.h"

#include <string.h>

enum { LONGEST_CHUNK = 80, MOST_WORDS = 40, RECORD_HEAD = 2 };

typedef struct {
    uint32_t hash;
    uint32_t at; /* place of the record in the arena; 0 where there is none */
} Slot;

typedef struct {
    PyObject_HEAD
    Slot *slots;
    size_t mask, num_chunks;
    uint8_t *arena;
    size_t size, capacity;
} Chunks;

typedef struct {
    int64_t *words;
    size_t size, capacity;
} Words;

static int make_room(Words *words, size_t more)
{
    if (words->size + more <= words->capacity) {
        return 0;
    }
    size_t capacity = 2 * words->capacity + more + 64;
    int64_t *grown = PyMem_Realloc(words->words, capacity * sizeof(int64_t));
    if (grown == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    words->words = grown;
    words->capacity = capacity;
    return 0;
}

static Slot *slot_of(const Chunks *chunks, uint32_t hash, const char *text, size_t size)
{
    size_t place = hash & chunks->mask;
    for (; chunks->slots[place].at != 0; place = (place + 1) & chunks->mask) {
        if (chunks->slots[place].hash == hash) {
            const uint8_t *record = chunks->arena + chunks->slots[place].at;
            if (record[0] == size && memcmp(record + RECORD_HEAD, text, size) == 0) {
                break;
            }
        }
    }
    return &chunks->slots[place];
}

static int double_slots(Chunks *chunks)
{
    size_t capacity = 2 * (chunks->mask + 1);
    Slot *slots = PyMem_Calloc(capacity, sizeof(Slot));
    if (slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t place = 0; place <= chunks->mask; place++) {
        if (chunks->slots[place].at != 0) {
            size_t free = chunks->slots[place].hash & (capacity - 1);
            while (slots[free].at != 0) {
                free = (free + 1) & (capacity - 1);
            }
            slots[free] = chunks->slots[place];
        }
    }
    PyMem_Free(chunks->slots);
    chunks->slots = slots;
    chunks->mask = capacity - 1;
    return 0;
}

/* Remember the words of a chunk; one too long, of too many words, or beyond four gigabytes is not remembered. */
static int keep(Chunks *chunks, uint32_t hash, const char *text, size_t size, const int64_t *words, size_t num_words)
{
    size_t needed = RECORD_HEAD + size + num_words * sizeof(uint32_t);
    if (size > LONGEST_CHUNK || num_words > MOST_WORDS || chunks->size + needed > UINT32_MAX) {
        return 0;
    }
    if (2 * chunks->num_chunks > chunks->mask && double_slots(chunks) < 0) {
        return -1;
    }
    if (chunks->size + needed > chunks->capacity) {
        size_t capacity = 2 * chunks->capacity + chunks->size + needed;
        uint8_t *grown = PyMem_Realloc(chunks->arena, capacity);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        chunks->arena = grown;
        chunks->capacity = capacity;
    }
    *slot_of(chunks, hash, text, size) = (Slot){hash, (uint32_t)chunks->size};
    uint8_t *record = chunks->arena + chunks->size;
    record[0] = (uint8_t)size;
    record[1] = (uint8_t)num_words;
    memcpy(record + RECORD_HEAD, text, size);
    for (size_t place = 0; place < num_words; place++) {
        uint32_t word = (uint32_t)words[place];
        memcpy(record + RECORD_HEAD + size + place * sizeof word, &word, sizeof word);
    }
    chunks->size += needed;
    chunks->num_chunks++;
    return 0;
}

static void copy_words(const uint8_t *record, Words *words)
{
    const uint8_t *at = record + RECORD_HEAD + record[0];
    for (uint8_t place = 0; place < record[1]; place++, at += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        words->words[words->size++] = word;
    }
}

static int read_missing(Chunks *chunks, PyObject *chunk, uint32_t hash, const char *text, size_t size,
                        PyObject *missing, Words *words)
{
    PyObject *found = PyObject_CallOneArg(missing, chunk);
    if (found == NULL) {
        return -1;
    }
    int status = -1;
    Array numbers;
    if (take(found, &numbers, 1, 0, "what is missing") == 0) {
        size_t num_words = numbers.length / sizeof(int64_t);
        if (make_room(words, num_words + 1) == 0) {
            memcpy(words->words + words->size, numbers.view.buf, num_words * sizeof(int64_t));
            status = text == NULL ? 0 : keep(chunks, hash, text, size, words->words + words->size, num_words);
            words->size += num_words;
        }
        PyBuffer_Release(&numbers.view);
    }
    Py_DECREF(found);
    return status;
}

static int read_chunk(Chunks *chunks, PyObject *chunk, PyObject *missing, Words *words)
{
    Py_ssize_t size = 0;
    const char *text = PyUnicode_Check(chunk) ? PyUnicode_AsUTF8AndSize(chunk, &size) : NULL;
    if (text == NULL) {
        /* Half a surrogate pair has no UTF-8; whoever is asked for what is missing copes with it. */
        PyErr_Clear();
        return read_missing(chunks, chunk, 0, NULL, 0, missing, words);
    }
    uint32_t hash = hash_bytes((const uint8_t *)text, size);
    const Slot *slot = slot_of(chunks, hash, text, size);
    if (slot->at == 0) {
        return read_missing(chunks, chunk, hash, text, size, missing, words);
    }
    if (make_room(words, MOST_WORDS) < 0) {
        return -1;
    }
    copy_words(chunks->arena + slot->at, words);
    return 0;
}

static PyObject *chunks_read(PyObject *self, PyObject *const *args, Py_ssize_t num_args)
{
    if (!takes_arguments("read", num_args, 2)) {
        return NULL;
    }
    PyObject *text = PySequence_Fast(args[0], "read takes a sequence of chunks");
    if (text == NULL) {
        return NULL;
    }
    Words words = {NULL, 0, 0};
    int status = 0;
    for (Py_ssize_t place = 0; status == 0 && place < PySequence_Fast_GET_SIZE(text); place++) {
        status = read_chunk((Chunks *)self, PySequence_Fast_GET_ITEM(text, place), args[1], &words);
    }
    PyObject *found =
        status < 0 ? NULL : PyBytes_FromStringAndSize((const char *)words.words, words.size * sizeof(int64_t));
    PyMem_Free(words.words);
    Py_DECREF(text);
    return found;
}

static Py_ssize_t chunks_length(PyObject *self) { return ((Chunks *)self)->num_chunks; }

static PyObject *chunks_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    Chunks *chunks = (Chunks *)type->tp_alloc(type, 0);
    if (chunks != NULL) {
        chunks->mask = 1023;
        chunks->slots = PyMem_Calloc(chunks->mask + 1, sizeof(Slot));
        chunks->size = 1; /* no record lies at 0 */
        if (chunks->slots == NULL) {
            Py_DECREF(chunks);
            return PyErr_NoMemory();
        }
    }
    return (PyObject *)chunks;
}

static void chunks_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(((Chunks *)self)->slots);
    PyMem_Free(((Chunks *)self)->arena);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef chunks_methods[] = {
    {"read", (PyCFunction)(void (*)(void))chunks_read, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot chunks_slots[] = {
    {Py_tp_new, chunks_new},           {Py_tp_dealloc, chunks_dealloc}, {Py_tp_methods, chunks_methods},
    {Py_sq_length, chunks_length},     {0, NULL},
};

PyType_Spec chunks_spec = {
    "pipeline.detection._native.Chunks", sizeof(Chunks), 0, Py_TPFLAGS_DEFAULT, chunks_slots,
};
