/* Words of characters that the tables know: how they are cut out, their lower case, their terms and their hashes. */
#include "words.h"

enum { STEM_LETTERS = 6, SHORTEST_PART = 3 };

int take_letters(PyObject *tables, Array *arrays, Letters *letters)
{
    int taken = 0, status = PyTuple_Check(tables) && PyTuple_GET_SIZE(tables) == NUM_LETTERS ? 0 : -1;
    if (status < 0) {
        PyErr_SetString(PyExc_TypeError, "letters are a tuple of three tables");
    }
    while (status == 0 && taken < NUM_LETTERS) {
        status = take(PyTuple_GET_ITEM(tables, taken), &arrays[taken], sizeof(uint16_t), 0, "a table of letters");
        taken += status == 0;
    }
    Py_ssize_t size = status == 0 ? arrays[CLASSES].length : 0;
    if (status == 0 && (arrays[LOWER].length != size || arrays[TERM].length != size)) {
        no_room("letters");
        status = -1;
    }
    if (status < 0) {
        release_all(arrays, taken);
        return -1;
    }
    *letters = (Letters){arrays[CLASSES].view.buf, arrays[LOWER].view.buf, arrays[TERM].view.buf, size};
    return 0;
}

/* Write a character as UTF-8 has it, half a surrogate pair as if it were one; gives the number of bytes. */
size_t utf8_of(uint32_t character, uint8_t *at)
{
    if (character < 0x80) {
        at[0] = (uint8_t)character;
        return 1;
    }
    size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t place = size - 1; place > 0; place--, character >>= 6) {
        at[place] = (uint8_t)(0x80 | (character & 0x3F));
    }
    at[0] = (uint8_t)(leads[size] | character);
    return size;
}

size_t write_letters(const uint16_t *letters, Py_ssize_t size, uint8_t *at)
{
    size_t end = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        end += utf8_of(letters[place], at + end);
    }
    return end;
}

uint32_t hash_letters(const uint16_t *letters, Py_ssize_t size)
{
    uint8_t bytes[MOST_BYTES * LONGEST_CHUNK];
    return hash_bytes(bytes, write_letters(letters, size, bytes));
}

/* Lower case */

int plain_lower(const Letters *letters, const uint16_t *word, Py_ssize_t size, uint16_t *lower)
{
    for (Py_ssize_t place = 0; place < size; place++) {
        if ((lower[place] = letters->lower[word[place]]) == 0) {
            return 0;
        }
    }
    return 1;
}

/* Terms */

/* Find the longest part of a word between its apostrophes, of equals the first; all of it if none is long enough. */
static void find_part(const Letters *letters, const uint16_t *word, Py_ssize_t *begin, Py_ssize_t *end)
{
    Py_ssize_t longest = SHORTEST_PART - 1, size = *end;
    for (Py_ssize_t first = 0, last; first <= size; first = last + 1) {
        for (last = first; last < size && !(letters->classes[word[last]] & ELIDING); last++) {
        }
        if (last - first > longest) {
            longest = last - first;
            *begin = first;
            *end = last;
        }
    }
}

int plain_term(const Letters *letters, const uint16_t *word, Py_ssize_t size, Term *term)
{
    Py_ssize_t begin = 0, end = size;
    find_part(letters, word, &begin, &end);
    term->size = term->is_number = 0;
    for (Py_ssize_t place = begin; place < end; place++) {
        uint16_t letter = letters->term[word[place]];
        if (letter == 0) {
            return 0;
        }
        term->is_number |= place == begin && letter >= '0' && letter <= '9';
        if (!term->is_number || letter != ',') {
            term->letters[term->size++] = letter;
        }
    }
    if (term->size == 1 && term->letters[0] < 0x80 && !term->is_number) {
        term->size = 0; /* a single letter is too slight to be a term */
    }
    return 1;
}

Py_ssize_t stem_size(const Term *term)
{
    return term->is_number || term->size < STEM_LETTERS ? term->size : STEM_LETTERS;
}

/* Where words begin and end */

static int breaks(const Letters *letters, const uint16_t *chunk, Py_ssize_t size, Py_ssize_t place)
{
    return place < 0 || place >= size ? OTHER : letters->classes[chunk[place]] & BREAKS;
}

/* Whether a character that may stand within words of letters, or within numbers, stands between two such. */
static int is_between(int before, int middle, int after)
{
    return (before == LETTER && after == LETTER && (middle == MID_LETTER || middle == MID_BOTH)) ||
           (before == DIGIT && after == DIGIT && (middle == MID_NUMBER || middle == MID_BOTH));
}

/* Whether no word ends before a place: Unicode's rules WB5 to WB13b, and what the regex library adds to them. */
static int is_joined(const Letters *letters, const uint16_t *chunk, Py_ssize_t size, Py_ssize_t place)
{
    int left = breaks(letters, chunk, size, place - 1), right = breaks(letters, chunk, size, place);
    int is_left = left == LETTER || left == DIGIT, is_right = right == LETTER || right == DIGIT;
    return (is_left && is_right) || (right == LOW_LINE && (is_left || left == LOW_LINE)) ||
           (left == LOW_LINE && is_right) ||
           (is_left && is_between(left, right, breaks(letters, chunk, size, place + 1))) ||
           (is_right && is_between(breaks(letters, chunk, size, place - 2), left, right)) ||
           ((letters->classes[chunk[place - 1]] & APOSTROPHE) && (letters->classes[chunk[place]] & VOWEL));
}

static int is_plain(const Letters *letters, const uint16_t *chunk, Py_ssize_t begin, Py_ssize_t end)
{
    Py_ssize_t place = begin;
    while (place < end && (letters->classes[chunk[place]] & PLAIN)) {
        place++;
    }
    return place == end && begin < end;
}

int plain_cut(const Letters *letters, const uint16_t *chunk, Py_ssize_t size, Spans *words)
{
    Py_ssize_t begin = 0, end = size;
    words->size = 0;
    for (; begin < end && (letters->classes[chunk[begin]] & EDGE); begin++) {
    }
    for (; end > begin && (letters->classes[chunk[end - 1]] & EDGE); end--) {
    }
    if (is_plain(letters, chunk, begin, end)) {
        words->bounds[words->size][0] = (uint8_t)begin;
        words->bounds[words->size++][1] = (uint8_t)end;
        return 1;
    }
    for (Py_ssize_t place = 0; place < size; place++) {
        if (breaks(letters, chunk, size, place) == UNKNOWN) {
            return 0;
        }
    }
    for (begin = 0; begin < size; begin = end) {
        int first = breaks(letters, chunk, size, begin);
        for (end = begin + 1; end < size && is_joined(letters, chunk, size, end); end++) {
        }
        if (first == LETTER || first == DIGIT) {
            words->bounds[words->size][0] = (uint8_t)begin;
            words->bounds[words->size++][1] = (uint8_t)end;
        }
    }
    return 1;
}

/* Term ids */

Py_ssize_t copy_known(PyObject *text, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t table_size, uint16_t *letters)
{
    if (end - begin > LONGEST_CHUNK) {
        return -1;
    }
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t place = begin; place < end; place++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, place);
        if ((Py_ssize_t)character >= table_size) {
            return -1;
        }
        letters[place - begin] = (uint16_t)character;
    }
    return end - begin;
}

int take_hash(PyObject *number, uint32_t *hash)
{
    unsigned long value = PyLong_AsUnsignedLong(number);
    if (!PyErr_Occurred() && value > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "words and terms have hashes of 32 bits");
    }
    *hash = (uint32_t)value;
    return PyErr_Occurred() ? -1 : 0;
}

static int ask(PyObject *slow, PyObject *form, uint32_t *id)
{
    PyObject *answer = PyObject_CallOneArg(slow, form);
    if (answer == NULL) {
        return -1;
    }
    int status = take_hash(answer, id);
    Py_DECREF(answer);
    return status;
}

static int fill_ids(PyObject *forms, const Letters *letters, PyObject *slow, uint32_t *ids)
{
    uint16_t word[LONGEST_CHUNK];
    Term term;
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(forms); place++) {
        look_ahead(PyTuple_GET_ITEM(forms, place), sizeof(PyASCIIObject) + 16);
    }
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(forms); place++) {
        PyObject *form = PyTuple_GET_ITEM(forms, place);
        Py_ssize_t size =
            PyUnicode_Check(form) ? copy_known(form, 0, PyUnicode_GET_LENGTH(form), letters->size, word) : -1;
        if (size >= 0 && plain_term(letters, word, size, &term)) {
            ids[place] = hash_letters(term.letters, stem_size(&term));
        } else if (ask(slow, form, &ids[place]) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *term_ids(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array tables[NUM_LETTERS], ids;
    Letters letters;
    if (!takes_arguments("term_ids", num_args, 4) || take_letters(args[1], tables, &letters) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (take(args[3], &ids, sizeof(uint32_t), PyBUF_WRITABLE, "ids") == 0) {
        if (!PyTuple_Check(args[0]) || PyTuple_GET_SIZE(args[0]) != ids.length) {
            result = no_room("term_ids");
        } else if (fill_ids(args[0], &letters, args[2], ids.view.buf) == 0) {
            result = Py_NewRef(Py_None);
        }
        PyBuffer_Release(&ids.view);
    }
    release_all(tables, NUM_LETTERS);
    return result;
}
