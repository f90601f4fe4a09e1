/* The salient terms of an article: its words are joined to stems, weighed, and the most salient ones chosen. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* A word of the article, and the place of its stem below. */
typedef struct {
    uint32_t word, num_times;
    size_t stem;
} Form;

typedef struct {
    uint32_t hash, in_title, in_text, first, form, form_times;
    int64_t capitals;
    int is_number;
    double background, idf, weight;
} Stem;

/* What decides between stems. */
typedef struct {
    double salience;
    const Stem *stem;
} Rank;

typedef struct {
    double title_weight, saturation, name_weight, number_weight, lead_weight;
} Settings;

typedef struct {
    Words *words;
    Form *forms;
    Stem *stems;
    uint32_t *slots; /* by hash the place of a stem, and one more */
    size_t num_forms, num_stems, mask;
} Article;

static size_t find_stem(Article *article, const Word *word, uint32_t position)
{
    size_t slot = word->stem & article->mask;
    while (article->slots[slot] != 0 && article->stems[article->slots[slot] - 1].hash != word->stem) {
        slot = (slot + 1) & article->mask;
    }
    if (article->slots[slot] == 0) {
        article->stems[article->num_stems] = (Stem){.hash = word->stem, .first = position, .idf = word->idf};
        article->slots[slot] = (uint32_t)++article->num_stems;
    }
    return article->slots[slot] - 1;
}

/* Count a word that the article did not have so far; gives where. */
static uint32_t add_form(Article *article, uint32_t number, const Word *word, uint32_t position)
{
    size_t place = find_stem(article, word, position);
    article->forms[article->num_forms] = (Form){number, 0, place};
    Stem *stem = &article->stems[place];
    stem->is_number |= word->is_number;
    stem->background = word->background > stem->background ? word->background : stem->background;
    stem->idf = word->idf < stem->idf ? word->idf : stem->idf;
    return (uint32_t)++article->num_forms;
}

static void count(Article *article, uint32_t number, uint32_t position, int in_title)
{
    Word *word = &article->words->rows[number];
    if (!word->is_term) {
        return;
    }
    if (word->at == 0) {
        word->at = add_form(article, number, word, position);
    }
    Form *form = &article->forms[word->at - 1];
    Stem *stem = &article->stems[form->stem];
    form->num_times++;
    *(in_title ? &stem->in_title : &stem->in_text) += 1;
    stem->capitals += word->is_name ? 1 : -1;
}

static Utf8 written(const Article *article, uint32_t word)
{
    return string_at(&article->words->forms, word);
}

/* A stem is written as the article mostly does, between equals as comes first in the alphabet. */
static void spell(Article *article)
{
    for (size_t place = 0; place < article->num_forms; place++) {
        const Form *form = &article->forms[place];
        Stem *stem = &article->stems[form->stem];
        if (form->num_times > stem->form_times ||
            (form->num_times == stem->form_times &&
             compare_strings(written(article, form->word), written(article, stem->form)) < 0)) {
            stem->form = form->word;
            stem->form_times = form->num_times;
        }
    }
}

static void weigh(Stem *stem, const Settings *settings, const Array *fading)
{
    double counted = settings->title_weight * (double)stem->in_title + (double)stem->in_text;
    double saturated = counted + settings->saturation;
    Py_ssize_t first = (Py_ssize_t)stem->first < fading->length ? (Py_ssize_t)stem->first : fading->length - 1;
    stem->weight = saturated > 0.0 ? counted * (1.0 + settings->saturation) / saturated : 0.0;
    stem->weight *= stem->capitals > 0 ? 1.0 + settings->name_weight : 1.0;
    stem->weight *= stem->is_number ? settings->number_weight : 1.0;
    stem->weight *= 1.0 + settings->lead_weight * ((const double *)fading->view.buf)[first];
}

static int most_salient_first(const void *first, const void *second)
{
    const Rank *one = first, *other = second;
    if (one->salience != other->salience) {
        return one->salience > other->salience ? -1 : 1;
    }
    return (one->stem->hash > other->stem->hash) - (one->stem->hash < other->stem->hash);
}

enum { TITLE, TEXT, SETTINGS, FADING, IDS, WEIGHTS, BACKGROUNDS, NUM_ARRAYS };

static PyObject *chosen(const Article *article, const Rank *ranks, const Array *arrays)
{
    Py_ssize_t num_stems = (Py_ssize_t)article->num_stems, room = arrays[IDS].length;
    Py_ssize_t size = num_stems < room ? num_stems : room;
    const Strings *strings = &article->words->forms;
    for (Py_ssize_t place = 0; place < size; place++) {
        look_for_end(strings, ranks[place].stem->form);
    }
    for (Py_ssize_t place = 0; place < size; place++) {
        look_for_string(strings, ranks[place].stem->form);
    }
    PyObject *forms = PyTuple_New(size);
    for (Py_ssize_t place = 0; forms != NULL && place < size; place++) {
        const Stem *stem = ranks[place].stem;
        ((uint32_t *)arrays[IDS].view.buf)[place] = stem->hash;
        ((float *)arrays[WEIGHTS].view.buf)[place] = (float)stem->weight;
        ((float *)arrays[BACKGROUNDS].view.buf)[place] = (float)stem->background;
        PyObject *form = object_of(written(article, stem->form));
        if (form == NULL) {
            Py_CLEAR(forms);
        } else {
            PyTuple_SET_ITEM(forms, place, form);
        }
    }
    return forms;
}

static void read_words(Article *article, const Array *title, const Array *text)
{
    Words *words = article->words;
    for (Py_ssize_t place = 0; place < text->length; place++) {
        LOOK_AHEAD(words->rows + number_at(text, place));
    }
    for (Py_ssize_t place = 0; place < title->length; place++) {
        count(article, number_at(title, place), (uint32_t)place, 1);
    }
    for (Py_ssize_t place = 0; place < text->length; place++) {
        count(article, number_at(text, place), (uint32_t)(title->length + place), 0);
    }
    spell(article);
    for (size_t place = 0; place < article->num_forms; place++) {
        words->rows[article->forms[place].word].at = 0;
    }
}

static void rank(Article *article, const Settings *settings, const Array *fading, Rank *ranks)
{
    for (size_t place = 0; place < article->num_stems; place++) {
        Stem *stem = &article->stems[place];
        weigh(stem, settings, fading);
        ranks[place] = (Rank){stem->weight * stem->idf, stem};
    }
    qsort(ranks, article->num_stems, sizeof(Rank), most_salient_first);
}

static PyObject *salient_of(Words *words, const Array *arrays)
{
    Py_ssize_t size = arrays[TITLE].length + arrays[TEXT].length;
    size_t num_slots = 2;
    while (num_slots < 2 * (size_t)size) {
        num_slots *= 2;
    }
    Article article = {
        .words = words,
        .forms = PyMem_Malloc(size * sizeof(Form) + 1),
        .stems = PyMem_Malloc(size * sizeof(Stem) + 1),
        .slots = PyMem_Calloc(num_slots, sizeof(uint32_t)),
        .mask = num_slots - 1,
    };
    Rank *ranks = PyMem_Malloc(size * sizeof(Rank) + 1);
    PyObject *result = NULL;
    if (article.forms == NULL || article.stems == NULL || article.slots == NULL || ranks == NULL) {
        PyErr_NoMemory();
    } else {
        read_words(&article, &arrays[TITLE], &arrays[TEXT]);
        rank(&article, arrays[SETTINGS].view.buf, &arrays[FADING], ranks);
        result = chosen(&article, ranks, arrays);
    }
    PyMem_Free(article.forms);
    PyMem_Free(article.stems);
    PyMem_Free(article.slots);
    PyMem_Free(ranks);
    return result;
}

PyObject *words_salient(PyObject *self, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[NUM_ARRAYS] = {1, 1, 8, 8, 4, 4, 4};
    static const char *names[NUM_ARRAYS] = {"title", "text", "settings", "fading", "ids", "weights", "backgrounds"};
    Words *words = (Words *)self;
    Array arrays[NUM_ARRAYS];
    if (!takes_arguments("salient", num_args, NUM_ARRAYS)) {
        return NULL;
    }
    int taken = 0, status = 0;
    for (; status == 0 && taken < NUM_ARRAYS; taken += status == 0) {
        status = taken < SETTINGS ? take_numbers(words, args[taken], &arrays[taken])
                                  : take(args[taken], &arrays[taken], item_sizes[taken],
                                         taken < IDS ? 0 : PyBUF_WRITABLE, names[taken]);
    }
    PyObject *result = NULL;
    if (status == 0) {
        int fit = arrays[SETTINGS].length == 5 && arrays[FADING].length > 0 &&
                  arrays[IDS].length == arrays[WEIGHTS].length && arrays[IDS].length == arrays[BACKGROUNDS].length;
        result = fit ? salient_of(words, arrays) : no_room("salient");
    }
    release_all(arrays, taken);
    return result;
}
