/* Sparse vectors: bytes objects that hold terms, the hash of each in the upper half of 64 bits and its weight's bits in
   the lower. So a vector lies in one piece, what it is and what is in it. */
#include "native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint64_t *terms;
    Py_ssize_t length;
} Vector;

/* Look into a vector, which stays as it is while its owner does. */
static int look_into(PyObject *object, Vector *vector)
{
    if (!PyBytes_Check(object) || PyBytes_GET_SIZE(object) % sizeof(uint64_t) != 0) {
        PyErr_SetString(PyExc_ValueError, "a vector takes bytes, eight for each of its terms");
        return -1;
    }
    *vector = (Vector){(const uint64_t *)PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object) / sizeof(uint64_t)};
    return 0;
}

static PyObject *make_vector(Py_ssize_t most_terms)
{
    return PyBytes_FromStringAndSize(NULL, most_terms * sizeof(uint64_t));
}

static uint64_t *terms_in(PyObject *vector) { return (uint64_t *)PyBytes_AS_STRING(vector); }

/* Cut a vector that nobody else has seen to its first terms. */
static PyObject *cut(PyObject *vector, Py_ssize_t num_terms)
{
    _PyBytes_Resize(&vector, num_terms * sizeof(uint64_t));
    return vector;
}

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

/* Scale weights to length 1; gives how many terms have any weight. */
static Py_ssize_t unit(const uint32_t *ids, const double *weights, Py_ssize_t num_terms, uint64_t *out)
{
    double sum = 0.0;
    for (Py_ssize_t place = 0; place < num_terms; place++) {
        sum += weights[place] * weights[place];
    }
    double length = sum > 0.0 ? sqrt(sum) : 1.0;
    Py_ssize_t size = 0;
    for (Py_ssize_t place = 0; place < num_terms; place++) {
        float weight = (float)(weights[place] / length);
        if (weight > 0.0f) {
            size = put(out, size, ids[place], weight);
        }
    }
    return size;
}

typedef struct {
    const Counts *live, *of_outlet; /* the latter may be none */
    double prior, num_live, exponent, num_of_outlet;
} Stream;

static double idf_of(const Stream *stream, uint32_t term, double background)
{
    double share = (count_of(stream->live, term) + stream->prior * background) / (stream->num_live + stream->prior);
    return share > 0.0 && share < 1.0 ? pow(-log(share), stream->exponent) : 0.0;
}

static int is_furniture(const Stream *stream, uint32_t term)
{
    return stream->of_outlet != NULL && 2.0 * count_of(stream->of_outlet, term) > stream->num_of_outlet;
}

static PyObject *weighed(const Array *terms, const Stream *stream)
{
    const uint32_t *ids = terms[0].view.buf;
    const uint16_t *weights = terms[1].view.buf, *backgrounds = terms[2].view.buf;
    Py_ssize_t num_terms = terms[0].length;
    if (terms[1].length != num_terms || terms[2].length != num_terms) {
        return no_room("weighted");
    }
    double *found = PyMem_Malloc(num_terms * sizeof(double) + 1);
    PyObject *vector = found == NULL ? PyErr_NoMemory() : make_vector(num_terms);
    if (vector != NULL) {
        look_for_counts(stream->live, ids, num_terms);
        for (Py_ssize_t place = 0; place < num_terms; place++) {
            found[place] = is_furniture(stream, ids[place])
                               ? 0.0
                               : idf_of(stream, ids[place], from_half(backgrounds[place])) * from_half(weights[place]);
        }
        vector = cut(vector, unit(ids, found, num_terms, terms_in(vector)));
    }
    PyMem_Free(found);
    return vector;
}

PyObject *weighted(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[] = {sizeof(uint32_t), sizeof(uint16_t), sizeof(uint16_t)};
    static const char *names[] = {"ids", "weights", "backgrounds"};
    Array terms[3];
    if (!takes_arguments("weighted", num_args, 9)) {
        return NULL;
    }
    Stream stream = {
        .live = as_counts(module, args[3]),
        .prior = PyFloat_AsDouble(args[4]),
        .num_live = PyFloat_AsDouble(args[5]),
        .exponent = PyFloat_AsDouble(args[6]),
        .of_outlet = args[7] == Py_None ? NULL : as_counts(module, args[7]),
        .num_of_outlet = PyFloat_AsDouble(args[8]),
    };
    if (PyErr_Occurred()) {
        return NULL;
    }
    for (int place = 0; place < 3; place++) {
        if (take(args[place], &terms[place], item_sizes[place], 0, names[place]) < 0) {
            release_all(terms, place);
            return NULL;
        }
    }
    PyObject *vector = weighed(terms, &stream);
    release_all(terms, 3);
    return vector;
}

/* The terms of a vector, each where its hash says or behind it; 0 where there is none. Most slots are free: most terms
   of another vector are seen at once not to be among them. */
typedef struct {
    uint64_t *slots;
    size_t mask;
} Table;

enum { SLOTS_A_TERM = 16 };

static int make_table(Table *table, const Vector *vector)
{
    size_t capacity = SLOTS_A_TERM;
    while (capacity < SLOTS_A_TERM * (size_t)vector->length) {
        capacity *= 2;
    }
    table->mask = capacity - 1;
    table->slots = PyMem_Calloc(capacity, sizeof(uint64_t));
    if (table->slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t place = 0; place < vector->length; place++) {
        uint64_t term = vector->terms[place];
        size_t slot = id_of(term) & table->mask;
        while (table->slots[slot] != 0) {
            slot = (slot + 1) & table->mask;
        }
        table->slots[slot] = term;
    }
    return 0;
}

/* The weight of a term, 0 where the vector has it not. */
static inline float look_up(const Table *table, uint32_t id)
{
    size_t slot = id & table->mask;
    while (table->slots[slot] != 0 && id_of(table->slots[slot]) != id) {
        slot = (slot + 1) & table->mask;
    }
    return weight_of(table->slots[slot]);
}

static double dot_of(const Table *table, const Vector *other)
{
    double sum = 0.0;
    for (Py_ssize_t place = 0; place < other->length; place++) {
        float weight = look_up(table, id_of(other->terms[place]));
        if (weight != 0.0f) {
            sum += (double)weight * (double)weight_of(other->terms[place]);
        }
    }
    return sum;
}

/* Look into each of a list or tuple of vectors, which lie far from each other: all of them are asked for before the
   first is read. Gives NULL where one is none. */
static Vector *look_into_all(PyObject *objects)
{
    PyObject **items = PySequence_Fast_ITEMS(objects);
    Py_ssize_t size = PySequence_Fast_GET_SIZE(objects);
    Vector *vectors = PyMem_Malloc(size * sizeof(Vector) + 1);
    if (vectors == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t place = 0; place < size; place++) {
        LOOK_AHEAD(items[place]);
    }
    for (Py_ssize_t place = 0; place < size; place++) {
        if (look_into(items[place], &vectors[place]) < 0) {
            PyMem_Free(vectors);
            return NULL;
        }
        look_ahead(vectors[place].terms, vectors[place].length * sizeof(uint64_t));
    }
    return vectors;
}

static PyObject *dots_of(const Table *table, PyObject *others)
{
    Py_ssize_t size = PySequence_Fast_GET_SIZE(others);
    Vector *vectors = look_into_all(others);
    PyObject *found = vectors == NULL ? NULL : PyList_New(size);
    for (Py_ssize_t place = 0; found != NULL && place < size; place++) {
        PyObject *product = PyFloat_FromDouble(dot_of(table, &vectors[place]));
        if (product == NULL) {
            Py_CLEAR(found);
        } else {
            PyList_SET_ITEM(found, place, product);
        }
    }
    PyMem_Free(vectors);
    return found;
}

PyObject *dots(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Vector vector;
    Table table;
    if (!takes_arguments("dots", num_args, 2) || look_into(args[0], &vector) < 0) {
        return NULL;
    }
    PyObject *found = NULL, *others = PySequence_Fast(args[1], "dots takes a sequence of vectors");
    if (others != NULL && make_table(&table, &vector) == 0) {
        found = dots_of(&table, others);
        PyMem_Free(table.slots);
    }
    Py_XDECREF(others);
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

static void multiply_and_enter(Register *entered, const Vector *vector, uint32_t owner, double *sums)
{
    for (Py_ssize_t place = 0; place < vector->length; place++) {
        uint64_t term = vector->terms[place];
        Heading *heading = heading_of(entered, id_of(term));
        float weight = weight_of(term);
        for (uint32_t at = heading->newest; at != 0; at = entered->entries[at - 1].older) {
            const Entry *entry = &entered->entries[at - 1];
            sums[entry->owner] += (double)weight * (double)entry->weight;
        }
        entered->entries[entered->num_entries++] = (Entry){weight, owner, heading->newest};
        *heading = (Heading){id_of(term), entered->num_entries};
    }
}

static int sum_across(const Vector *vectors, Py_ssize_t size, double *out)
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

static int sum_across_all(PyObject *objects, const Array *out)
{
    Py_ssize_t size = PySequence_Fast_GET_SIZE(objects);
    if (out->view.ndim != 2 || out->view.shape[0] != size || out->view.shape[1] != size) {
        no_room("sums_across");
        return -1;
    }
    Vector *vectors = look_into_all(objects);
    int status = vectors == NULL ? -1 : sum_across(vectors, size, out->view.buf);
    PyMem_Free(vectors);
    return status;
}

PyObject *sums_across(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array out;
    if (!takes_arguments("sums_across", num_args, 2) ||
        take(args[1], &out, sizeof(double), PyBUF_WRITABLE, "out") < 0) {
        return NULL;
    }
    PyObject *vectors = PySequence_Fast(args[0], "sums_across takes a sequence of vectors");
    int status = vectors == NULL ? -1 : sum_across_all(vectors, &out);
    Py_XDECREF(vectors);
    PyBuffer_Release(&out.view);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

typedef struct {
    double product;
    uint32_t id;
} Shared;

/* Find the terms of two vectors, and what each adds to their product, in the order of the terms. */
static Py_ssize_t intersect(const Vector *first, const Vector *second, Shared *out)
{
    const uint64_t *one = first->terms, *other = second->terms;
    const uint64_t *one_end = one + first->length, *other_end = other + second->length;
    Py_ssize_t size = 0;
    while (one < one_end && other < other_end) {
        if (id_of(*one) < id_of(*other)) {
            one++;
        } else if (id_of(*one) > id_of(*other)) {
            other++;
        } else {
            out[size++] = (Shared){(double)weight_of(*one) * (double)weight_of(*other), id_of(*one)};
            one++, other++;
        }
    }
    return size;
}

static int greatest_first(const void *first, const void *second)
{
    const Shared *one = first, *other = second;
    if (one->product != other->product) {
        return other->product > one->product ? 1 : -1;
    }
    return (one->id > other->id) - (one->id < other->id);
}

/* Where an id stands last. */
static PyObject *place_of(const Array *ids, uint32_t id)
{
    const uint32_t *at = ids->view.buf;
    Py_ssize_t place = ids->length - 1;
    while (place >= 0 && at[place] != id) {
        place--;
    }
    return place < 0 ? PyErr_Format(PyExc_ValueError,
                                    "heaviest_shared takes the ids of all that is shared, but %lu is none of them",
                                    (unsigned long)id)
                     : PyLong_FromSsize_t(place);
}

static PyObject *places_of(const Shared *shared, Py_ssize_t size, const Array *ids)
{
    PyObject *places = PyList_New(size);
    for (Py_ssize_t which = 0; places != NULL && which < size; which++) {
        PyObject *place = place_of(ids, shared[which].id);
        if (place == NULL) {
            Py_CLEAR(places);
        } else {
            PyList_SET_ITEM(places, which, place);
        }
    }
    return places;
}

static PyObject *places_of_heaviest(const Vector *first, const Vector *second, const Array *ids, Py_ssize_t most)
{
    Shared *shared = PyMem_Malloc(first->length * sizeof(Shared) + 1);
    if (shared == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t size = intersect(first, second, shared);
    qsort(shared, size, sizeof(Shared), greatest_first);
    PyObject *places = places_of(shared, size < most ? size : most > 0 ? most : 0, ids);
    PyMem_Free(shared);
    return places;
}

PyObject *heaviest_shared(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Vector first, second;
    Array ids;
    Py_ssize_t most = takes_arguments("heaviest_shared", num_args, 4) ? PyLong_AsSsize_t(args[3]) : -1;
    if (PyErr_Occurred() || look_into(args[0], &first) < 0 || look_into(args[1], &second) < 0 ||
        take(args[2], &ids, sizeof(uint32_t), 0, "ids") < 0) {
        return NULL;
    }
    PyObject *places = places_of_heaviest(&first, &second, &ids, most);
    PyBuffer_Release(&ids.view);
    return places;
}

/* Merge two vectors; where the second is taken away, what is left of a term stays only if it is more than nothing. */
static Py_ssize_t merge(const Vector *first, const Vector *second, float sign, uint64_t *out)
{
    const uint64_t *one = first->terms, *other = second->terms;
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
    Vector first, second;
    if (!takes_arguments(name, num_args, 2) || look_into(args[0], &first) < 0 || look_into(args[1], &second) < 0) {
        return NULL;
    }
    PyObject *vector = make_vector(first.length + second.length);
    return vector == NULL ? NULL : cut(vector, merge(&first, &second, sign, terms_in(vector)));
}

PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return merged(args, num_args, "add", 1.0f);
}

PyObject *subtract(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    return merged(args, num_args, "subtract", -1.0f);
}
