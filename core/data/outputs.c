/* Distinct outputs by number: a hash table over their texts. */
#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"
#include "core/data/examples.h"

static int grow_slots(struct outputs *o)
{
    int64_t n = o->n_slots ? o->n_slots * 2 : 1024;
    int32_t *slot = calloc((size_t)n, sizeof *slot);
    if (!slot)
        return -1;
    for (int64_t i = 0; i < o->n; i++) {
        uint64_t at = o->hash[i] & (uint64_t)(n - 1);
        while (slot[at])
            at = (at + 1) & (uint64_t)(n - 1);
        slot[at] = (int32_t)i + 1;
    }
    free(o->slot);
    o->slot = slot;
    o->n_slots = n;
    return 0;
}

static int grow_names(struct outputs *o)
{
    int64_t cap = o->cap ? o->cap * 2 : 256;
    struct hone_string *name = realloc(o->name, (size_t)cap * sizeof *name);
    if (!name)
        return -1;
    o->name = name;
    uint64_t *hash = realloc(o->hash, (size_t)cap * sizeof *hash);
    if (!hash)
        return -1;
    o->hash = hash;
    o->cap = cap;
    return 0;
}

int32_t outputs_find(struct outputs *o, const char *bytes, int64_t len, int add)
{
    uint64_t hash = text_service.hash(bytes, len, 0), at = 0;
    if (o->n_slots) {
        for (at = hash & (uint64_t)(o->n_slots - 1); o->slot[at]; at = (at + 1) & (uint64_t)(o->n_slots - 1)) {
            int32_t i = o->slot[at] - 1;
            if (o->hash[i] == hash && o->name[i].len == len && memcmp(o->name[i].bytes, bytes, (size_t)len) == 0)
                return i;
        }
    }
    if (!add)
        return -1;
    if (o->n >= INT32_MAX - 1 || (o->n == o->cap && grow_names(o)) || ((o->n + 1) * 2 > o->n_slots && grow_slots(o)))
        return -2;
    char *copy = arena_copy(&o->arena, bytes, (size_t)len);
    if (!copy)
        return -2;
    at = hash & (uint64_t)(o->n_slots - 1);
    while (o->slot[at])
        at = (at + 1) & (uint64_t)(o->n_slots - 1);
    o->name[o->n] = (struct hone_string){ copy, len };
    o->hash[o->n] = hash;
    o->slot[at] = (int32_t)++o->n;
    return (int32_t)o->n - 1;
}

void outputs_free(struct outputs *o)
{
    free(o->name);
    free(o->slot);
    free(o->hash);
    arena_free(&o->arena);
    *o = (struct outputs){ 0 };
}
