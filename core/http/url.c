/* See url.h. */
#include <string.h>
#include "core/base/text.h"
#include "core/http/url.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XY" stands for, or -1. */
static int escaped(const char *s)
{
    int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);
    return low < 0 ? -1 : high * 16 + low;
}

int url_path(const char *raw, char *out, size_t size)
{
    size_t n = 0, segment = 0;
    if (*raw != '/')
        return -1;
    for (const char *s = raw; *s; s++) {
        int c = (unsigned char)*s;
        if (c == '%') {
            c = escaped(s);
            if (c == '/' || c < 0)
                return -1;
            s += 2;
        }
        if (c < 0x20 || c == 0x7f || c == '\\' || n + 1 >= size)
            return -1;
        if (c == '/' && n > 0) {
            size_t m = n - segment;
            if (m == 0 || (m <= 2 && memcmp(out + segment, "..", m) == 0))
                return -1;
        }
        out[n++] = (char)c;
        if (c == '/')
            segment = n;
    }
    size_t m = n - segment;
    if (m > 0 && m <= 2 && memcmp(out + segment, "..", m) == 0)
        return -1;
    out[n] = '\0';
    return utf8_invalid_at(out, n) == n ? 0 : -1;
}

/* Decodes up to one of `stops`; -1 for a bad escape or what is not UTF-8. */
static int decode(const char **at, const char *stops, struct buf *out)
{
    const char *s = *at;
    buf_clear(out);
    for (; *s && !strchr(stops, *s); s++) {
        int c = *s == '+' ? ' ' : (unsigned char)*s;
        if (c == '%') {
            c = escaped(s);
            if (c <= 0)
                return -1;
            s += 2;
        }
        buf_putc(out, (char)c);
    }
    *at = s;
    const char *text = buf_str(out);
    return text && utf8_invalid_at(text, out->n) == out->n ? 0 : -1;
}

int url_query_next(const char **at, struct buf *name, struct buf *value)
{
    while (**at == '&')
        ++*at;
    if (!**at)
        return 0;
    if (decode(at, "=&", name) < 0)
        return -1;
    buf_clear(value);
    if (**at == '=') {
        ++*at;
        if (decode(at, "&", value) < 0)
            return -1;
    }
    return 1;
}
