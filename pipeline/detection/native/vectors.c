/* Sparse vectors: arrays of terms, the hash of each in the upper half of 64 bits and its weight's bits in the lower. */
#include "native.h"

#include <math.h>
#include <string.h>

static inline uint32_t id_of(uint64_t term) { return (uint32_t)(term >> 32); }

static inline float weight_of(uint64_t term)
{
    uint32_t bits = (uint32_t)term;
    float weight;
    memcpy(&weight, &bits, sizeof weight);
    return weight;
}

static inline uint64_t packed(uint32_t id, float weight)
{
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    return (uint64_t)id << 32 | bits;
}

/* Sort by id as insertion does: terms of one id, which are rare, are joined in the order in which they came. */
static Py_ssize_t put(uint64_t *terms, Py_ssize_t size, uint32_t id, float weight)
{
    Py_ssize_t place = size;
    while (place > 0 && id_of(terms[place - 1]) > id) {
        place--;
    }
    if (place > 0 && id_of(terms[place - 1]) == id) {
        terms[place - 1] = packed(id, weight_of(terms[place - 1]) + weight);
        return size;
    }
    memmove(terms + place + 1, terms + place, (size - place) * sizeof(uint64_t));
    terms[place] = packed(id, weight);
    return size + 1;
}

PyObject *unit(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint32_t), sizeof(double), sizeof(uint64_t)};
    Array arrays[3];
    if (take_all(args, num_args, "unit", arrays, 3, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result;
    if (arrays[0].length != arrays[1].length || arrays[0].length > arrays[2].length) {
        result = no_room("unit");
    } else {
        const uint32_t *ids = arrays[0].view.buf;
        const double *weights = arrays[1].view.buf;
        double sum = 0.0;
        for (Py_ssize_t place = 0; place < arrays[0].length; place++) {
            sum += weights[place] * weights[place];
        }
        double length = sum > 0.0 ? sqrt(sum) : 1.0;
        Py_ssize_t size = 0;
        for (Py_ssize_t place = 0; place < arrays[0].length; place++) {
            float weight = (float)(weights[place] / length);
            if (weight > 0.0f) {
                size = put(arrays[2].view.buf, size, ids[place], weight);
            }
        }
        result = PyLong_FromSsize_t(size);
    }
    release_all(arrays, 3);
    return result;
}

typedef struct {
    uint32_t *ids;
    float *weights; /* 0 where there is no term */
    size_t mask;
} Table;

static int make_table(Table *table, const Array *vector)
{
    size_t capacity = 16;
    while (capacity < 4 * (size_t)vector->length) {
        capacity *= 2;
    }
    table->mask = capacity - 1;
    table->weights = PyMem_Calloc(capacity, sizeof(float) + sizeof(uint32_t));
    if (table->weights == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    table->ids = (uint32_t *)(table->weights + capacity);
    const uint64_t *terms = vector->view.buf;
    for (Py_ssize_t place = 0; place < vector->length; place++) {
        size_t slot = id_of(terms[place]) & table->mask;
        while (table->weights[slot] != 0.0f) {
            slot = (slot + 1) & table->mask;
        }
        table->ids[slot] = id_of(terms[place]);
        table->weights[slot] = weight_of(terms[place]);
    }
    return 0;
}

static inline float look_up(const Table *table, uint32_t id)
{
    size_t slot = id & table->mask;
    while (table->weights[slot] != 0.0f && table->ids[slot] != id) {
        slot = (slot + 1) & table->mask;
    }
    return table->weights[slot];
}

static double dot_of(const Table *table, const Array *other)
{
    const uint64_t *terms = other->view.buf;
    double sum = 0.0;
    for (Py_ssize_t place = 0; place < other->length; place++) {
        float weight = look_up(table, id_of(terms[place]));
        if (weight != 0.0f) {
            sum += (double)weight * (double)weight_of(terms[place]);
        }
    }
    return sum;
}

static PyObject *dots_of(const Table *table, PyObject *others)
{
    Py_ssize_t size = PySequence_Fast_GET_SIZE(others);
    PyObject *found = PyList_New(size);
    for (Py_ssize_t place = 0; found != NULL && place < size; place++) {
        Array other;
        PyObject *product = NULL;
        if (take(PySequence_Fast_GET_ITEM(others, place), &other, sizeof(uint64_t), 0, "a vector") == 0) {
            product = PyFloat_FromDouble(dot_of(table, &other));
            PyBuffer_Release(&other.view);
        }
        if (product == NULL) {
            Py_CLEAR(found);
        } else {
            PyList_SET_ITEM(found, place, product);
        }
    }
    return found;
}

PyObject *dots(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array vector;
    Table table;
    if (!takes_arguments("dots", num_args, 2) || take(args[0], &vector, sizeof(uint64_t), 0, "the vector") < 0) {
        return NULL;
    }
    PyObject *found = NULL, *others = PySequence_Fast(args[1], "dots takes a sequence of vectors");
    if (others != NULL && make_table(&table, &vector) == 0) {
        found = dots_of(&table, others);
        PyMem_Free(table.weights);
    }
    Py_XDECREF(others);
    PyBuffer_Release(&vector.view);
    return found;
}

/* Each vector's terms are looked up among those of the vectors before it, all in one table: for two vectors the
   products are added in the order of their terms, as dots adds them. */
typedef struct {
    uint32_t id, newest; /* a term and its last entry, counted from 1; 0 where there is none */
} Heading;

typedef struct {
    float weight;
    uint32_t owner, older;
} Entry;

typedef struct {
    Heading *headings;
    size_t mask;
    Entry *entries;
    uint32_t num_entries;
} Register;

static int make_register(Register *made, size_t num_terms)
{
    size_t capacity = 16;
    while (capacity < 2 * num_terms) {
        capacity *= 2;
    }
    made->mask = capacity - 1;
    made->num_entries = 0;
    made->headings = PyMem_Calloc(capacity, sizeof(Heading));
    made->entries = num_terms < UINT32_MAX ? PyMem_Malloc((num_terms + 1) * sizeof(Entry)) : NULL;
    if (made->headings == NULL || made->entries == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static Heading *heading_of(const Register *entered, uint32_t id)
{
    size_t slot = id & entered->mask;
    while (entered->headings[slot].newest != 0 && entered->headings[slot].id != id) {
        slot = (slot + 1) & entered->mask;
    }
    return &entered->headings[slot];
}

static void multiply_and_enter(Register *entered, const Array *vector, uint32_t owner, double *sums)
{
    const uint64_t *terms = vector->view.buf;
    for (Py_ssize_t place = 0; place < vector->length; place++) {
        Heading *heading = heading_of(entered, id_of(terms[place]));
        float weight = weight_of(terms[place]);
        for (uint32_t at = heading->newest; at != 0; at = entered->entries[at - 1].older) {
            const Entry *entry = &entered->entries[at - 1];
            sums[entry->owner] += (double)weight * (double)entry->weight;
        }
        entered->entries[entered->num_entries++] = (Entry){weight, owner, heading->newest};
        *heading = (Heading){id_of(terms[place]), entered->num_entries};
    }
}

static int sum_across(const Array *vectors, Py_ssize_t size, double *out)
{
    Register entered;
    size_t num_terms = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        num_terms += vectors[place].length;
    }
    int status = make_register(&entered, num_terms);
    memset(out, 0, status < 0 ? 0 : size * size * sizeof(double));
    for (Py_ssize_t place = 0; status == 0 && place < size; place++) {
        multiply_and_enter(&entered, &vectors[place], (uint32_t)place, out + place * size);
        out[place * size + place] = 0.0;
        for (Py_ssize_t before = 0; before < place; before++) {
            out[before * size + place] = out[place * size + before];
        }
    }
    PyMem_Free(entered.headings);
    PyMem_Free(entered.entries);
    return status;
}

static int sum_across_all(PyObject *vectors, const Array *out)
{
    Py_ssize_t size = PyTuple_GET_SIZE(vectors), taken = 0;
    if (out->view.ndim != 2 || out->view.shape[0] != size || out->view.shape[1] != size) {
        no_room("sums_across");
        return -1;
    }
    Array *arrays = PyMem_Calloc(size + 1, sizeof(Array));
    int status = arrays == NULL ? (PyErr_NoMemory(), -1) : 0;
    for (; status == 0 && taken < size; taken += status == 0) {
        status = take(PyTuple_GET_ITEM(vectors, taken), &arrays[taken], sizeof(uint64_t), 0, "a vector");
    }
    status = status < 0 ? -1 : sum_across(arrays, size, out->view.buf);
    release_all(arrays, (int)taken);
    PyMem_Free(arrays);
    return status;
}

PyObject *sums_across(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array out;
    if (!takes_arguments("sums_across", num_args, 2) ||
        take(args[1], &out, sizeof(double), PyBUF_WRITABLE, "out") < 0) {
        return NULL;
    }
    PyObject *vectors = PySequence_Tuple(args[0]);
    int status = vectors == NULL ? -1 : sum_across_all(vectors, &out);
    Py_XDECREF(vectors);
    PyBuffer_Release(&out.view);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

PyObject *products(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint64_t), sizeof(uint64_t), sizeof(double)};
    Array arrays[3];
    Table table;
    if (take_all(args, num_args, "products", arrays, 3, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (arrays[0].length != arrays[2].length) {
        result = no_room("products");
    } else if (make_table(&table, &arrays[1]) == 0) {
        const uint64_t *terms = arrays[0].view.buf;
        double *out = arrays[2].view.buf;
        for (Py_ssize_t place = 0; place < arrays[0].length; place++) {
            out[place] = (double)weight_of(terms[place]) * (double)look_up(&table, id_of(terms[place]));
        }
        PyMem_Free(table.weights);
        result = Py_NewRef(Py_None);
    }
    release_all(arrays, 3);
    return result;
}

/* Merge two vectors; where the second is taken away, what is left of a term stays only if it is more than nothing. */
static Py_ssize_t merge(const Array *first, const Array *second, float sign, uint64_t *out)
{
    const uint64_t *one = first->view.buf, *other = second->view.buf;
    const uint64_t *one_end = one + first->length, *other_end = other + second->length;
    Py_ssize_t size = 0;
    while (one < one_end || other < other_end) {
        if (other == other_end || (one < one_end && id_of(*one) < id_of(*other))) {
            out[size++] = *one++;
            continue;
        }
        uint32_t id = id_of(*other);
        float before = one < one_end && id_of(*one) == id ? weight_of(*one++) : 0.0f;
        float after = before + sign * weight_of(*other++);
        if (after > 0.0f) {
            out[size++] = packed(id, after);
        }
    }
    return size;
}

static PyObject *merged(PyObject *const *args, Py_ssize_t num_args, const char *name, float sign)
{
    static const int item_sizes[] = {sizeof(uint64_t), sizeof(uint64_t), sizeof(uint64_t)};
    Array arrays[3];
    if (take_all(args, num_args, name, arrays, 3, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result = arrays[0].length + arrays[1].length > arrays[2].length
                           ? no_room(name)
                           : PyLong_FromSsize_t(merge(&arrays[0], &arrays[1], sign, arrays[2].view.buf));
    release_all(arrays, 3);
    return result;
}

PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return merged(args, num_args, "add", 1.0f);
}

PyObject *subtract(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return merged(args, num_args, "subtract", -1.0f);
}

/* Counts of terms */

static int counts_into(PyObject *counts, PyObject *stems, double *found)
{
    for (Py_ssize_t place = 0; place < PySequence_Fast_GET_SIZE(stems); place++) {
        PyObject *count = PyDict_GetItemWithError(counts, PySequence_Fast_GET_ITEM(stems, place));
        found[place] = count == NULL ? 0.0 : PyFloat_AsDouble(count);
        if (PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

PyObject *counts(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array found;
    if (!takes_arguments("counts", num_args, 3) || take(args[2], &found, sizeof(double), PyBUF_WRITABLE, "found") < 0) {
        return NULL;
    }
    int status = -1;
    PyObject *stems = PySequence_Fast(args[1], "counts takes a sequence of stems");
    if (stems != NULL && PyDict_Check(args[0]) && PySequence_Fast_GET_SIZE(stems) == found.length) {
        status = counts_into(args[0], stems, found.view.buf);
    } else if (stems != NULL) {
        PyErr_SetString(PyExc_ValueError, "counts takes a dictionary, stems, and a place for each of them");
    }
    Py_XDECREF(stems);
    PyBuffer_Release(&found.view);
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *idf(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(double), sizeof(float), sizeof(double)};
    Array arrays[3];
    if (!takes_arguments("idf", num_args, 6)) {
        return NULL;
    }
    double prior = PyFloat_AsDouble(args[3]), num_reports = PyFloat_AsDouble(args[4]);
    double exponent = PyFloat_AsDouble(args[5]);
    if (PyErr_Occurred() || take_all(args, 3, "idf", arrays, 3, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (arrays[0].length != arrays[2].length || arrays[1].length != arrays[2].length) {
        result = no_room("idf");
    } else {
        const double *counted = arrays[0].view.buf;
        const float *backgrounds = arrays[1].view.buf;
        double *out = arrays[2].view.buf;
        for (Py_ssize_t place = 0; place < arrays[2].length; place++) {
            double share = (counted[place] + prior * (double)backgrounds[place]) / (num_reports + prior);
            out[place] = share > 0.0 && share < 1.0 ? pow(-log(share), exponent) : 0.0;
        }
        result = Py_NewRef(Py_None);
    }
    release_all(arrays, 3);
    return result;
}
