/* A bucket index: articles as rows of cells, and the chains that lead through them.

   An article is a row of cells, one for each band; so is a slot of the table, whose cells are the heads of chains, one
   for each band. Chains lead from new to old: each cell tells of the article that comes next, by its tag (the part of
   its bucket's key that the slot does not imply) and a link to it (the low bits of its number). With 2**b slots a tag
   has 30 - b bits and a link b + 2, so that both fill a cell; of a key the low 30 bits count.

   The table grows by one slot at a time, as in linear hashing (W. Litwin, 1980): of the slots that the low b bits of a
   key name, the first num_slots - 2**b are parted already by bit b. Parting a chain gives a bit of each tag to its
   link. Thus nothing is moved or copied, no key is needed again, and nothing hangs on how the table grew.

   Why links of b + 2 bits are enough for a slot that b bits name. A link is read as the newest number before that of
   its own row (for a head: before the next number) that ends in its bits; that is right while the distance is less
   than 4 * 2**b. There are less than 2 * 2**b slots, and at most 7/4 as many live articles.

   - What is written into a head is live, or NOTHING, the number before the first that is live: at most 3.5 * 2**b away.
     It moves away by one with each number, until the head is written anew or swept: then what is gone becomes NOTHING.
     With each number eight slots are swept, so each slot's turn comes within 2**b / 4 + 1 numbers. That makes at most
     3.75 * 2**b + 2, which is less than 4 * 2**b with FEWEST_BITS or more.
   - An article's row takes over what the heads told when it came, and there it stays as far away as it was. */
#ifndef WIREWATCH_INDEX_H
#define WIREWATCH_INDEX_H

#include "native.h"

/* Rows of equal width, numbered one after the other, in blocks; those at either end can be let go. */
typedef struct {
    uint32_t **blocks; /* a ring, found by the number of the block */
    size_t mask, width;
    uint64_t first, end; /* the blocks that are there */
} Rows;

enum { ROWS_OF_BLOCK = 32 };

static inline uint32_t *row_of(const Rows *rows, uint64_t number)
{
    return rows->blocks[number / ROWS_OF_BLOCK & rows->mask] + number % ROWS_OF_BLOCK * rows->width;
}

void begin_rows(Rows *rows, size_t width, uint64_t first);

/* Make room for the row that follows those that are there; on failure set MemoryError and return -1. */
int reach(Rows *rows, uint64_t number);

void let_go_before(Rows *rows, uint64_t number);
void let_go_from(Rows *rows, uint64_t number);
void free_rows(Rows *rows);
size_t bytes_of_rows(const Rows *rows);

/* On the way along the chain of a band. Chains are followed side by side, so that their cells come from memory at the
   same time. */
typedef struct {
    uint32_t *at;    /* the cell that tells what comes next */
    uint32_t offset; /* from the first live article to that in whose row the cell is */
    uint32_t band;
    uint32_t wanted, link_mask; /* a cell with the tag that is sought, and the bits of a link */
    uint32_t left;              /* so many more are taken */
} Walk;

typedef uint32_t *Ends[2]; /* the last cells of the two chains that one is parted into */

typedef struct {
    PyObject_HEAD
    Rows articles, heads;
    uint64_t first, next; /* the live articles */
    uint32_t num_slots, swept;
    int bits; /* 2**bits is at most num_slots, and 2**(bits + 1) more than that */
    Py_ssize_t depth;
    Walk *walks;     /* room to work in: one for each band ... */
    Ends *ends;      /* ... one for each band ... */
    uint32_t *tally; /* ... and one more than bands */
} BucketIndex;

/* On failure these set an error and return -1; look-ups find what they found before. */
int begin_slots(BucketIndex *index);
int make_room(BucketIndex *index);

/* Enter the article of the next number; room was made for it. */
void enter(BucketIndex *index, const uint32_t *keys);

/* Go on to the number after the next. */
void to_next_number(BucketIndex *index);

/* Let go of what is before a live number, or the next. */
void forget_before(BucketIndex *index, uint64_t first);

/* Find up to so many of the newest articles in each bucket: offsets from the first live article, in no order. */
Py_ssize_t collect(BucketIndex *index, const uint32_t *keys, uint32_t depth, uint32_t *found);

static inline uint32_t num_live(const BucketIndex *index) { return (uint32_t)(index->next - index->first); }

#endif
