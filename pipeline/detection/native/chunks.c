/* The table of chunks: an arena of records (length of the key, number of words, key, words), found by hash. */
#include "words.h"

#include <string.h>

enum { RECORD_HEAD = 2 };

int add_numbers(Numbers *numbers, const void *more, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint32_t *words = widened(numbers->words, &numbers->capacity, numbers->size + size, sizeof(uint32_t));
    if (words == NULL) {
        return -1;
    }
    numbers->words = words;
    /* Behind a key, whose length may be odd, they do not lie as numbers should. */
    memcpy(words + numbers->size, more, size * sizeof(uint32_t));
    numbers->size += size;
    return 0;
}

void look_for_slot(const Chunks *chunks, uint32_t hash) { LOOK_AHEAD(chunks->slots + (hash & chunks->mask)); }

void look_for_record(const Chunks *chunks, uint32_t hash)
{
    LOOK_AHEAD(chunks->arena + chunks->slots[hash & chunks->mask].at);
}

static Slot *slot_of(const Chunks *chunks, uint32_t hash, const uint8_t *key, size_t size)
{
    size_t place = hash & chunks->mask;
    for (; chunks->slots[place].at != 0; place = (place + 1) & chunks->mask) {
        if (chunks->slots[place].hash == hash) {
            const uint8_t *record = chunks->arena + chunks->slots[place].at;
            if (record[0] == size && memcmp(record + RECORD_HEAD, key, size) == 0) {
                break;
            }
        }
    }
    return &chunks->slots[place];
}

const uint8_t *find_chunk(const Chunks *chunks, uint32_t hash, const uint8_t *key, size_t size)
{
    const Slot *slot = slot_of(chunks, hash, key, size);
    return slot->at == 0 ? NULL : chunks->arena + slot->at;
}

int add_chunk(Numbers *numbers, const uint8_t *record)
{
    return add_numbers(numbers, record + RECORD_HEAD + record[0], record[1]);
}

/* Remember the words of a chunk; one of too many words, or beyond four gigabytes, is not remembered. */
int keep_chunk(Chunks *chunks, uint32_t hash, const uint8_t *key, size_t size, const uint32_t *words, size_t num_words)
{
    size_t needed = RECORD_HEAD + size + num_words * sizeof(uint32_t);
    if (num_words > MOST_CHUNK_WORDS || chunks->size + needed > UINT32_MAX) {
        return 0;
    }
    if (is_full((size_t)chunks->num_chunks, chunks->mask) && double_slots(&chunks->slots, &chunks->mask) < 0) {
        return -1;
    }
    uint8_t *arena = widened(chunks->arena, &chunks->capacity, chunks->size + needed, 1);
    if (arena == NULL) {
        return -1;
    }
    chunks->arena = arena;
    *slot_of(chunks, hash, key, size) = (Slot){hash, (uint32_t)chunks->size};
    uint8_t *record = chunks->arena + chunks->size;
    record[0] = (uint8_t)size;
    record[1] = (uint8_t)num_words;
    memcpy(record + RECORD_HEAD, key, size);
    if (num_words > 0) {
        memcpy(record + RECORD_HEAD + size, words, num_words * sizeof(uint32_t));
    }
    chunks->size += needed;
    chunks->num_chunks++;
    return 0;
}

int chunks_begin(Chunks *chunks)
{
    chunks->mask = FEWEST_SLOTS - 1;
    chunks->size = 1; /* no record lies at 0 */
    chunks->slots = PyMem_Calloc(FEWEST_SLOTS, sizeof(Slot));
    if (chunks->slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

void chunks_end(Chunks *chunks)
{
    PyMem_Free(chunks->slots);
    PyMem_Free(chunks->arena);
}
