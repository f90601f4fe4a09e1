/* The salient terms of an article: its words are joined to stems, weighed, and the most salient ones chosen. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t word, num_times;
} Form;

typedef struct {
    PyObject *spelling, *form;
    uint32_t stem, in_title, in_text, first, form_times;
    int64_t capitals;
    int is_number;
    double background, idf, weight, salience;
} Stem;

typedef struct {
    double title_weight, saturation, name_weight, number_weight, lead_weight;
} Settings;

typedef struct {
    Words *words;
    Form *found_forms;
    Stem *found_stems;
    Py_ssize_t num_forms, num_stems;
} Article;

static void count(Article *article, uint32_t number, uint32_t position, int in_title)
{
    const Word *word = &article->words->rows[number];
    if (word->stem == 0) {
        return;
    }
    if (article->words->form_at[number] == 0) {
        article->found_forms[article->num_forms] = (Form){number, 0};
        article->words->form_at[number] = (uint32_t)++article->num_forms;
    }
    article->found_forms[article->words->form_at[number] - 1].num_times++;
    if (article->words->stem_at[word->stem] == 0) {
        article->found_stems[article->num_stems] = (Stem){
            .spelling = PyList_GET_ITEM(article->words->stems, word->stem),
            .stem = word->stem,
            .first = position,
            .idf = word->idf,
        };
        article->words->stem_at[word->stem] = (uint32_t)++article->num_stems;
    }
    Stem *stem = &article->found_stems[article->words->stem_at[word->stem] - 1];
    *(in_title ? &stem->in_title : &stem->in_text) += 1;
    stem->capitals += word->is_name ? 1 : -1;
    stem->is_number |= word->is_number;
    stem->background = word->background > stem->background ? word->background : stem->background;
    stem->idf = word->idf < stem->idf ? word->idf : stem->idf;
}

/* A stem is written as the article mostly does, between equals as comes first in the alphabet. */
static void spell(Article *article)
{
    for (Py_ssize_t place = 0; place < article->num_forms; place++) {
        const Form *form = &article->found_forms[place];
        Stem *stem = &article->found_stems[article->words->stem_at[article->words->rows[form->word].stem] - 1];
        PyObject *written = PyList_GET_ITEM(article->words->forms, form->word);
        if (form->num_times > stem->form_times ||
            (form->num_times == stem->form_times && PyUnicode_Compare(written, stem->form) < 0)) {
            stem->form = written;
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
    stem->salience = stem->weight * stem->idf;
}

static int most_salient_first(const void *first, const void *second)
{
    const Stem *one = first, *other = second;
    if (one->salience != other->salience) {
        return one->salience > other->salience ? -1 : 1;
    }
    return PyUnicode_Compare(one->spelling, other->spelling);
}

static PyObject *chosen(const Article *article, const Array *weights, const Array *backgrounds)
{
    Py_ssize_t size = article->num_stems < weights->length ? article->num_stems : weights->length;
    PyObject *forms = PyTuple_New(size);
    for (Py_ssize_t place = 0; forms != NULL && place < size; place++) {
        const Stem *stem = &article->found_stems[place];
        ((float *)weights->view.buf)[place] = (float)stem->weight;
        ((float *)backgrounds->view.buf)[place] = (float)stem->background;
        PyTuple_SET_ITEM(forms, place, Py_NewRef(stem->form));
    }
    return forms;
}

static void read_words(Article *article, const Array *title, const Array *text)
{
    for (Py_ssize_t place = 0; place < title->length; place++) {
        count(article, number_at(title, place), (uint32_t)place, 1);
    }
    for (Py_ssize_t place = 0; place < text->length; place++) {
        count(article, number_at(text, place), (uint32_t)(title->length + place), 0);
    }
    spell(article);
    for (Py_ssize_t place = 0; place < article->num_forms; place++) {
        article->words->form_at[article->found_forms[place].word] = 0;
    }
    for (Py_ssize_t place = 0; place < article->num_stems; place++) {
        article->words->stem_at[article->found_stems[place].stem] = 0;
    }
}

enum { TITLE, TEXT, SETTINGS, FADING, WEIGHTS, BACKGROUNDS, NUM_ARRAYS };

static PyObject *salient_of(Words *words, const Array *arrays)
{
    Py_ssize_t size = arrays[TITLE].length + arrays[TEXT].length;
    Article article = {words, PyMem_Malloc(size * sizeof(Form) + 1), PyMem_Malloc(size * sizeof(Stem) + 1), 0, 0};
    PyObject *result = NULL;
    if (article.found_forms == NULL || article.found_stems == NULL) {
        PyErr_NoMemory();
    } else {
        read_words(&article, &arrays[TITLE], &arrays[TEXT]);
        for (Py_ssize_t place = 0; place < article.num_stems; place++) {
            weigh(&article.found_stems[place], arrays[SETTINGS].view.buf, &arrays[FADING]);
        }
        qsort(article.found_stems, article.num_stems, sizeof(Stem), most_salient_first);
        result = chosen(&article, &arrays[WEIGHTS], &arrays[BACKGROUNDS]);
    }
    PyMem_Free(article.found_forms);
    PyMem_Free(article.found_stems);
    return result;
}

PyObject *words_salient(PyObject *self, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[NUM_ARRAYS] = {1, 1, 8, 8, 4, 4};
    static const char *names[NUM_ARRAYS] = {"title", "text", "settings", "fading", "weights", "backgrounds"};
    Words *words = (Words *)self;
    Array arrays[NUM_ARRAYS];
    if (!takes_arguments("salient", num_args, NUM_ARRAYS)) {
        return NULL;
    }
    int taken = 0, status = 0;
    for (; status == 0 && taken < NUM_ARRAYS; taken += status == 0) {
        status = taken < SETTINGS ? take_numbers(words, args[taken], &arrays[taken])
                                  : take(args[taken], &arrays[taken], item_sizes[taken],
                                         taken < WEIGHTS ? 0 : PyBUF_WRITABLE, names[taken]);
    }
    PyObject *result = NULL;
    if (status == 0) {
        int fit = arrays[SETTINGS].length == 5 && arrays[FADING].length > 0 &&
                  arrays[WEIGHTS].length == arrays[BACKGROUNDS].length;
        result = fit ? salient_of(words, arrays) : no_room("salient");
    }
    release_all(arrays, taken);
    return result;
}
