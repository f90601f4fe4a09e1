/* The class Words: the words of one language as they come, numbered, and what is known of each. */
#include "words.h"

#include <math.h>
#include <string.h>

static const double ARTICLE_WORDS = 250.0; /* as pipeline.detection.reading has it */

enum { MOST_PARTS = 64 };

/* A chunk as it stands in a text, and its key; that of a long one has the size 0. */
typedef struct {
    Py_ssize_t begin, end;
    size_t size;
    uint32_t hash;
    uint8_t key[LONGEST_CHUNK + MOST_BYTES];
} Part;

/* What is known of a word before it has a number. */
typedef struct {
    uint32_t hash, stem;
    int is_term;
    double share;
} Described;

/* How common a word is */

static PyObject *string_of(const uint16_t *letters, Py_ssize_t size)
{
    return PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, letters, size);
}

/* Give a word's share of all words of its language; -1 where that failed. */
static double share_of(const Words *words, const uint16_t *word, Py_ssize_t size)
{
    double least = ((const double *)words->shares.view.buf)[size];
    if (words->known == Py_None) {
        return least;
    }
    PyObject *key = string_of(word, size);
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(words->known, key);
    double share = found == NULL ? 0.0 : PyFloat_AsDouble(found);
    Py_XDECREF(key);
    return PyErr_Occurred() ? -1.0 : share > least ? share : least;
}

static int has_digit(const Letters *letters, const uint16_t *word, Py_ssize_t size)
{
    int found = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        int class = letters->classes[word[place]] & BREAKS;
        found |= class == DIGIT || class == UNKNOWN;
    }
    return found;
}

/* Describe a word of which the tables know enough: 1; of another 0, and -1 where that failed. */
static int describe_plainly(const Words *words, const uint16_t *word, Py_ssize_t size, Described *described)
{
    const Letters *letters = &words->letters;
    uint16_t lower[LONGEST_CHUNK];
    Term term;
    /* Lists of words know numbers by what they look like. */
    if (size < 0 || (words->known != Py_None && has_digit(letters, word, size)) ||
        !plain_lower(letters, word, size, lower) || !plain_term(letters, word, size, &term)) {
        return 0;
    }
    described->hash = hash_letters(lower, size);
    described->share = share_of(words, lower, size);
    if (described->share >= 0.0 && term.size > 0 &&
        (term.size != size || memcmp(term.letters, lower, size * sizeof(uint16_t)) != 0)) {
        double share = share_of(words, term.letters, term.size);
        described->share = share < 0.0 || share > described->share ? share : described->share;
    }
    described->is_term = term.size > 0;
    described->stem = hash_letters(term.letters, stem_size(&term));
    return described->share < 0.0 ? -1 : 1;
}

/* Ask for what is known of a word: its hash, that of its stem if it is a term, and its share of all words. */
static int ask_for(const Words *words, Utf8 spelling, Described *described)
{
    PyObject *form = object_of(spelling), *hash, *stem;
    PyObject *answer = form == NULL ? NULL : PyObject_CallOneArg(words->describe, form);
    Py_XDECREF(form);
    if (answer == NULL) {
        return -1;
    }
    int status = -1;
    if (!PyTuple_Check(answer)) {
        PyErr_SetString(PyExc_TypeError, "a word is described by a tuple");
    } else if (PyArg_ParseTuple(answer, "OOd", &hash, &stem, &described->share)) {
        described->is_term = stem != Py_None;
        status = take_hash(hash, &described->hash) < 0 ||
                         (described->is_term && take_hash(stem, &described->stem) < 0)
                     ? -1
                     : 0;
    }
    Py_DECREF(answer);
    return status;
}

/* Numbers */

/* Number a word that has no number; `letters` are its own where the tables know them all, else `size` is -1. */
static Py_ssize_t number_new(Words *words, Utf8 spelling, Py_UCS4 first, const uint16_t *letters, Py_ssize_t size)
{
    Described described = {0, 0, 0, 0.0};
    int is_plain = describe_plainly(words, letters, size, &described);
    if (is_plain < 0 || (is_plain == 0 && ask_for(words, spelling, &described) < 0)) {
        return -1;
    }
    Word *rows = widened(words->rows, &words->capacity, words->forms.count + 1, sizeof(Word));
    if (rows == NULL) {
        return -1;
    }
    words->rows = rows;
    double background = 1.0 - exp(-described.share * ARTICLE_WORDS);
    words->rows[words->forms.count] = (Word){
        .hash = described.hash,
        .stem = described.stem,
        .background = background,
        .idf = -log(background),
        .is_term = described.is_term != 0,
        .is_name = Py_UNICODE_ISUPPER(first) != 0,
        .is_number = Py_UNICODE_ISNUMERIC(first) != 0,
    };
    return add_string(&words->forms, spelling);
}

static int add_number(Numbers *numbers, Py_ssize_t number)
{
    uint32_t narrow = (uint32_t)number;
    return number < 0 ? -1 : add_numbers(numbers, &narrow, 1);
}

static int number_letters(Words *words, const uint16_t *letters, Py_ssize_t size, Numbers *numbers)
{
    uint8_t bytes[MOST_BYTES * LONGEST_CHUNK];
    Utf8 spelling = {bytes, write_letters(letters, size, bytes)};
    Py_ssize_t number = find_string(&words->forms, spelling);
    return add_number(numbers, number < 0 ? number_new(words, spelling, letters[0], letters, size) : number);
}

static int number_form(Words *words, PyObject *form, Numbers *numbers)
{
    if (!PyUnicode_CheckExact(form) || PyUnicode_GET_LENGTH(form) == 0) {
        PyErr_SetString(PyExc_TypeError, "a word is a string that is not empty");
        return -1;
    }
    Py_ssize_t length = PyUnicode_GET_LENGTH(form);
    uint8_t *bytes = PyMem_Malloc(MOST_BYTES * length);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Utf8 spelling = {bytes, 0};
    for (Py_ssize_t place = 0; place < length; place++) {
        spelling.size += utf8_of(PyUnicode_READ_CHAR(form, place), bytes + spelling.size);
    }
    Py_ssize_t number = find_string(&words->forms, spelling);
    if (number < 0) {
        uint16_t letters[LONGEST_CHUNK];
        Py_ssize_t size = copy_known(form, 0, length, words->letters.size, letters);
        number = number_new(words, spelling, PyUnicode_READ_CHAR(form, 0), letters, size);
    }
    PyMem_Free(bytes);
    return add_number(numbers, number);
}

/* Chunks */

static int number_spans(Words *words, const uint16_t *chunk, const Spans *spans, Numbers *numbers)
{
    int status = 0;
    for (int place = 0; status == 0 && place < spans->size; place++) {
        const uint8_t *bounds = spans->bounds[place];
        status = number_letters(words, chunk + bounds[0], bounds[1] - bounds[0], numbers);
    }
    return status;
}

static int number_intricate(Words *words, PyObject *text, Py_ssize_t begin, Py_ssize_t end, Numbers *numbers)
{
    PyObject *chunk = PyUnicode_Substring(text, begin, end);
    PyObject *cut = chunk == NULL ? NULL : PyObject_CallOneArg(words->cut, chunk);
    PyObject *forms = cut == NULL ? NULL : PySequence_Tuple(cut);
    int status = forms == NULL ? -1 : 0;
    for (Py_ssize_t place = 0; status == 0 && place < PyTuple_GET_SIZE(forms); place++) {
        status = number_form(words, PyTuple_GET_ITEM(forms, place), numbers);
    }
    Py_XDECREF(chunk);
    Py_XDECREF(cut);
    Py_XDECREF(forms);
    return status;
}

static int number_chunk(Words *words, PyObject *text, Py_ssize_t begin, Py_ssize_t end, Numbers *numbers)
{
    uint16_t chunk[LONGEST_CHUNK];
    Spans spans;
    Py_ssize_t size = copy_known(text, begin, end, words->letters.size, chunk);
    return size >= 0 && plain_cut(&words->letters, chunk, size, &spans)
               ? number_spans(words, chunk, &spans, numbers)
               : number_intricate(words, text, begin, end, numbers);
}

/* Write part of a text as UTF-8; gives its size, or 0 if there is too much of it. */
static size_t key_of(PyObject *text, Py_ssize_t begin, Py_ssize_t end, uint8_t *key)
{
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t size = 0;
    for (; begin < end && size <= LONGEST_CHUNK; begin++) {
        size += utf8_of(PyUnicode_READ(kind, data, begin), key + size);
    }
    return size > LONGEST_CHUNK ? 0 : size;
}

/* Find the next chunks of a text, and look ahead to what is known of them; gives how many there are. */
static int find_parts(const Words *words, PyObject *text, Py_ssize_t *from, Part *parts)
{
    int kind = PyUnicode_KIND(text), size = 0;
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t length = PyUnicode_GET_LENGTH(text), begin = *from, end;
    for (; size < MOST_PARTS && begin < length; begin = end + 1) {
        for (end = begin; end < length && !Py_UNICODE_ISSPACE(PyUnicode_READ(kind, data, end)); end++) {
        }
        if (begin < end) {
            Part *part = &parts[size++];
            part->begin = begin;
            part->end = end;
            part->size = key_of(text, begin, end, part->key);
            part->hash = hash_bytes(part->key, part->size);
            look_for_slot(&words->chunks, part->hash);
        }
    }
    for (int place = 0; place < size; place++) {
        look_for_record(&words->chunks, parts[place].hash);
    }
    *from = begin;
    return size;
}

static int read_part(Words *words, PyObject *text, const Part *part, Numbers *numbers)
{
    const uint8_t *known = part->size == 0 ? NULL : find_chunk(&words->chunks, part->hash, part->key, part->size);
    if (known != NULL) {
        return add_chunk(numbers, known);
    }
    size_t first = numbers->size;
    if (number_chunk(words, text, part->begin, part->end, numbers) < 0) {
        return -1;
    }
    return part->size == 0 ? 0
                           : keep_chunk(&words->chunks, part->hash, part->key, part->size, numbers->words + first,
                                        numbers->size - first);
}

static PyObject *words_read(PyObject *self, PyObject *text)
{
    Words *words = (Words *)self;
    if (!PyUnicode_Check(text)) {
        return PyErr_Format(PyExc_TypeError, "read takes a string");
    }
    Part parts[MOST_PARTS];
    Numbers numbers = {NULL, 0, 0};
    int status = 0;
    for (Py_ssize_t from = 0; status == 0 && from < PyUnicode_GET_LENGTH(text);) {
        int size = find_parts(words, text, &from, parts);
        for (int place = 0; status == 0 && place < size; place++) {
            status = read_part(words, text, &parts[place], &numbers);
        }
    }
    PyObject *found =
        status < 0 ? NULL : PyBytes_FromStringAndSize((const char *)numbers.words, numbers.size * sizeof(uint32_t));
    PyMem_Free(numbers.words);
    return found;
}

/* What is known of numbered words */

uint32_t number_at(const Array *numbers, Py_ssize_t place)
{
    uint32_t number;
    memcpy(&number, (const uint8_t *)numbers->view.buf + place * sizeof number, sizeof number);
    return number;
}

int take_numbers(const Words *words, PyObject *object, Array *numbers)
{
    if (take(object, numbers, 1, 0, "words") < 0) {
        return -1;
    }
    int are_known = numbers->length % sizeof(uint32_t) == 0;
    numbers->length /= sizeof(uint32_t);
    for (Py_ssize_t place = 0; are_known && place < numbers->length; place++) {
        are_known = number_at(numbers, place) < words->forms.count;
    }
    if (!are_known) {
        PyErr_SetString(PyExc_ValueError, "words takes numbers that it gave");
        PyBuffer_Release(&numbers->view);
        return -1;
    }
    return 0;
}

static PyObject *words_hashes(PyObject *self, PyObject *const *args, Py_ssize_t num_args)
{
    const Words *words = (const Words *)self;
    Array numbers, hashes;
    if (!takes_arguments("hashes", num_args, 2) || take_numbers(words, args[0], &numbers) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (take(args[1], &hashes, sizeof(uint32_t), PyBUF_WRITABLE, "hashes") == 0) {
        if (hashes.length != numbers.length) {
            result = no_room("hashes");
        } else {
            for (Py_ssize_t place = 0; place < numbers.length; place++) {
                ((uint32_t *)hashes.view.buf)[place] = words->rows[number_at(&numbers, place)].hash;
            }
            result = Py_NewRef(Py_None);
        }
        PyBuffer_Release(&hashes.view);
    }
    PyBuffer_Release(&numbers.view);
    return result;
}

static PyObject *words_forms(PyObject *self, PyObject *object)
{
    const Words *words = (const Words *)self;
    Array numbers;
    if (take_numbers(words, object, &numbers) < 0) {
        return NULL;
    }
    PyObject *forms = PyList_New(numbers.length);
    for (Py_ssize_t place = 0; forms != NULL && place < numbers.length; place++) {
        PyObject *form = object_of(string_at(&words->forms, number_at(&numbers, place)));
        if (form == NULL) {
            Py_CLEAR(forms);
        } else {
            PyList_SET_ITEM(forms, place, form);
        }
    }
    PyBuffer_Release(&numbers.view);
    return forms;
}

/* How many words and chunks are remembered. */
static Py_ssize_t words_length(PyObject *self)
{
    return (Py_ssize_t)((Words *)self)->forms.count + ((Words *)self)->chunks.num_chunks;
}

/* Beginning and end */

static int take_shares(Words *words, PyObject *shares)
{
    if (take(shares, &words->shares, sizeof(double), 0, "shares") < 0) {
        return -1;
    }
    if (words->shares.length <= LONGEST_CHUNK) {
        no_room("Words");
        return -1;
    }
    return 0;
}

static PyObject *words_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *letters, *shares, *known, *cut, *describe;
    if (!PyArg_ParseTuple(args, "OOOOO:Words", &letters, &shares, &known, &cut, &describe)) {
        return NULL;
    }
    if (known != Py_None && !PyDict_Check(known)) {
        return PyErr_Format(PyExc_TypeError, "Words takes shares of words as a dictionary");
    }
    Words *words = (Words *)type->tp_alloc(type, 0);
    if (words == NULL) {
        return NULL;
    }
    words->known = Py_NewRef(known);
    words->cut = Py_NewRef(cut);
    words->describe = Py_NewRef(describe);
    if (take_shares(words, shares) < 0 || take_letters(letters, words->tables, &words->letters) < 0 ||
        chunks_begin(&words->chunks) < 0 || strings_begin(&words->forms) < 0) {
        Py_CLEAR(words);
    }
    return (PyObject *)words;
}

static void words_dealloc(PyObject *self)
{
    Words *words = (Words *)self;
    PyTypeObject *type = Py_TYPE(self);
    chunks_end(&words->chunks);
    strings_end(&words->forms);
    PyMem_Free(words->rows);
    if (words->letters.size > 0) {
        release_all(words->tables, NUM_LETTERS);
    }
    PyBuffer_Release(&words->shares.view);
    Py_XDECREF(words->known);
    Py_XDECREF(words->cut);
    Py_XDECREF(words->describe);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef words_methods[] = {
    {"read", words_read, METH_O, NULL},
    {"forms", words_forms, METH_O, NULL},
    {"hashes", (PyCFunction)(void (*)(void))words_hashes, METH_FASTCALL, NULL},
    {"salient", (PyCFunction)(void (*)(void))words_salient, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot words_slots[] = {
    {Py_tp_new, words_new},       {Py_tp_dealloc, words_dealloc}, {Py_tp_methods, words_methods},
    {Py_sq_length, words_length}, {0, NULL},
};

PyType_Spec words_spec = {
    "pipeline.detection._native.Words", sizeof(Words), 0, Py_TPFLAGS_DEFAULT, words_slots,
};
