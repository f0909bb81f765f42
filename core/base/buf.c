/* See buf.h. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->oom = 0;
    if (b->p)
        b->p[0] = '\0';
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->oom)
        return NULL;
    if (b->cap - b->n <= n || !b->p) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->n <= n && cap <= SIZE_MAX / 2)
            cap *= 2;
        char *p = cap - b->n > n ? realloc(b->p, cap) : NULL;
        if (!p) {
            b->oom = 1;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *to = buf_room(b, n);
    if (!to)
        return;
    if (n)
        memcpy(to, bytes, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *to = n < 0 ? NULL : buf_room(b, (size_t)n);
    if (!to) {
        b->oom = 1;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

const char *buf_str(struct buf *b)
{
    if (b->oom)
        return NULL;
    if (!b->p)
        return "";
    b->p[b->n] = '\0';
    return b->p;
}

char *buf_take(struct buf *b)
{
    char *p = NULL;
    if (!b->oom && buf_room(b, 0)) {
        p = b->p;
        p[b->n] = '\0';
        b->p = NULL;
    }
    buf_free(b);
    return p;
}

int buf_oom(const struct buf *b)
{
    return b->oom;
}

void buf_json_string(struct buf *b, const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;
    buf_putc(b, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(b, s + from, i - from);
        from = i + 1;
        char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
        const char *shorter = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r"
                              : c == '\t' ? "\\t" : NULL;
        if (shorter)
            buf_add(b, shorter, 2);
        else
            buf_add(b, escape, 6);
    }
    buf_add(b, s + from, n - from);
    buf_putc(b, '"');
}

/* Whole numbers and decimals of at most six places, as most numbers are: n / 10^6 is the double next to that decimal, so when it is v the
 * decimal reads back as v, and no shorter one does. 1, or 0 when v is something else. */
static int put_short(struct buf *b, double v)
{
    char text[32], *end = text + sizeof text, *p = end;
    if (fabs(v) >= 1e9 || (fabs(v) < 1e-4 && v != 0))
        return 0;
    int64_t n = llrint(v * 1e6);
    if ((double)n / 1e6 != v)
        return 0;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    int places = 6;
    for (; places > 0 && u % 10 == 0; places--)
        u /= 10;
    for (int i = 0; u > 0 || i <= places; i++, u /= 10) {
        if (i == places && places > 0)
            *--p = '.';
        *--p = (char)('0' + u % 10);
    }
    if (n < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(end - p));
    return 1;
}

void buf_json_double(struct buf *b, double v)
{
    char text[32];
    if (!isfinite(v)) {
        buf_puts(b, "null");
        return;
    }
    if (put_short(b, v))
        return;
    if (v == rint(v) && fabs(v) < 1e15) {
        buf_printf(b, "%.0f", v == 0 ? 0.0 : v);
        return;
    }
    /* Any decimal of 15 digits survives, but for denormals, which have fewer. */
    for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_puts(b, text);
}
