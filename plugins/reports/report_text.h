/* Growing text, escaped for HTML and XML, and numbers: what formatters share. Included by each of them. */
#ifndef REPORTS_REPORT_TEXT_H
#define REPORTS_REPORT_TEXT_H
#include "hone/report.h"
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *s; /* NUL-terminated when n > 0 */
    size_t n, cap;
    int oom;
};

static inline void text_add(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        size_t cap = (t->n + n + 1) * 2 + 256;
        char *grown = realloc(t->s, cap);
        if (!grown) {
            t->oom = 1;
            return;
        }
        t->s = grown;
        t->cap = cap;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

static inline void text_puts(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

/* Of our own making only: what people wrote goes through text_escape(). At most 511 bytes. */
__attribute__((format(printf, 2, 3))) static inline void text_printf(struct text *t, const char *fmt, ...)
{
    char s[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    text_puts(t, s);
}

/* For element content and quoted attributes alike; controls that HTML does not allow become the replacement character. */
static inline void text_escape(struct text *t, const char *s)
{
    for (; s && *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '&')
            text_puts(t, "&amp;");
        else if (c == '<')
            text_puts(t, "&lt;");
        else if (c == '>')
            text_puts(t, "&gt;");
        else if (c == '"')
            text_puts(t, "&quot;");
        else if (c == '\'')
            text_puts(t, "&#39;");
        else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            text_puts(t, "\xef\xbf\xbd");
        else
            text_add(t, s, 1);
    }
}

static inline void text_real(struct text *t, double v, int digits)
{
    char s[64];
    if (!isfinite(v)) {
        text_puts(t, isnan(v) ? "\xe2\x80\x93" : v > 0 ? "infinite" : "-infinite");
        return;
    }
    double size = fabs(v);
    int decimals = size > 0 ? digits - 1 - (int)floor(log10(size)) : 0;
    if (size > 0 && (size < 1e-4 || size >= 1e15))
        snprintf(s, sizeof s, "%.*g", digits, v);
    else
        snprintf(s, sizeof s, "%.*f", decimals < 0 ? 0 : decimals, v);
    if (strchr(s, '.') && !strchr(s, 'e')) {
        size_t n = strlen(s);
        while (s[n - 1] == '0')
            n--;
        s[s[n - 1] == '.' ? n - 1 : n] = '\0';
    }
    text_puts(t, s);
}

/* The shortest decimal that reads back as the same double; nothing for what is not finite. */
static inline void text_shortest(struct text *t, double v)
{
    char s[40];
    if (!isfinite(v))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, v);
        double back = strtod(s, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    text_puts(t, s);
}

static inline const struct hone_field *field_at(const struct hone_record *r, uint32_t i)
{
    return (const struct hone_field *)(const void *)((const char *)r->fields + (size_t)i * r->field_size);
}

#endif
