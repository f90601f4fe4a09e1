/* Runs of words with capital letters. */
#include "words.h"

enum { FEWEST_WORDS = 2, MOST_WORDS = 5, NO_BREAK_SPACE = 0xA0, RIGHT_QUOTE = 0x2019 };

typedef struct {
    int kind;
    const void *data;
    Py_ssize_t length;
    const uint16_t *classes;
} Text;

static Py_UCS4 character_at(const Text *text, Py_ssize_t place) { return PyUnicode_READ(text->kind, text->data, place); }

static int is_at(const Text *text, Py_ssize_t place, int flag)
{
    return place >= 0 && place < text->length && (text->classes[character_at(text, place)] & flag);
}

static int joins_at(const Text *text, Py_ssize_t place)
{
    Py_UCS4 character = place < text->length ? character_at(text, place) : 0;
    return character == '\'' || character == '-' || character == RIGHT_QUOTE;
}

static int space_at(const Text *text, Py_ssize_t place)
{
    Py_UCS4 character = place < text->length ? character_at(text, place) : 0;
    return character == ' ' || character == NO_BREAK_SPACE;
}

/* Whether the tables know all characters, and agree with what regular expressions take for the boundary of a word. */
static int is_known(const Text *text, Py_ssize_t table_size)
{
    for (Py_ssize_t place = 0; place < text->length; place++) {
        if ((Py_ssize_t)character_at(text, place) >= table_size || is_at(text, place, ODD)) {
            return 0;
        }
    }
    return 1;
}

static Py_ssize_t word_end(const Text *text, Py_ssize_t place)
{
    while (is_at(text, place, IN_NAME) || (joins_at(text, place) && is_at(text, place + 1, IN_NAME))) {
        place++;
    }
    return place;
}

static int append_part(PyObject *runs, PyObject *text, Py_ssize_t begin, Py_ssize_t end)
{
    PyObject *run = PyUnicode_Substring(text, begin, end);
    int status = run == NULL ? -1 : PyList_Append(runs, run);
    Py_XDECREF(run);
    return status;
}

static int find_runs(PyObject *object, const Text *text, PyObject *runs)
{
    int status = 0;
    for (Py_ssize_t begin = 0, end; status == 0 && begin < text->length; begin = end) {
        end = begin + 1;
        if (!is_at(text, begin, CAPITAL) || is_at(text, begin - 1, IN_NAME)) {
            continue;
        }
        Py_ssize_t last = word_end(text, begin);
        int num_words = 1;
        for (; num_words < MOST_WORDS && space_at(text, last) && is_at(text, last + 1, CAPITAL); num_words++) {
            last = word_end(text, last + 1);
        }
        if (num_words >= FEWEST_WORDS) {
            status = append_part(runs, object, begin, last);
            end = last;
        }
    }
    return status;
}

PyObject *capital_runs(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array classes;
    if (!takes_arguments("capital_runs", num_args, 3) ||
        take(args[1], &classes, sizeof(uint16_t), 0, "classes") < 0) {
        return NULL;
    }
    PyObject *runs = NULL;
    if (!PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "capital_runs takes a string");
    } else {
        Text text = {PyUnicode_KIND(args[0]), PyUnicode_DATA(args[0]), PyUnicode_GET_LENGTH(args[0]),
                     classes.view.buf};
        if (!is_known(&text, classes.length)) {
            runs = PyObject_CallOneArg(args[2], args[0]);
        } else if ((runs = PyList_New(0)) != NULL && find_runs(args[0], &text, runs) < 0) {
            Py_CLEAR(runs);
        }
    }
    PyBuffer_Release(&classes.view);
    return runs;
}
