/* The salient terms of an article: its words are joined to stems, weighed, and the most salient ones chosen. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

/* As pipeline.detection.vocabulary.WORD has it. */
typedef struct {
    uint32_t hash, stem; /* stem 0: too slight to be a term */
    double background, idf;
    uint8_t is_name, is_number;
} Word;

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
    const Word *table;
    PyObject *forms, *stems;        /* lists: how each word, and each stem, is written */
    uint32_t *form_at, *stem_at;    /* for each word, and each stem, its place below and one more; 0 if it has none */
    Form *found_forms;
    Stem *found_stems;
    Py_ssize_t num_forms, num_stems;
} Article;

static void count(Article *article, uint32_t number, uint32_t position, int in_title)
{
    const Word *word = &article->table[number];
    if (word->stem == 0) {
        return;
    }
    if (article->form_at[number] == 0) {
        article->found_forms[article->num_forms] = (Form){number, 0};
        article->form_at[number] = (uint32_t)++article->num_forms;
    }
    article->found_forms[article->form_at[number] - 1].num_times++;
    if (article->stem_at[word->stem] == 0) {
        article->found_stems[article->num_stems] = (Stem){
            .spelling = PyList_GET_ITEM(article->stems, word->stem),
            .stem = word->stem,
            .first = position,
            .idf = word->idf,
        };
        article->stem_at[word->stem] = (uint32_t)++article->num_stems;
    }
    Stem *stem = &article->found_stems[article->stem_at[word->stem] - 1];
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
        Stem *stem = &article->found_stems[article->stem_at[article->table[form->word].stem] - 1];
        PyObject *written = PyList_GET_ITEM(article->forms, form->word);
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

static int are_known(const Array *numbers, Py_ssize_t num_words)
{
    for (Py_ssize_t place = 0; place < numbers->length; place++) {
        int64_t number = ((const int64_t *)numbers->view.buf)[place];
        if (number < 0 || number >= num_words) {
            return 0;
        }
    }
    return 1;
}

static void read_words(Article *article, const Array *title, const Array *text)
{
    const int64_t *in_title = title->view.buf, *in_text = text->view.buf;
    for (Py_ssize_t place = 0; place < title->length; place++) {
        count(article, (uint32_t)in_title[place], (uint32_t)place, 1);
    }
    for (Py_ssize_t place = 0; place < text->length; place++) {
        count(article, (uint32_t)in_text[place], (uint32_t)(title->length + place), 0);
    }
    spell(article);
    for (Py_ssize_t place = 0; place < article->num_forms; place++) {
        article->form_at[article->found_forms[place].word] = 0;
    }
    for (Py_ssize_t place = 0; place < article->num_stems; place++) {
        article->stem_at[article->found_stems[place].stem] = 0;
    }
}

enum { TITLE, TEXT, TABLE, SETTINGS, FADING, FORM_AT, STEM_AT, WEIGHTS, BACKGROUNDS, NUM_ARRAYS };

static PyObject *salient_of(Array *arrays, PyObject *forms, PyObject *stems)
{
    Py_ssize_t size = arrays[TITLE].length + arrays[TEXT].length;
    Article article = {arrays[TABLE].view.buf, forms, stems, arrays[FORM_AT].view.buf, arrays[STEM_AT].view.buf,
                       PyMem_Malloc(size * sizeof(Form) + 1), PyMem_Malloc(size * sizeof(Stem) + 1), 0, 0};
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

PyObject *salient(PyObject *module, PyObject *const *args, Py_ssize_t num_args)
{
    static const int item_sizes[NUM_ARRAYS] = {8, 8, sizeof(Word), 8, 8, 4, 4, 4, 4};
    static const char *names[NUM_ARRAYS] = {"title",   "text",    "table",   "settings",   "fading",
                                            "form_at", "stem_at", "weights", "backgrounds"};
    Array arrays[NUM_ARRAYS];
    PyObject *result = NULL;
    if (!takes_arguments("salient", num_args, NUM_ARRAYS + 2)) {
        return NULL;
    }
    PyObject *forms = args[NUM_ARRAYS], *stems = args[NUM_ARRAYS + 1];
    int taken = 0;
    for (; taken < NUM_ARRAYS; taken++) {
        if (take(args[taken], &arrays[taken], item_sizes[taken], taken < FORM_AT ? 0 : PyBUF_WRITABLE, names[taken]) < 0) {
            release_all(arrays, taken);
            return NULL;
        }
    }
    Py_ssize_t num_words = PyList_Check(forms) ? PyList_GET_SIZE(forms) : -1;
    if (num_words < 0 || !PyList_Check(stems) || arrays[TABLE].length < num_words ||
        arrays[FORM_AT].length < num_words || arrays[STEM_AT].length < PyList_GET_SIZE(stems) ||
        arrays[SETTINGS].length != 5 || arrays[FADING].length < 1 ||
        arrays[WEIGHTS].length != arrays[BACKGROUNDS].length || !are_known(&arrays[TITLE], num_words) ||
        !are_known(&arrays[TEXT], num_words)) {
        result = no_room("salient");
    } else {
        result = salient_of(arrays, forms, stems);
    }
    release_all(arrays, taken);
    return result;
}
