/* Growing arrays and a hash table of 64-bit keys, on the host's allocator. For the text models of this folder. */
#ifndef MODELS_HASHES_H
#define MODELS_HASHES_H
#include <string.h>
#include "hone/abi.h"

/* Makes room for `need` elements of `size` bytes in *array (which holds *cap), keeping its content; new memory is zero.
 * 0 or HONE_ENOMEM with the array unchanged. */
static int grow_array(const struct hone_host *host, void *array, int64_t *cap, int64_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    int64_t n = *cap < 512 ? 1024 : *cap * 2;
    if (n < need)
        n = need;
    void **slot = array, *fresh = host->alloc(host, (size_t)n * size);
    if (!fresh)
        return HONE_ENOMEM;
    if (*slot)
        memcpy(fresh, *slot, (size_t)*cap * size);
    host->free(host, *slot);
    *slot = fresh;
    *cap = n;
    return 0;
}

struct hash_slot {
    uint64_t key; /* 0: empty */
    int32_t a;    /* what the table is for; -1 at first */
    union {
        int32_t b; /* -1 at first */
        float f;
    };
};

/* Open addressing, at most half full. */
struct hash_table {
    struct hash_slot *slot;
    int64_t cap, n;   /* cap is a power of two */
    uint64_t *filter; /* a bit for each key of a table that is complete, at about one bit in sixteen; or NULL */
    uint64_t bits;    /* of the filter, a power of two */
};

/* Starts to fetch a key's slot from memory. */
static inline void hash_prefetch(const struct hash_table *t, uint64_t key)
{
    if (t->cap)
        __builtin_prefetch(&t->slot[key & ((uint64_t)t->cap - 1)]);
}

/* The slot of a key, or NULL. */
static inline struct hash_slot *hash_find(const struct hash_table *t, uint64_t key)
{
    if (!t->cap)
        return NULL;
    uint64_t mask = (uint64_t)t->cap - 1;
    for (uint64_t i = key & mask; t->slot[i].key; i = (i + 1) & mask)
        if (t->slot[i].key == key)
            return &t->slot[i];
    return NULL;
}

static int hash_reserve(const struct hone_host *host, struct hash_table *t, int64_t keys)
{
    int64_t cap = t->cap ? t->cap : 1024;
    while (cap < keys * 2)
        cap *= 2;
    if (cap == t->cap)
        return 0;
    struct hash_slot *fresh = host->alloc(host, (size_t)cap * sizeof *fresh);
    if (!fresh)
        return HONE_ENOMEM;
    uint64_t mask = (uint64_t)cap - 1;
    for (int64_t j = 0; j < t->cap; j++) {
        if (!t->slot[j].key)
            continue;
        uint64_t i = t->slot[j].key & mask;
        while (fresh[i].key)
            i = (i + 1) & mask;
        fresh[i] = t->slot[j];
    }
    host->free(host, t->slot);
    t->slot = fresh;
    t->cap = cap;
    return 0;
}

/* The slot of a key, added with a = b = -1 when it is new; NULL when memory ran out. Valid until the next addition. */
static inline struct hash_slot *hash_add(const struct hone_host *host, struct hash_table *t, uint64_t key)
{
    if ((t->n + 1) * 2 > t->cap && hash_reserve(host, t, t->n + 1))
        return NULL;
    uint64_t mask = (uint64_t)t->cap - 1, i = key & mask;
    for (; t->slot[i].key; i = (i + 1) & mask)
        if (t->slot[i].key == key)
            return &t->slot[i];
    t->slot[i] = (struct hash_slot){ .key = key, .a = -1, .b = -1 };
    t->n++;
    return &t->slot[i];
}

/* Makes the filter of a table that gets no more keys. 0 or HONE_ENOMEM. */
static int hash_seal(const struct hone_host *host, struct hash_table *t)
{
    for (t->bits = 64; t->bits < 16 * (uint64_t)t->n;)
        t->bits *= 2;
    if (!(t->filter = host->alloc(host, (size_t)(t->bits / 8))))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < t->cap; i++) {
        uint64_t at = (t->slot[i].key >> 24) & (t->bits - 1);
        if (t->slot[i].key)
            t->filter[at / 64] |= UINT64_C(1) << (at % 64);
    }
    return 0;
}

/* 0 when the key is surely not in a sealed table. The filter is small enough to stay near the processor. */
static inline int hash_maybe(const struct hash_table *t, uint64_t key)
{
    uint64_t at = (key >> 24) & (t->bits - 1);
    return !t->filter || (t->filter[at / 64] >> (at % 64) & 1);
}

#endif
