/* Words whose characters each become one character of the term, whatever stands around them. */
#include "native.h"

enum { LONGEST = 40, STEM_LETTERS = 6 };

typedef struct {
    uint16_t letters[LONGEST];
    Py_ssize_t size;
    int is_number;
} Term;

/* Make of a word what `pipeline.detection.words.term_of` does; 0 if that takes more to know than its letters. */
static int plain_term(PyObject *word, const Array *letters, Term *term)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(word);
    if (length > LONGEST) {
        return 0;
    }
    int kind = PyUnicode_KIND(word);
    const void *text = PyUnicode_DATA(word);
    term->size = term->is_number = 0;
    for (Py_ssize_t place = 0; place < length; place++) {
        Py_UCS4 character = PyUnicode_READ(kind, text, place);
        uint16_t letter = character < letters->length ? ((const uint16_t *)letters->view.buf)[character] : 0;
        if (letter == 0) {
            return 0;
        }
        term->is_number |= place == 0 && letter >= '0' && letter <= '9';
        if (!term->is_number || letter != ',') {
            term->letters[term->size++] = letter;
        }
    }
    if (term->size == 1 && term->letters[0] < 0x80 && !term->is_number) {
        term->size = 0; /* a single letter is too slight to be a term */
    }
    return 1;
}

/* Hash a term's stem. Letters below U+0800 are one or two bytes of UTF-8. */
static uint32_t hash_stem(const Term *term)
{
    uint8_t bytes[2 * LONGEST];
    size_t size = 0;
    for (Py_ssize_t place = 0; place < term->size && (term->is_number || place < STEM_LETTERS); place++) {
        uint16_t letter = term->letters[place];
        if (letter < 0x80) {
            bytes[size++] = (uint8_t)letter;
        } else {
            bytes[size++] = (uint8_t)(0xC0 | letter >> 6);
            bytes[size++] = (uint8_t)(0x80 | (letter & 0x3F));
        }
    }
    return hash_bytes(bytes, size);
}

static int ask(PyObject *slow, PyObject *form, uint32_t *id)
{
    PyObject *answer = PyObject_CallOneArg(slow, form);
    if (answer == NULL) {
        return -1;
    }
    unsigned long value = PyLong_AsUnsignedLong(answer);
    Py_DECREF(answer);
    if (!PyErr_Occurred() && value > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "term_ids takes hashes of 32 bits");
    }
    *id = (uint32_t)value;
    return PyErr_Occurred() ? -1 : 0;
}

static int fill_ids(PyObject *forms, const Array *letters, PyObject *slow, uint32_t *ids)
{
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(forms); place++) {
        PyObject *form = PyTuple_GET_ITEM(forms, place);
        Term term;
        if (PyUnicode_Check(form) && plain_term(form, letters, &term)) {
            ids[place] = hash_stem(&term);
        } else if (ask(slow, form, &ids[place]) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *term_ids(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array letters, ids;
    if (!takes_arguments("term_ids", num_args, 4) || take(args[1], &letters, sizeof(uint16_t), 0, "letters") < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (take(args[3], &ids, sizeof(uint32_t), PyBUF_WRITABLE, "ids") == 0) {
        if (!PyTuple_Check(args[0]) || PyTuple_GET_SIZE(args[0]) != ids.length || letters.length > 0x800) {
            result = no_room("term_ids");
        } else if (fill_ids(args[0], &letters, args[2], ids.view.buf) == 0) {
            result = Py_NewRef(Py_None);
        }
        PyBuffer_Release(&ids.view);
    }
    PyBuffer_Release(&letters.view);
    return result;
}
