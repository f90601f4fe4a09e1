/* The chains of a bucket index: entering, following, parting and joining them; index.h says what they are made of. */
#include "index.h"

/* The table grows where more than 7/4 live articles would come to a slot, and shrinks where less than one does. */
enum { MOST_LIVE = 7, OF_SLOTS = 4, FEWEST_BITS = 4, MOST_BITS = 29, SWEPT_AT_ONCE = 8 };

/* Cells */

static uint32_t link_mask(int bits) { return ((uint32_t)4 << bits) - 1; }

/* What lies above 30 bits of a key is shifted out. */
static uint32_t tag_of_key(uint32_t key, int bits) { return key >> bits << (bits + 2); }

static uint32_t tag_of_cell(uint32_t cell, int bits) { return cell >> (bits + 2); }

static uint32_t cell_of(uint32_t tag, uint64_t number, int bits)
{
    return tag << (bits + 2) | ((uint32_t)number & link_mask(bits));
}

static uint32_t nothing(const BucketIndex *index, int bits) { return cell_of(0, index->first - 1, bits); }

/* Slots */

typedef struct {
    uint32_t slot;
    int bits; /* of a key that name the slot */
} Place;

static inline Place place_of(const BucketIndex *index, uint32_t key)
{
    uint32_t half = (uint32_t)1 << index->bits, slot = key & (2 * half - 1);
    return (slot | half) < index->num_slots ? (Place){slot, index->bits + 1} : (Place){slot & (half - 1), index->bits};
}

int begin_slots(BucketIndex *index)
{
    index->bits = FEWEST_BITS;
    for (; index->num_slots < (uint32_t)1 << FEWEST_BITS; index->num_slots++) {
        if (reach(&index->heads, index->num_slots) < 0) {
            return -1;
        }
        uint32_t *heads = row_of(&index->heads, index->num_slots);
        for (size_t band = 0; band < index->heads.width; band++) {
            heads[band] = nothing(index, FEWEST_BITS);
        }
    }
    return 0;
}

/* Following */

static Walk walk_from(const BucketIndex *index, uint32_t *head, size_t band, int bits)
{
    return (Walk){.at = head, .offset = num_live(index), .band = (uint32_t)band, .link_mask = link_mask(bits)};
}

/* Go on to the article that a cell tells of; gives whether it is live. */
static inline int goes_on(const BucketIndex *index, Walk *walk, uint32_t cell)
{
    uint32_t distance = ((uint32_t)index->first + walk->offset - cell) & walk->link_mask;
    if (distance > walk->offset) {
        return 0;
    }
    walk->offset -= distance;
    walk->at = row_of(&index->articles, index->first + walk->offset) + walk->band;
    LOOK_AHEAD(walk->at);
    return 1;
}

Py_ssize_t collect(BucketIndex *index, const uint32_t *keys, uint32_t depth, uint32_t *found)
{
    Walk *walks = index->walks;
    size_t num_walks = index->heads.width;
    Py_ssize_t num_found = 0;
    for (size_t band = 0; band < num_walks; band++) {
        Place place = place_of(index, keys[band]);
        Walk *walk = &walks[band];
        *walk = walk_from(index, row_of(&index->heads, place.slot) + band, band, place.bits);
        LOOK_AHEAD(walk->at);
        walk->wanted = tag_of_key(keys[band], place.bits);
        walk->left = depth;
    }
    while (num_walks > 0) {
        size_t num_left = 0;
        for (size_t place = 0; place < num_walks; place++) {
            Walk walk = walks[place];
            uint32_t cell = *walk.at;
            if (!goes_on(index, &walk, cell)) {
                continue;
            }
            if ((cell ^ walk.wanted) <= walk.link_mask) {
                found[num_found++] = walk.offset;
                walk.left--;
            }
            if (walk.left > 0) {
                walks[num_left++] = walk;
            }
        }
        num_walks = num_left;
    }
    return num_found;
}

/* Growing and shrinking */

/* Part the chains of a slot in two by the lowest bit of their tags. */
static void part(BucketIndex *index, uint32_t *low, uint32_t *high)
{
    int bits = index->bits;
    size_t num_walks = index->heads.width;
    for (size_t band = 0; band < num_walks; band++) {
        index->walks[band] = walk_from(index, low + band, band, bits);
        index->ends[band][0] = low + band;
        index->ends[band][1] = high + band;
    }
    while (num_walks > 0) {
        size_t num_left = 0;
        for (size_t place = 0; place < num_walks; place++) {
            Walk walk = index->walks[place];
            uint32_t cell = *walk.at, tag = tag_of_cell(cell, bits), **ends = index->ends[walk.band];
            if (goes_on(index, &walk, cell)) {
                *ends[tag & 1] = cell_of(tag >> 1, index->first + walk.offset, bits + 1);
                ends[tag & 1] = walk.at;
                index->walks[num_left++] = walk;
            } else {
                *ends[0] = *ends[1] = nothing(index, bits + 1);
            }
        }
        num_walks = num_left;
    }
}

static int grow(BucketIndex *index)
{
    if (index->num_slots == (uint32_t)1 << MOST_BITS) {
        PyErr_SetString(PyExc_OverflowError, "an index holds at most 7 * 2**27 live articles");
        return -1;
    }
    if (reach(&index->heads, index->num_slots) < 0) {
        return -1;
    }
    uint32_t low = index->num_slots - ((uint32_t)1 << index->bits);
    part(index, row_of(&index->heads, low), row_of(&index->heads, index->num_slots));
    index->num_slots++;
    index->bits += index->num_slots == (uint32_t)2 << index->bits;
    return 0;
}

/* Join what was parted: always on with the newer of both. */
static void join(const BucketIndex *index, size_t band, uint32_t *low, uint32_t *high, int bits)
{
    Walk walks[] = {walk_from(index, low, band, bits + 1), walk_from(index, high, band, bits + 1)};
    uint32_t cells[] = {*low, *high}, *end = low;
    int live[] = {goes_on(index, &walks[0], cells[0]), goes_on(index, &walks[1], cells[1])};
    while (live[0] || live[1]) {
        int newer = live[1] && (!live[0] || walks[1].offset > walks[0].offset);
        uint32_t tag = tag_of_cell(cells[newer], bits + 1) << 1 | (uint32_t)newer;
        *end = cell_of(tag, index->first + walks[newer].offset, bits);
        end = walks[newer].at;
        cells[newer] = *end;
        live[newer] = goes_on(index, &walks[newer], cells[newer]);
    }
    *end = nothing(index, bits);
}

static void shrink(BucketIndex *index)
{
    index->num_slots--;
    index->bits -= index->num_slots < (uint32_t)1 << index->bits;
    uint32_t *high = row_of(&index->heads, index->num_slots);
    uint32_t *low = row_of(&index->heads, index->num_slots - ((uint32_t)1 << index->bits));
    for (size_t band = 0; band < index->heads.width; band++) {
        join(index, band, low + band, high + band, index->bits);
    }
    let_go_from(&index->heads, index->num_slots);
}

/* Numbers */

int make_room(BucketIndex *index)
{
    while (OF_SLOTS * ((uint64_t)num_live(index) + 1) > (uint64_t)MOST_LIVE * index->num_slots) {
        if (grow(index) < 0) {
            return -1;
        }
    }
    return reach(&index->articles, index->next);
}

void enter(BucketIndex *index, const uint32_t *keys)
{
    uint32_t *row = row_of(&index->articles, index->next);
    for (size_t band = 0; band < index->heads.width; band++) {
        Place place = place_of(index, keys[band]);
        uint32_t *head = row_of(&index->heads, place.slot) + band;
        row[band] = *head;
        *head = tag_of_key(keys[band], place.bits) | ((uint32_t)index->next & link_mask(place.bits));
    }
}

static void sweep(BucketIndex *index)
{
    uint32_t slot = index->swept < index->num_slots ? index->swept : 0;
    index->swept = slot + 1;
    int bits = place_of(index, slot).bits;
    uint32_t *heads = row_of(&index->heads, slot);
    uint32_t next = (uint32_t)index->next, live = num_live(index), mask = link_mask(bits), none = nothing(index, bits);
    for (size_t band = 0; band < index->heads.width; band++) {
        heads[band] = ((next - heads[band]) & mask) <= live ? heads[band] : none;
    }
}

void to_next_number(BucketIndex *index)
{
    index->next++;
    for (int times = 0; times < SWEPT_AT_ONCE; times++) {
        sweep(index);
    }
}

void forget_before(BucketIndex *index, uint64_t first)
{
    index->first = first;
    let_go_before(&index->articles, first);
    while (index->num_slots > (uint32_t)1 << FEWEST_BITS && num_live(index) < index->num_slots) {
        shrink(index);
    }
}
