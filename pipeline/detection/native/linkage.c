/* Average linkage: whether two groups of reports are one, and which of many belong together. */
#include "native.h"

#include <math.h>
#include <string.h>

/* As pipeline.detection.micro.Group has it. */
typedef struct {
    double num_reports, pair_sum, num_terms, crowding;
} Group;

/* As pipeline.detection.linkage.Settings has it. */
typedef struct {
    double cohesion_share, share_growth, most_share, short_share, prior_cohesion, prior_pairs, least_likeness;
    double crowd_factor, full_terms;
} Settings;

enum { NUM_SETTINGS = sizeof(Settings) / sizeof(double) };

static double greater(double one, double other) { return other > one ? other : one; }

static double cohesion_of(const Group *group, const Settings *settings)
{
    double num_pairs = group->num_reports * (group->num_reports - 1.0) / 2.0;
    double prior_sum = settings->prior_pairs * settings->prior_cohesion;
    return (group->pair_sum + prior_sum) / (num_pairs + settings->prior_pairs);
}

static double share_of(double num_reports, const Settings *settings)
{
    double share = settings->cohesion_share * pow(num_reports, settings->share_growth);
    return share < settings->most_share ? share : settings->most_share;
}

static int groups_are_one(double likeness, const Group *first, const Group *second, const Settings *settings)
{
    const Group *smaller = second->num_reports < first->num_reports ? second : first;
    const Group *larger = smaller == first ? second : first;
    double own = cohesion_of(larger, settings);
    if (smaller->num_reports > 1.0) {
        own = sqrt(own * cohesion_of(smaller, settings));
    }
    double num_reports = smaller->num_reports + larger->num_reports;
    double num_terms = (smaller->num_terms + larger->num_terms) / num_reports;
    double fullness = settings->short_share + (1.0 - settings->short_share) * num_terms / settings->full_terms;
    double crowding = (smaller->crowding + larger->crowding) / num_reports;
    double least = greater(settings->least_likeness, share_of(smaller->num_reports, settings) * fullness * own);
    return likeness >= greater(least, settings->crowd_factor * crowding);
}

static int read_group(PyObject *object, Group *group)
{
    if (!PyTuple_Check(object) || PyTuple_GET_SIZE(object) != 4) {
        PyErr_SetString(PyExc_ValueError, "a group takes a tuple of four numbers");
        return -1;
    }
    return PyArg_ParseTuple(object, "dddd", &group->num_reports, &group->pair_sum, &group->num_terms,
                            &group->crowding) ? 0 : -1;
}

static int take_settings(PyObject *object, Array *settings)
{
    if (take(object, settings, sizeof(double), 0, "settings") < 0) {
        return -1;
    }
    if (settings->length != NUM_SETTINGS) {
        PyErr_Format(PyExc_ValueError, "linkage takes %d settings, not %zd", (int)NUM_SETTINGS, settings->length);
        PyBuffer_Release(&settings->view);
        return -1;
    }
    return 0;
}

PyObject *are_one(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array settings;
    Group first, second;
    if (!takes_arguments("are_one", num_args, 4)) {
        return NULL;
    }
    double likeness = PyFloat_AsDouble(args[0]);
    if (PyErr_Occurred() || read_group(args[1], &first) < 0 || read_group(args[2], &second) < 0 ||
        take_settings(args[3], &settings) < 0) {
        return NULL;
    }
    PyObject *answer = PyBool_FromLong(groups_are_one(likeness, &first, &second, settings.view.buf));
    PyBuffer_Release(&settings.view);
    return answer;
}

/* Groups on their way together. A group's place is that of its first; only those above the diagonal are asked. */
typedef struct {
    Py_ssize_t size;
    Group *groups;
    Py_ssize_t *first_of;     /* for each place that of the first of its group */
    double *across, *likeness;
} Parting;

static void release(Parting *parting)
{
    PyMem_Free(parting->groups);
    PyMem_Free(parting->first_of);
    PyMem_Free(parting->across);
}

static int prepare(Parting *parting, const Array *across, PyObject *groups)
{
    Py_ssize_t size = parting->size;
    parting->groups = PyMem_Calloc(size + 1, sizeof(Group));
    parting->first_of = PyMem_Calloc(size + 1, sizeof(Py_ssize_t));
    parting->across = PyMem_Calloc(across->length + 1, 2 * sizeof(double));
    if (parting->groups == NULL || parting->first_of == NULL || parting->across == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    parting->likeness = parting->across + across->length;
    memcpy(parting->across, across->view.buf, across->length * sizeof(double));
    for (Py_ssize_t place = 0; place < size; place++) {
        parting->first_of[place] = place;
        if (read_group(PyTuple_GET_ITEM(groups, place), &parting->groups[place]) < 0) {
            return -1;
        }
    }
    return 0;
}

static double *cell(const Parting *parting, double *matrix, Py_ssize_t one, Py_ssize_t other)
{
    return one < other ? &matrix[one * parting->size + other] : &matrix[other * parting->size + one];
}

static void compare(Parting *parting, Py_ssize_t one, Py_ssize_t other)
{
    double num_pairs = parting->groups[one].num_reports * parting->groups[other].num_reports;
    *cell(parting, parting->likeness, one, other) = *cell(parting, parting->across, one, other) / num_pairs;
}

/* Find the two groups that are likest, of equals the first. */
static double likeliest(const Parting *parting, Py_ssize_t *first, Py_ssize_t *second)
{
    double best = -1.0;
    for (Py_ssize_t one = 0; one < parting->size; one++) {
        const double *row = parting->likeness + one * parting->size;
        for (Py_ssize_t other = one + 1; parting->first_of[one] == one && other < parting->size; other++) {
            if (row[other] > best) {
                best = row[other];
                *first = one;
                *second = other;
            }
        }
    }
    return best;
}

static void join(Parting *parting, Py_ssize_t first, Py_ssize_t second)
{
    Group *group = &parting->groups[first], *joined = &parting->groups[second];
    group->num_reports += joined->num_reports;
    group->pair_sum = group->pair_sum + joined->pair_sum + *cell(parting, parting->across, first, second);
    group->num_terms += joined->num_terms;
    group->crowding += joined->crowding;
    for (Py_ssize_t place = 0; place < parting->size; place++) {
        if (parting->first_of[place] == second) {
            parting->first_of[place] = first;
        }
    }
    for (Py_ssize_t place = 0; place < parting->size; place++) {
        if (place != second) {
            *cell(parting, parting->likeness, second, place) = -1.0;
        }
        if (place != first && parting->first_of[place] == place) {
            *cell(parting, parting->across, first, place) += *cell(parting, parting->across, second, place);
            compare(parting, first, place);
        }
    }
}

static void part(Parting *parting, const Settings *settings)
{
    for (Py_ssize_t one = 0; one < parting->size; one++) {
        for (Py_ssize_t other = one + 1; other < parting->size; other++) {
            compare(parting, one, other);
        }
    }
    Py_ssize_t first = 0, second = 0;
    for (double best; (best = likeliest(parting, &first, &second)) >= settings->least_likeness;) {
        if (groups_are_one(best, &parting->groups[first], &parting->groups[second], settings)) {
            join(parting, first, second);
        } else {
            *cell(parting, parting->likeness, first, second) = -1.0;
        }
    }
}

static PyObject *firsts(const Parting *parting)
{
    PyObject *found = PyList_New(parting->size);
    for (Py_ssize_t place = 0; found != NULL && place < parting->size; place++) {
        PyObject *first = PyLong_FromSsize_t(parting->first_of[place]);
        if (first == NULL) {
            Py_CLEAR(found);
        } else {
            PyList_SET_ITEM(found, place, first);
        }
    }
    return found;
}

static PyObject *partition_of(const Array *across, PyObject *groups, const Array *settings)
{
    Parting parting = {.size = PyTuple_GET_SIZE(groups)};
    PyObject *found = NULL;
    if (across->view.ndim != 2 || across->view.shape[0] != parting.size || across->view.shape[1] != parting.size) {
        return no_room("partition");
    }
    if (prepare(&parting, across, groups) == 0) {
        part(&parting, settings->view.buf);
        found = firsts(&parting);
    }
    release(&parting);
    return found;
}

PyObject *partition(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    Array across, settings;
    if (!takes_arguments("partition", num_args, 3) || take(args[0], &across, sizeof(double), 0, "across") < 0) {
        return NULL;
    }
    PyObject *found = NULL;
    if (take_settings(args[2], &settings) == 0) {
        PyObject *groups = PySequence_Tuple(args[1]);
        if (groups != NULL) {
            found = partition_of(&across, groups, &settings);
            Py_DECREF(groups);
        }
        PyBuffer_Release(&settings.view);
    }
    PyBuffer_Release(&across.view);
    return found;
}
