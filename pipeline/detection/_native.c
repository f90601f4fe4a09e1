/* The inner loops of detection: each function does what its namesake in plain.py does, to the bit.
 *
 * plain.py says what each is for; tests compare the two. Arrays come as buffers (numpy's arrays are such), checked for
 * their item size and length, so that a wrong call raises ValueError and touches no foreign memory.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Vectors of eight where the machine has them: which, is found out when the module is loaded. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* Buffers */

typedef struct {
    Py_buffer view;
    Py_ssize_t length; /* in items */
} Array;

static int take(PyObject *object, Array *array, Py_ssize_t item_size, int flags, const char *name)
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

static int takes_arguments(const char *name, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", name, wanted, given);
        return 0;
    }
    return 1;
}

/* Sparse vectors: arrays of terms, the hash of each in the upper half of 64 bits and its weight's bits in the lower */

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

static void release_all(Array *arrays, int num_arrays)
{
    while (num_arrays-- > 0) {
        PyBuffer_Release(&arrays[num_arrays].view);
    }
}

/* Take some arrays of given item sizes, of which the last is written to. */
static int take_all(PyObject *const *args, Py_ssize_t num_args, const char *name, Array *arrays, int num_arrays,
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

static PyObject *no_room(const char *name)
{
    return PyErr_Format(PyExc_ValueError, "%s was given arrays whose lengths do not fit together", name);
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

static PyObject *unit(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

static PyObject *dots(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

static PyObject *products(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return merged(args, num_args, "add", 1.0f);
}

static PyObject *subtract(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

static PyObject *counts(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

static PyObject *idf(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

/* Weighted sets */

static Py_ssize_t repeat(const uint32_t *ids, const float *weights, const float *backgrounds, Py_ssize_t size, long most,
                         uint32_t *out)
{
    double greatest = 0.0;
    for (Py_ssize_t place = 0; place < size; place++) {
        double salience = (double)weights[place] * -log((double)backgrounds[place]);
        greatest = salience > greatest ? salience : greatest;
    }
    Py_ssize_t end = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        double salience = (double)weights[place] * -log((double)backgrounds[place]);
        double repeats = greatest > 0.0 ? rint(salience * ((double)most / greatest)) : 1.0;
        for (uint32_t ordinal = 0; ordinal == 0 || (double)ordinal < repeats; ordinal++) {
            out[end++] = ids[place] + ordinal * 0x9E3779B1u;
        }
    }
    return end;
}

static PyObject *elements(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint32_t), sizeof(float), sizeof(float), sizeof(uint32_t)};
    Array arrays[4];
    if (take_all(args, num_args, "elements", arrays, 4, item_sizes) < 0) {
        return NULL;
    }
    Py_ssize_t size = arrays[0].length, most = size ? arrays[3].length / size : 1;
    PyObject *result = arrays[1].length != size || arrays[2].length != size || most < 1
                           ? no_room("elements")
                           : PyLong_FromSsize_t(repeat(arrays[0].view.buf, arrays[1].view.buf, arrays[2].view.buf, size,
                                                       (long)most, arrays[3].view.buf));
    release_all(arrays, 4);
    return result;
}

/* Hashes */

static const uint32_t PRIMES[5] = {2654435761u, 2246822519u, 3266489917u, 668265263u, 374761393u};

static inline uint32_t rotated(uint32_t value, int bits) { return (value << bits) | (value >> (32 - bits)); }

static inline uint32_t word_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint32_t round_of(uint32_t lane, const uint8_t *at)
{
    return rotated(lane + word_at(at) * PRIMES[1], 13) * PRIMES[0];
}

/* XXH32 with seed 0. */
static uint32_t hash_bytes(const uint8_t *at, size_t size)
{
    const uint8_t *end = at + size;
    uint32_t hash = PRIMES[4];
    if (size >= 16) {
        uint32_t lanes[4] = {PRIMES[0] + PRIMES[1], PRIMES[1], 0, 0u - PRIMES[0]};
        for (; end - at >= 16; at += 16) {
            for (int lane = 0; lane < 4; lane++) {
                lanes[lane] = round_of(lanes[lane], at + 4 * lane);
            }
        }
        hash = rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
    }
    hash += (uint32_t)size;
    for (; end - at >= 4; at += 4) {
        hash = rotated(hash + word_at(at) * PRIMES[2], 17) * PRIMES[3];
    }
    for (; at < end; at++) {
        hash = rotated(hash + *at * PRIMES[4], 11) * PRIMES[0];
    }
    hash = (hash ^ hash >> 15) * PRIMES[1];
    hash = (hash ^ hash >> 13) * PRIMES[2];
    return hash ^ hash >> 16;
}

static int hash_object(PyObject *word, uint32_t *hash)
{
    if (PyBytes_Check(word)) {
        *hash = hash_bytes((const uint8_t *)PyBytes_AS_STRING(word), PyBytes_GET_SIZE(word));
        return 0;
    }
    Py_ssize_t size;
    const char *text = PyUnicode_Check(word) ? PyUnicode_AsUTF8AndSize(word, &size) : NULL;
    if (text != NULL) {
        *hash = hash_bytes((const uint8_t *)text, size);
        return 0;
    }
    PyErr_Clear();
    PyObject *encoded = PyUnicode_AsEncodedString(word, "utf-8", "surrogatepass");
    if (encoded == NULL) {
        return -1;
    }
    *hash = hash_bytes((const uint8_t *)PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded));
    Py_DECREF(encoded);
    return 0;
}

static PyObject *hash_words(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array hashes;
    if (!takes_arguments("hash_words", num_args, 2) ||
        take(args[1], &hashes, sizeof(uint32_t), PyBUF_WRITABLE, "hashes") < 0) {
        return NULL;
    }
    int status = -1;
    PyObject *words = PySequence_Fast(args[0], "hash_words takes a sequence of words");
    if (words != NULL && PySequence_Fast_GET_SIZE(words) == hashes.length) {
        status = 0;
        for (Py_ssize_t place = 0; status == 0 && place < hashes.length; place++) {
            status = hash_object(PySequence_Fast_GET_ITEM(words, place), (uint32_t *)hashes.view.buf + place);
        }
    } else if (words != NULL) {
        PyErr_SetString(PyExc_ValueError, "hash_words takes a place for each word");
    }
    Py_XDECREF(words);
    PyBuffer_Release(&hashes.view);
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* MinHash. Functions that WIDE makes several of call only what is inlined into each of them. */

static inline uint32_t mixed(uint32_t value)
{
    value = (value ^ value >> 16) * 0x85EBCA6Bu;
    value = (value ^ value >> 13) * 0xC2B2AE35u;
    return value ^ value >> 16;
}

WIDE static void mix_all(const uint32_t *restrict values, Py_ssize_t size, uint32_t *restrict out)
{
    for (Py_ssize_t place = 0; place < size; place++) {
        out[place] = mixed(values[place]);
    }
}

WIDE static void smallest(const uint32_t *restrict elements, Py_ssize_t size, const uint32_t *restrict factors,
                          const uint32_t *restrict offsets, Py_ssize_t num_perm, uint32_t *restrict out)
{
    for (Py_ssize_t perm = 0; perm < num_perm; perm++) {
        uint32_t factor = factors[perm], offset = offsets[perm], least = 0xFFFFFFFFu;
        for (Py_ssize_t place = 0; place < size; place++) {
            uint32_t permuted = elements[place] * factor + offset;
            least = permuted < least ? permuted : least;
        }
        out[perm] = least;
    }
}

static PyObject *signature(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint32_t), sizeof(uint32_t), sizeof(uint32_t), sizeof(uint32_t)};
    Array arrays[4];
    if (take_all(args, num_args, "signature", arrays, 4, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    uint32_t *elements = PyMem_Malloc(arrays[0].length * sizeof(uint32_t) + 1);
    if (elements == NULL) {
        PyErr_NoMemory();
    } else if (arrays[1].length != arrays[3].length || arrays[2].length != arrays[3].length) {
        result = no_room("signature");
    } else {
        mix_all(arrays[0].view.buf, arrays[0].length, elements);
        smallest(elements, arrays[0].length, arrays[1].view.buf, arrays[2].view.buf, arrays[3].length,
                 arrays[3].view.buf);
        result = Py_NewRef(Py_None);
    }
    PyMem_Free(elements);
    release_all(arrays, 4);
    return result;
}

/* Hash each run of `size` values: one run for each value from which one begins, or in bands, one after the other. */
static PyObject *combined(PyObject *const *args, Py_ssize_t num_args, const char *name, int in_bands)
{
    Array values, out;
    if (!takes_arguments(name, num_args, 3) || take(args[0], &values, sizeof(uint32_t), 0, "values") < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    Py_ssize_t size = PyLong_AsSsize_t(args[1]);
    if (PyErr_Occurred() || take(args[2], &out, sizeof(uint32_t), PyBUF_WRITABLE, "out") < 0) {
        goto done;
    }
    Py_ssize_t stride = in_bands ? size : 1;
    if (size < 1 || (out.length && (out.length - 1) * stride + size != values.length)) {
        PyErr_Format(PyExc_ValueError, "%s takes a place for each run of %zd of %zd values, not %zd", name, size,
                     values.length, out.length);
    } else {
        const uint32_t *from = values.view.buf;
        for (Py_ssize_t place = 0; place < out.length; place++) {
            uint32_t hash = 0;
            for (Py_ssize_t row = 0; row < size; row++) {
                hash = mixed(hash * 31u + from[place * stride + row]);
            }
            ((uint32_t *)out.view.buf)[place] = hash;
        }
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&out.view);
done:
    PyBuffer_Release(&values.view);
    return result;
}

static PyObject *shingles(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return combined(args, num_args, "shingles", 0);
}

static PyObject *bucket_keys(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return combined(args, num_args, "bucket_keys", 1);
}

/* The bucket index */

typedef struct {
    Array keys, older, newest, wanted;
    int num_taken;
    Py_ssize_t num_bands, capacity;
} Index;

static void release(Index *index)
{
    Array *arrays[] = {&index->keys, &index->older, &index->newest, &index->wanted};
    while (index->num_taken > 0) {
        PyBuffer_Release(&arrays[--index->num_taken]->view);
    }
}

static int take_index(PyObject *const *args, Index *index, int flags)
{
    static const char *names[] = {"keys", "older", "newest", "wanted"};
    Array *arrays[] = {&index->keys, &index->older, &index->newest, &index->wanted};
    for (index->num_taken = 0; index->num_taken < 4; index->num_taken++) {
        int each = index->num_taken;
        if (take(args[each], arrays[each], sizeof(uint32_t), each < 3 ? flags : 0, names[each]) < 0) {
            release(index);
            return -1;
        }
    }
    index->num_bands = index->wanted.length;
    index->capacity = index->num_bands ? index->keys.length / index->num_bands : 0;
    Py_ssize_t cells = index->num_bands * index->capacity;
    if (cells == 0 || (index->capacity & (index->capacity - 1)) || cells != index->keys.length ||
        cells != index->older.length || cells != index->newest.length) {
        PyErr_SetString(PyExc_ValueError, "the tables of an index have a power of two of rows, one cell for each band");
        release(index);
        return -1;
    }
    return 0;
}

static PyObject *enter(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Index index;
    if (!takes_arguments("enter", num_args, 5) || take_index(args, &index, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    long link = PyLong_AsLong(args[4]);
    if (PyErr_Occurred() || link < 0 || link > INT32_MAX) {
        release(&index);
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "link %ld is not of 31 bits", link);
    }
    size_t mask = index.capacity - 1, row = ((size_t)link & mask) * index.num_bands;
    uint32_t *keys = (uint32_t *)index.keys.view.buf + row;
    int32_t *older = (int32_t *)index.older.view.buf + row, *newest = index.newest.view.buf;
    const uint32_t *wanted = index.wanted.view.buf;
    for (Py_ssize_t band = 0; band < index.num_bands; band++, newest += index.capacity) {
        int32_t *slot = newest + (wanted[band] & mask);
        keys[band] = wanted[band];
        older[band] = *slot;
        *slot = (int32_t)link;
    }
    release(&index);
    Py_RETURN_NONE;
}

static int ascending(const void *first, const void *second)
{
    int32_t one = *(const int32_t *)first, other = *(const int32_t *)second;
    return (one > other) - (one < other);
}

static Py_ssize_t follow(const Index *index, int32_t first, long depth, int32_t *found)
{
    const uint32_t *keys = index->keys.view.buf, *wanted = index->wanted.view.buf;
    const int32_t *older = index->older.view.buf, *newest = index->newest.view.buf;
    size_t mask = index->capacity - 1;
    Py_ssize_t num_found = 0;
    for (Py_ssize_t band = 0; band < index->num_bands; band++, newest += index->capacity) {
        int32_t link = newest[wanted[band] & mask];
        for (long left = depth; link >= first && left > 0;) {
            size_t cell = ((size_t)link & mask) * index->num_bands + band;
            if (keys[cell] == wanted[band]) {
                found[num_found++] = link;
                left--;
            }
            link = older[cell];
        }
    }
    return num_found;
}

static PyObject *numbers_of(int32_t *links, Py_ssize_t num_links, long long origin)
{
    Py_ssize_t kept = 0;
    qsort(links, num_links, sizeof(int32_t), ascending);
    for (Py_ssize_t place = 0; place < num_links; place++) {
        if (kept == 0 || links[place] != links[kept - 1]) {
            links[kept++] = links[place];
        }
    }
    PyObject *numbers = PyList_New(kept);
    for (Py_ssize_t place = 0; numbers != NULL && place < kept; place++) {
        PyObject *number = PyLong_FromLongLong(origin + links[place]);
        if (number == NULL) {
            Py_CLEAR(numbers);
        } else {
            PyList_SET_ITEM(numbers, place, number);
        }
    }
    return numbers;
}

static PyObject *find(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Index index;
    if (!takes_arguments("find", num_args, 7) || take_index(args, &index, 0) < 0) {
        return NULL;
    }
    PyObject *numbers = NULL;
    long long first = PyLong_AsLongLong(args[4]), origin = PyLong_AsLongLong(args[5]);
    long depth = PyLong_AsLong(args[6]);
    if (!PyErr_Occurred() && (first < origin || first - origin > INT32_MAX || depth < 0)) {
        PyErr_SetString(PyExc_ValueError, "find takes a first number from its origin on, and a depth");
    }
    if (!PyErr_Occurred()) {
        depth = depth < index.capacity ? depth : index.capacity;
        int32_t *found = PyMem_Malloc((size_t)index.num_bands * depth * sizeof(int32_t) + 1);
        numbers = found == NULL ? PyErr_NoMemory()
                                : numbers_of(found, follow(&index, (int32_t)(first - origin), depth, found), origin);
        PyMem_Free(found);
    }
    release(&index);
    return numbers;
}

/* The table of chunks: an arena of records (length of the text, number of words, text, words), found by hash */

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
        if (make_room(words, num_words) == 0) {
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

static PyType_Spec chunks_spec = {
    "pipeline.detection._native.Chunks", sizeof(Chunks), 0, Py_TPFLAGS_DEFAULT, chunks_slots,
};

/* The module */

static int add_types(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &chunks_spec, NULL);
    int status = type == NULL ? -1 : PyModule_AddObjectRef(module, "Chunks", type);
    Py_XDECREF(type);
    return status;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

#define FUNCTION(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, NULL}

static PyMethodDef functions[] = {
    FUNCTION(unit),       FUNCTION(dots),      FUNCTION(products), FUNCTION(add),         FUNCTION(subtract), FUNCTION(counts),
    FUNCTION(idf), FUNCTION(elements),
    FUNCTION(hash_words), FUNCTION(signature), FUNCTION(shingles), FUNCTION(bucket_keys), FUNCTION(enter),    FUNCTION(find),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "The inner loops of detection, as plain.py does them.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
