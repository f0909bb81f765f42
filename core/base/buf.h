/* A growable byte string. Not a rope, not shared between threads. Used wherever text is put together. */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

/* Zero-initialised is an empty string. `oom` is sticky: once set, appends do nothing and buf_oom() tells. */
struct buf {
    char *p;       /* NUL-terminated, unless buf_room() was used since the last buf_str() */
    size_t n, cap; /* n does not count the NUL */
    int oom;
};

void buf_free(struct buf *b);                                  /* leaves b zeroed */
void buf_clear(struct buf *b);                                 /* n = 0, keeps the memory and clears oom */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for n more bytes and returns where they go (add to b->n yourself), or NULL with oom set. */
char *buf_room(struct buf *b, size_t n);
/* The text, "" when empty; NULL when memory ran out. Borrowed until the next call. */
const char *buf_str(struct buf *b);
/* Hands over the string (free with free()); b is zeroed. NULL when memory ran out. */
char *buf_take(struct buf *b);
int buf_oom(const struct buf *b);

/* A JSON string with its quotes; bytes must be valid UTF-8. */
void buf_json_string(struct buf *b, const char *s, size_t n);
/* The shortest decimal that reads back as the same double, in the C locale; null for NaN and infinities. */
void buf_json_double(struct buf *b, double v);

#endif
