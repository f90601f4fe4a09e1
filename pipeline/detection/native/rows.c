/* Rows in blocks: space is taken and given back a block at a time, and what is there is never moved. */
#include "index.h"

enum { FEWEST_BLOCKS = 4 };

void begin_rows(Rows *rows, size_t width, uint64_t first)
{
    *rows = (Rows){.width = width, .first = first / ROWS_OF_BLOCK, .end = first / ROWS_OF_BLOCK};
}

static int widen_ring(Rows *rows)
{
    size_t size = rows->blocks == NULL ? FEWEST_BLOCKS : 2 * (rows->mask + 1);
    uint32_t **blocks = PyMem_Calloc(size, sizeof(uint32_t *));
    if (blocks == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint64_t block = rows->first; block < rows->end; block++) {
        blocks[block & (size - 1)] = rows->blocks[block & rows->mask];
    }
    PyMem_Free(rows->blocks);
    rows->blocks = blocks;
    rows->mask = size - 1;
    return 0;
}

int reach(Rows *rows, uint64_t number)
{
    if (number / ROWS_OF_BLOCK < rows->end) {
        return 0;
    }
    if ((rows->blocks == NULL || rows->end - rows->first > rows->mask) && widen_ring(rows) < 0) {
        return -1;
    }
    uint32_t *block = PyMem_Malloc(ROWS_OF_BLOCK * rows->width * sizeof(uint32_t));
    if (block == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    rows->blocks[rows->end++ & rows->mask] = block;
    return 0;
}

void let_go_before(Rows *rows, uint64_t number)
{
    while (rows->first < rows->end && rows->first < number / ROWS_OF_BLOCK) {
        PyMem_Free(rows->blocks[rows->first++ & rows->mask]);
    }
}

void let_go_from(Rows *rows, uint64_t number)
{
    while (rows->first < rows->end && (rows->end - 1) * ROWS_OF_BLOCK >= number) {
        PyMem_Free(rows->blocks[--rows->end & rows->mask]);
    }
}

void free_rows(Rows *rows)
{
    let_go_from(rows, 0);
    PyMem_Free(rows->blocks);
    rows->blocks = NULL;
}

size_t bytes_of_rows(const Rows *rows)
{
    size_t ring = rows->blocks == NULL ? 0 : (rows->mask + 1) * sizeof(uint32_t *);
    return ring + (size_t)(rows->end - rows->first) * ROWS_OF_BLOCK * rows->width * sizeof(uint32_t);
}
