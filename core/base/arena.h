/* Memory that is released all at once. Used for texts of examples and for parsed records. Not thread safe. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

struct arena {
    struct arena_block *head;
    size_t used; /* bytes handed out, over all blocks */
};

/* 16-byte aligned, not zeroed; NULL when memory ran out (the arena is unchanged). Zero-initialised is empty. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy with a NUL behind it. */
char *arena_copy(struct arena *a, const void *bytes, size_t n);
/* Forgets everything, keeps the newest block for reuse. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
