/* Hashes, weighted sets, MinHash signatures and their buckets. */
#include "native.h"

#include <math.h>

/* Vectors of eight where the machine has them: which, is found out when the module is loaded. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

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

uint32_t hash_bytes(const uint8_t *at, size_t size)
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

PyObject *hash_words(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

/* Weighted sets */

/* Work out how much each term says; gives the most that any does. */
static double weigh(const uint16_t *weights, const uint16_t *backgrounds, Py_ssize_t size, double *saliences)
{
    double greatest = 0.0;
    for (Py_ssize_t place = 0; place < size; place++) {
        saliences[place] = from_half(weights[place]) * -log(from_half(backgrounds[place]));
        greatest = saliences[place] > greatest ? saliences[place] : greatest;
    }
    return greatest;
}

/* Repeat each term as its salience says, and at least once; gives how many that makes. */
static Py_ssize_t repeat(const uint32_t *ids, const double *saliences, Py_ssize_t size, double scale, uint32_t *out)
{
    Py_ssize_t end = 0;
    for (Py_ssize_t place = 0; place < size; place++) {
        double repeats = rint(saliences[place] * scale);
        for (uint32_t ordinal = 0; ordinal == 0 || (double)ordinal < repeats; ordinal++) {
            out[end++] = ids[place] + ordinal * 0x9E3779B1u;
        }
    }
    return end;
}

PyObject *elements(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint32_t), sizeof(uint16_t), sizeof(uint16_t), sizeof(uint32_t)};
    Array arrays[4];
    if (take_all(args, num_args, "elements", arrays, 4, item_sizes) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    Py_ssize_t size = arrays[0].length, most = size ? arrays[3].length / size : 1;
    double *saliences = PyMem_Malloc(size * sizeof(double) + 1);
    if (saliences == NULL) {
        PyErr_NoMemory();
    } else if (arrays[1].length != size || arrays[2].length != size || most < 1) {
        no_room("elements");
    } else {
        double greatest = weigh(arrays[1].view.buf, arrays[2].view.buf, size, saliences);
        double scale = greatest > 0.0 ? (double)most / greatest : 0.0;
        result = PyLong_FromSsize_t(repeat(arrays[0].view.buf, saliences, size, scale, arrays[3].view.buf));
    }
    PyMem_Free(saliences);
    release_all(arrays, 4);
    return result;
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

PyObject *signature(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
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

PyObject *shingles(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return combined(args, num_args, "shingles", 0);
}

PyObject *bucket_keys(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return combined(args, num_args, "bucket_keys", 1);
}
