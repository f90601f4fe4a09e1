/* Runs of words with capital letters. */
#include "words.h"

enum { FEWEST_WORDS = 2, MOST_WORDS = 5 };

/* Look up all characters, and put nothing behind the last; 0 if the table lacks one, or takes for part of a word what
   regular expressions do not. */
static int classify(PyObject *text, const Array *table, uint16_t *classes)
{
    int kind = PyUnicode_KIND(text), seen = 0;
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t length = PyUnicode_GET_LENGTH(text), place = 0;
    for (; place < length; place++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, place);
        classes[place] = (Py_ssize_t)character < table->length ? ((const uint16_t *)table->view.buf)[character] : ODD;
        seen |= classes[place];
    }
    classes[place] = 0;
    return !(seen & ODD);
}

static Py_ssize_t word_end(const uint16_t *classes, Py_ssize_t place)
{
    while ((classes[place] & IN_NAME) || ((classes[place] & JOINT) && (classes[place + 1] & IN_NAME))) {
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

static int find_runs(PyObject *text, const uint16_t *classes, PyObject *runs)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    int status = 0, before = 0;
    for (Py_ssize_t begin = 0; status == 0 && begin < length; begin++) {
        int is_begin = (classes[begin] & CAPITAL) && !(before & IN_NAME);
        before = classes[begin];
        if (!is_begin) {
            continue;
        }
        Py_ssize_t end = word_end(classes, begin);
        int num_words = 1;
        for (; num_words < MOST_WORDS && (classes[end] & BLANK) && (classes[end + 1] & CAPITAL); num_words++) {
            end = word_end(classes, end + 1);
        }
        if (num_words >= FEWEST_WORDS) {
            status = append_part(runs, text, begin, end);
            before = classes[end - 1];
            begin = end - 1;
        }
    }
    return status;
}

static PyObject *runs_of(PyObject *text, const Array *table, PyObject *slow)
{
    uint16_t *classes = PyMem_Malloc((PyUnicode_GET_LENGTH(text) + 1) * sizeof(uint16_t));
    if (classes == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *runs;
    if (!classify(text, table, classes)) {
        runs = PyObject_CallOneArg(slow, text);
    } else if ((runs = PyList_New(0)) != NULL && find_runs(text, classes, runs) < 0) {
        Py_CLEAR(runs);
    }
    PyMem_Free(classes);
    return runs;
}

PyObject *capital_runs(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array table;
    if (!takes_arguments("capital_runs", num_args, 3) || take(args[1], &table, sizeof(uint16_t), 0, "classes") < 0) {
        return NULL;
    }
    PyObject *runs = PyUnicode_Check(args[0]) ? runs_of(args[0], &table, args[2])
                                              : PyErr_Format(PyExc_TypeError, "capital_runs takes a string");
    PyBuffer_Release(&table.view);
    return runs;
}
