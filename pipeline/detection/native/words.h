/* What the parts of the class Words share: its words, chunks and characters. */
#ifndef WIREWATCH_WORDS_H
#define WIREWATCH_WORDS_H

#include "native.h"

enum { LONGEST_CHUNK = 80, MOST_CHUNK_WORDS = 40, MOST_BYTES = 4 };

/* What `pipeline.detection.letters` says of a character; how it breaks words in the lowest bits. */
enum { UNKNOWN, LETTER, DIGIT, OTHER, MID_LETTER, MID_BOTH, MID_NUMBER, LOW_LINE, BREAKS = 7 };
enum { EDGE = 1 << 3, PLAIN = 1 << 4, APOSTROPHE = 1 << 5, VOWEL = 1 << 6, ELIDING = 1 << 7 };
enum { CAPITAL = 1 << 8, IN_NAME = 1 << 9, ODD = 1 << 10, JOINT = 1 << 11, BLANK = 1 << 12 };

enum { CLASSES, LOWER, TERM, NUM_LETTERS };

typedef struct {
    const uint16_t *classes, *lower, *term;
    Py_ssize_t size;
} Letters;

/* A term, of characters that the tables know. */
typedef struct {
    uint16_t letters[LONGEST_CHUNK];
    Py_ssize_t size;
    int is_number;
} Term;

/* Where the words of a chunk begin and end. */
typedef struct {
    uint8_t bounds[LONGEST_CHUNK][2];
    int size;
} Spans;

/* Numbers of words, as they come. */
typedef struct {
    uint32_t *words;
    size_t size, capacity;
} Numbers;

typedef struct {
    uint32_t hash;
    uint32_t at; /* place of what has this hash; 0 where there is none */
} Slot;

/* A string as UTF-8, half a surrogate pair as if it were a character. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} Utf8;

/* Strings by their numbers, and the other way. */
typedef struct {
    uint8_t *bytes; /* of all strings, one behind the other */
    uint32_t *ends; /* where each ends: there the next begins */
    size_t size, capacity, count, room;
    Slot *slots; /* `at`: the number and one more */
    size_t mask;
} Strings;

typedef struct {
    Slot *slots;
    size_t mask;
    Py_ssize_t num_chunks;
    uint8_t *arena;
    size_t size, capacity;
} Chunks;

/* What is known of a word: hash of its lower case and of its stem, and how common it is before any news. */
typedef struct {
    uint32_t hash, stem;
    double background, idf;
    uint8_t is_term, is_name, is_number;
    uint32_t at; /* where it is counted; 0 between two articles */
} Word;

typedef struct {
    PyObject_HEAD
    Chunks chunks;
    Word *rows;
    size_t capacity;
    Strings forms; /* how each word is written */
    PyObject *known, *cut, *describe;
    Array tables[NUM_LETTERS], shares; /* shares: the least of a word, by its length */
    Letters letters;
} Words;

enum { FEWEST_SLOTS = 1024 };

/* Whether so many slots are taken that one more makes them hard to find. */
static inline int is_full(size_t num_taken, size_t mask) { return 4 * num_taken > 3 * mask; }

/* Put what is in a table into one twice as large. */
int double_slots(Slot **slots, size_t *mask);

/* Numbers that are added need not lie as numbers should. */
int add_numbers(Numbers *numbers, const void *more, size_t size);

int strings_begin(Strings *strings);
void strings_end(Strings *strings);
Py_ssize_t find_string(const Strings *strings, Utf8 string); /* -1 of one that has no number */
Py_ssize_t add_string(Strings *strings, Utf8 string);        /* number one that has none; -1 where that failed */
Utf8 string_at(const Strings *strings, size_t number);
PyObject *object_of(Utf8 string);
int compare_strings(Utf8 one, Utf8 other); /* in the order of their characters */

/* Look ahead to where a string lies, and once that is there, to the string. */
void look_for_end(const Strings *strings, size_t number);
void look_for_string(const Strings *strings, size_t number);

int chunks_begin(Chunks *chunks);
void chunks_end(Chunks *chunks);

/* Look ahead to where a chunk would be found, and once that is there, to its record. */
void look_for_slot(const Chunks *chunks, uint32_t hash);
void look_for_record(const Chunks *chunks, uint32_t hash);

/* The words of a chunk that is known, as a record of their numbers; NULL of another. */
const uint8_t *find_chunk(const Chunks *chunks, uint32_t hash, const uint8_t *key, size_t size);
int add_chunk(Numbers *numbers, const uint8_t *record);
int keep_chunk(Chunks *chunks, uint32_t hash, const uint8_t *key, size_t size, const uint32_t *words, size_t num_words);

/* Take a hash of 32 bits from Python; of another number set OverflowError. */
int take_hash(PyObject *number, uint32_t *hash);

/* Take the tables of `pipeline.detection.letters`, to be given back by release_all. */
int take_letters(PyObject *tables, Array *arrays, Letters *letters);

size_t utf8_of(uint32_t character, uint8_t *at);
size_t write_letters(const uint16_t *letters, Py_ssize_t size, uint8_t *at); /* as UTF-8; gives the number of bytes */
uint32_t hash_letters(const uint16_t *letters, Py_ssize_t size);
Py_ssize_t stem_size(const Term *term);

/* Copy part of a text whose characters are all in the tables; its length, or -1 of another, or a long one. */
Py_ssize_t copy_known(PyObject *text, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t table_size, uint16_t *letters);

/* These give 0 of what the tables know too little of. */
int plain_lower(const Letters *letters, const uint16_t *word, Py_ssize_t size, uint16_t *lower);
int plain_term(const Letters *letters, const uint16_t *word, Py_ssize_t size, Term *term);
int plain_cut(const Letters *letters, const uint16_t *chunk, Py_ssize_t size, Spans *words);

/* Take an article's words, bytes of numbers that are all known, from their owner; of wrong ones set ValueError. */
int take_numbers(const Words *words, PyObject *object, Array *numbers);
uint32_t number_at(const Array *numbers, Py_ssize_t place);

PyObject *words_salient(PyObject *self, PyObject *const *args, Py_ssize_t num_args);

#endif
