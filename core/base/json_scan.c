/* The pull scanner of json.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include "core/base/json.h"
#include "core/base/text.h"

/* What may come next. */
enum { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, COMMA_OR_END, DONE };

void json_scan_init(struct json_scan *s, const char *text, size_t len, int64_t line)
{
    *s = (struct json_scan){ .text = text, .len = len, .line = line, .state = VALUE, .last = JSON_NULL };
}

void json_scan_free(struct json_scan *s)
{
    buf_free(&s->scratch);
}

int64_t json_column(const struct json_scan *s)
{
    return utf8_length(s->text + s->line_start, s->start - s->line_start) + 1;
}

static enum json_token fail(struct json_scan *s, size_t at, const char *why)
{
    s->start = at < s->len ? at : s->len;
    s->why = why;
    return s->last = JSON_ERROR;
}

static void skip_blanks(struct json_scan *s)
{
    for (; s->pos < s->len; s->pos++) {
        char c = s->text[s->pos];
        if (c == '\n') {
            s->line++;
            s->line_start = s->pos + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* Index of the first byte from `at` on that ends a plain run: a quote, a backslash or a control; *wide is set when bytes above
 * ASCII were passed. */
static size_t plain_run(const char *t, size_t at, size_t len, int *wide)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; at + 16 <= len; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(t + at));
        __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned hit = (unsigned)_mm_movemask_epi8(stop), high = (unsigned)_mm_movemask_epi8(v);
        if (hit) {
            unsigned n = (unsigned)__builtin_ctz(hit);
            *wide |= (high & ((1u << n) - 1)) != 0;
            return at + n;
        }
        *wide |= high != 0;
    }
#endif
    for (; at < len; at++) {
        unsigned char c = (unsigned char)t[at];
        if (c == '"' || c == '\\' || c < 0x20)
            return at;
        *wide |= c >= 0x80;
    }
    return len;
}

/* Four hex digits at p, or -1. */
static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static void put_point(struct buf *b, unsigned c)
{
    char u[4];
    if (c < 0x80) {
        buf_putc(b, (char)c);
    } else if (c < 0x800) {
        u[0] = (char)(0xc0 | c >> 6);
        u[1] = (char)(0x80 | (c & 63));
        buf_add(b, u, 2);
    } else if (c < 0x10000) {
        u[0] = (char)(0xe0 | c >> 12);
        u[1] = (char)(0x80 | (c >> 6 & 63));
        u[2] = (char)(0x80 | (c & 63));
        buf_add(b, u, 3);
    } else {
        u[0] = (char)(0xf0 | c >> 18);
        u[1] = (char)(0x80 | (c >> 12 & 63));
        u[2] = (char)(0x80 | (c >> 6 & 63));
        u[3] = (char)(0x80 | (c & 63));
        buf_add(b, u, 4);
    }
}

/* Decodes the escape at `at` (the backslash) into scratch. Returns the place behind it, or 0 with *why. */
static size_t escape(struct json_scan *s, size_t at, const char **why)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *t = s->text, *p;
    *why = "a string ends in the middle of an escape";
    if (at + 1 >= s->len)
        return 0;
    if (t[at + 1] != 'u') {
        *why = "a backslash is followed by something that is no escape; expected one of \" \\ / b f n r t u";
        p = t[at + 1] ? strchr(from, t[at + 1]) : NULL;
        if (!p)
            return 0;
        buf_putc(&s->scratch, to[p - from]);
        return at + 2;
    }
    if (at + 6 > s->len)
        return 0;
    int c = hex4(t + at + 2);
    *why = "\\u is not followed by four hexadecimal digits";
    if (c < 0)
        return 0;
    *why = "\\u0000 (a NUL character) is not allowed";
    if (c == 0)
        return 0;
    *why = "half of a surrogate pair stands alone";
    if (c >= 0xdc00 && c <= 0xdfff)
        return 0;
    if (c < 0xd800 || c > 0xdbff) {
        put_point(&s->scratch, (unsigned)c);
        return at + 6;
    }
    int d = at + 12 <= s->len && t[at + 6] == '\\' && t[at + 7] == 'u' ? hex4(t + at + 8) : -1;
    if (d < 0xdc00 || d > 0xdfff)
        return 0;
    put_point(&s->scratch, 0x10000u + ((unsigned)(c - 0xd800) << 10) + (unsigned)(d - 0xdc00));
    return at + 12;
}

/* Scans the string whose opening quote is at s->pos. 0 or -1 after fail(). */
static int string(struct json_scan *s)
{
    size_t from = s->pos + 1, at = from;
    int wide = 0, escaped = 0;
    for (;;) {
        size_t end = plain_run(s->text, at, s->len, &wide);
        if (end >= s->len)
            return fail(s, s->pos, "a string is not closed by a quote before the end");
        if ((unsigned char)s->text[end] < 0x20)
            return fail(s, end, s->text[end] == '\n' ? "a string is not closed at the end of its line; a line break inside of "
                                                       "a string is written \\n"
                                                     : "a control character stands in a string; it is written as an escape");
        if (s->text[end] == '\\' && !escaped) {
            escaped = 1;
            buf_clear(&s->scratch);
            at = from;
        }
        if (escaped)
            buf_add(&s->scratch, s->text + at, end - at);
        at = end;
        if (s->text[end] == '"')
            break;
        const char *why;
        size_t next = escape(s, end, &why);
        if (!next)
            return fail(s, end, why);
        at = next;
    }
    if (wide) {
        size_t bad = utf8_invalid_at(s->text + from, at - from);
        if (bad < at - from)
            return fail(s, from + bad, "a byte is not valid UTF-8");
    }
    if (escaped && buf_oom(&s->scratch))
        return fail(s, s->pos, "memory ran out");
    s->str = escaped ? s->scratch.p : s->text + from;
    s->str_len = escaped ? s->scratch.n : at - from;
    s->pos = at + 1;
    return 0;
}

static int digits(const struct json_scan *s, size_t *at)
{
    size_t from = *at;
    while (*at < s->len && s->text[*at] >= '0' && s->text[*at] <= '9')
        ++*at;
    return *at > from;
}

static enum json_token number(struct json_scan *s)
{
    size_t from = s->pos, at = from, whole;
    int integer = 1;
    if (s->text[at] == '-')
        at++;
    whole = at;
    if (!digits(s, &at))
        return fail(s, from, "a minus sign is not followed by a digit");
    if (s->text[whole] == '0' && at > whole + 1)
        return fail(s, from, "a number begins with a superfluous 0");
    if (at < s->len && s->text[at] == '.') {
        integer = 0;
        at++;
        if (!digits(s, &at))
            return fail(s, from, "a decimal point is not followed by a digit");
    }
    if (at < s->len && (s->text[at] == 'e' || s->text[at] == 'E')) {
        integer = 0;
        at++;
        if (at < s->len && (s->text[at] == '+' || s->text[at] == '-'))
            at++;
        if (!digits(s, &at))
            return fail(s, from, "an exponent has no digit");
    }
    if (integer && at - whole <= 15) {
        int64_t v = 0;
        for (size_t i = whole; i < at; i++)
            v = v * 10 + (s->text[i] - '0');
        s->number = whole > from ? -(double)v : (double)v;
    } else {
        char small[64], *copy = at - from < sizeof small ? small : malloc(at - from + 1);
        if (!copy)
            return fail(s, from, "memory ran out");
        memcpy(copy, s->text + from, at - from);
        copy[at - from] = '\0';
        s->number = strtod(copy, NULL);
        if (copy != small)
            free(copy);
        if (!isfinite(s->number))
            return fail(s, from, "a number is too large for a double");
    }
    s->pos = at;
    return JSON_NUMBER;
}

static enum json_token word(struct json_scan *s, const char *w, enum json_token token)
{
    size_t n = strlen(w);
    if (s->len - s->pos < n || memcmp(s->text + s->pos, w, n) != 0)
        return fail(s, s->pos, "found a word that is not true, false or null; strings need double quotes");
    s->pos += n;
    return token;
}

/* After a complete value. */
static enum json_token completed(struct json_scan *s, enum json_token token)
{
    if (token == JSON_ERROR)
        return token;
    s->state = s->depth ? COMMA_OR_END : DONE;
    return s->last = token;
}

static enum json_token open_container(struct json_scan *s, enum json_token token)
{
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, s->pos, "values are nested more than 64 deep");
    s->stack[s->depth++] = token == JSON_OBJECT;
    s->state = token == JSON_OBJECT ? KEY_OR_END : VALUE_OR_END;
    s->pos++;
    return s->last = token;
}

static enum json_token close_container(struct json_scan *s, enum json_token token)
{
    s->depth--;
    s->pos++;
    return completed(s, token);
}

static enum json_token value(struct json_scan *s)
{
    char c = s->text[s->pos];
    switch (c) {
    case '{':
        return open_container(s, JSON_OBJECT);
    case '[':
        return open_container(s, JSON_ARRAY);
    case '"':
        return string(s) ? JSON_ERROR : completed(s, JSON_STRING);
    case 't':
        return completed(s, word(s, "true", JSON_TRUE));
    case 'f':
        return completed(s, word(s, "false", JSON_FALSE));
    case 'n':
        return completed(s, word(s, "null", JSON_NULL));
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return completed(s, number(s));
        if ((unsigned char)c == 0xef && s->pos == 0)
            return fail(s, s->pos, "the text begins with a byte order mark; remove it");
        return fail(s, s->pos, c == '\'' ? "found a single quote; strings need double quotes"
                               : c == 0  ? "found a NUL byte" : "expected a value");
    }
}

static enum json_token key(struct json_scan *s)
{
    if (s->text[s->pos] != '"')
        return fail(s, s->pos, "expected a key in double quotes");
    if (string(s))
        return JSON_ERROR;
    s->state = COLON;
    return s->last = JSON_KEY;
}

enum json_token json_next(struct json_scan *s)
{
    if (s->last == JSON_ERROR || (s->last == JSON_END && s->state == DONE))
        return s->last;
    skip_blanks(s);
    if (s->state == COLON) {
        if (s->pos >= s->len || s->text[s->pos] != ':')
            return fail(s, s->pos, "expected a colon after a key");
        s->pos++;
        s->state = VALUE;
        skip_blanks(s);
    }
    int inside = s->depth ? s->stack[s->depth - 1] : -1; /* 1 object, 0 array */
    if (s->state == COMMA_OR_END && s->pos < s->len && s->text[s->pos] == ',') {
        s->pos++;
        s->state = inside ? KEY : VALUE;
        skip_blanks(s);
    }
    s->start = s->pos;
    if (s->state == DONE)
        return s->pos < s->len ? fail(s, s->pos, "something follows after the end of the value") : (s->last = JSON_END);
    if (s->pos >= s->len)
        return fail(s, s->pos, s->depth ? "the text ends inside of an object or array" : "the text is empty");
    char c = s->text[s->pos];
    if (s->state != VALUE && s->state != KEY && c == (inside ? '}' : ']'))
        return close_container(s, inside ? JSON_OBJECT_END : JSON_ARRAY_END);
    if (s->state == COMMA_OR_END)
        return fail(s, s->pos, inside ? "expected a comma or } after a value" : "expected a comma or ] after a value");
    if (s->state == VALUE && (c == '}' || c == ']'))
        return fail(s, s->pos, "expected a value after a comma or colon");
    if (s->state == KEY && c == '}')
        return fail(s, s->pos, "expected a key after a comma");
    return s->state == KEY || s->state == KEY_OR_END ? key(s) : value(s);
}

int json_skip(struct json_scan *s, size_t *from, size_t *to)
{
    enum json_token t = s->last == JSON_KEY ? json_next(s) : s->last;
    size_t begin = s->start;
    if (t == JSON_OBJECT || t == JSON_ARRAY) {
        int depth = s->depth;
        while (s->depth >= depth)
            if (json_next(s) == JSON_ERROR)
                return -1;
    }
    if (s->last == JSON_ERROR)
        return -1;
    if (from)
        *from = begin;
    if (to)
        *to = s->pos;
    return 0;
}
