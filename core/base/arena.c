/* See arena.h. Blocks double up to a limit; the newest stands first and is the only one with room. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/arena.h"

#define FIRST_BLOCK ((size_t)64 << 10)
#define LARGEST_BLOCK ((size_t)8 << 20)

struct arena_block {
    struct arena_block *next;
    size_t cap, used;
    max_align_t bytes[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + 15) & ~(size_t)15;
    struct arena_block *b = a->head;
    if (need < n)
        return NULL;
    if (!b || b->cap - b->used < need) {
        size_t cap = b ? b->cap * 2 : FIRST_BLOCK;
        if (cap > LARGEST_BLOCK)
            cap = LARGEST_BLOCK;
        if (cap < need)
            cap = need;
        struct arena_block *fresh = malloc(sizeof *fresh + cap);
        if (!fresh)
            return NULL;
        fresh->next = b;
        fresh->cap = cap;
        fresh->used = 0;
        a->head = b = fresh;
    }
    void *p = (char *)b->bytes + b->used;
    b->used += need;
    a->used += need;
    return p;
}

char *arena_copy(struct arena *a, const void *bytes, size_t n)
{
    char *p = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);
    if (!p)
        return NULL;
    if (n)
        memcpy(p, bytes, n);
    p[n] = '\0';
    return p;
}

static void free_after(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->head)
        return;
    free_after(a->head->next);
    a->head->next = NULL;
    a->head->used = 0;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    free_after(a->head);
    *a = (struct arena){ 0 };
}
