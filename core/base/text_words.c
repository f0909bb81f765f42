/* The service hone.text/1: words. Plain ASCII takes a table; everything else goes through utf8proc. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "core/base/text.h"

enum { BLANK, WORD, SYMBOL };

#define BASIS 0xcbf29ce484222325u
#define PRIME 0x100000001b3u

static uint64_t finish(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 29;
    return h ? h : 1;
}

static uint64_t hash_bytes(const void *bytes, int64_t len, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = BASIS ^ seed * 0x9e3779b97f4a7c15u;
    for (int64_t i = 0; i < len; i++)
        h = (h ^ p[i]) * PRIME;
    return finish(h);
}

#define IS_WORD 0x80
#define LOWER4(c) IS_WORD | (c), IS_WORD | (c + 1), IS_WORD | (c + 2), IS_WORD | (c + 3)
#define LETTERS LOWER4('a'), LOWER4('e'), LOWER4('i'), LOWER4('m'), LOWER4('q'), LOWER4('u'), IS_WORD | 'y', IS_WORD | 'z'

/* ASCII, folded; 0 for blanks, IS_WORD set for letters and digits. */
static const unsigned char fold[128] = {
    [0x21] = '!', '"', '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    LOWER4('0'), LOWER4('4'), IS_WORD | '8', IS_WORD | '9', ':', ';', '<', '=', '>', '?', '@',
    LETTERS, '[', '\\', ']', '^', '_', '`', LETTERS, '{', '|', '}', '~',
};

static int class_of(unsigned char c)
{
    return c >= 0x80 ? SYMBOL : !fold[c] ? BLANK : fold[c] & IS_WORD ? WORD : SYMBOL;
}

static int room_bytes(struct hone_words *w, int64_t need)
{
    if (need <= w->cap_bytes)
        return 0;
    char *p = realloc(w->bytes, (size_t)need * 2);
    if (!p)
        return HONE_ENOMEM;
    w->bytes = p;
    w->cap_bytes = need * 2;
    return 0;
}

static int room_words(struct hone_words *w)
{
    if (w->n + 2 <= w->cap_words)
        return 0;
    int64_t cap = w->cap_words ? w->cap_words * 2 : 64;
    int32_t *start = realloc(w->start, (size_t)cap * sizeof *start);
    if (!start)
        return HONE_ENOMEM;
    w->start = start;
    uint64_t *hash = realloc(w->hash, (size_t)cap * sizeof *hash);
    if (!hash)
        return HONE_ENOMEM;
    w->hash = hash;
    w->cap_words = cap;
    return 0;
}

/* Words of ASCII text. Bytes of w->bytes suffice. */
static int words_ascii(const unsigned char *s, int64_t len, struct hone_words *w)
{
    int64_t i = 0, at = 0;
    while (i < len) {
        unsigned char c = fold[s[i] & 0x7f];
        if (!c) {
            i++;
            continue;
        }
        if (room_words(w))
            return HONE_ENOMEM;
        uint64_t h = BASIS;
        w->start[w->n] = (int32_t)at;
        do {
            unsigned char b = c & 0x7f;
            w->bytes[at++] = (char)b;
            h = (h ^ b) * PRIME;
            i++;
        } while (c & IS_WORD && i < len && (c = fold[s[i] & 0x7f]) & IS_WORD);
        w->hash[w->n++] = finish(h);
        w->start[w->n] = (int32_t)at;
    }
    return 0;
}

/* Letters of scripts that put no blanks between words. */
static int alone(int32_t c)
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff)
           || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x323af) || (c >= 0x0e00 && c <= 0x0eff)
           || (c >= 0x1000 && c <= 0x109f) || (c >= 0x1780 && c <= 0x17ff);
}

static int class_of_point(int32_t c, int *mark)
{
    *mark = 0;
    if (c < 0x80)
        return class_of((unsigned char)c);
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        *mark = 1;
        return WORD;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return WORD;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
        return BLANK;
    default:
        return SYMBOL;
    }
}

/* Ends the word that began at `from`, if any. */
static int end_word(struct hone_words *w, int64_t from, int64_t at)
{
    if (at == from)
        return 0;
    if (room_words(w))
        return HONE_ENOMEM;
    w->start[w->n] = (int32_t)from;
    w->hash[w->n++] = hash_bytes(w->bytes + from, at - from, 0);
    w->start[w->n] = (int32_t)at;
    return 0;
}

/* Words of folded UTF-8. */
static int words_folded(const utf8proc_uint8_t *s, int64_t len, struct hone_words *w)
{
    int64_t at = 0, from = 0;
    int joins = 0; /* the word so far may go on */
    for (int64_t i = 0; i < len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(s + i, len - i, &c);
        int mark, class = n > 0 ? class_of_point(c, &mark) : BLANK;
        if (n <= 0) { /* not possible after folding */
            n = 1;
            mark = 0;
        }
        int extends = class == WORD && at > from && (mark || (joins && !alone(c)));
        if (!extends) {
            if (end_word(w, from, at))
                return HONE_ENOMEM;
            from = at;
        }
        if (class != BLANK) {
            memcpy(w->bytes + at, s + i, (size_t)n);
            at += n;
        }
        joins = class == WORD && (mark ? joins : !alone(c));
        i += n;
    }
    return end_word(w, from, at);
}

static int is_ascii(const char *s, int64_t n)
{
    uint64_t word, all = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, s + i, 8);
        all |= word;
    }
    for (; i < n; i++)
        all |= (unsigned char)s[i] & 0x80u;
    return !(all & 0x8080808080808080u);
}

static int words(const char *text, int64_t len, struct hone_words *w)
{
    utf8proc_uint8_t *folded = NULL;
    int ret = HONE_ENOMEM;
    w->n = 0;
    if (len > INT32_MAX / 20 || room_words(w) || room_bytes(w, len + 1))
        return HONE_ENOMEM;
    w->start[0] = 0;
    if (is_ascii(text, len)) {
        ret = words_ascii((const unsigned char *)text, len, w);
    } else {
        utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, len, &folded,
                                          UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD
                                              | UTF8PROC_IGNORE);
        if (n >= 0 && room_bytes(w, n + 1) == 0)
            ret = words_folded(folded, n, w);
        free(folded);
    }
    if (ret)
        w->n = 0;
    return ret;
}

static void words_free(struct hone_words *w)
{
    free(w->bytes);
    free(w->start);
    free(w->hash);
    *w = (struct hone_words){ 0 };
}

int64_t utf8_composed_length(const char *s, size_t n)
{
    utf8proc_uint8_t *form = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &form, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    int64_t points = len < 0 ? utf8_length(s, n) : utf8_length((const char *)form, (size_t)len);
    free(form);
    return points;
}

const struct hone_text_service text_service = {
    .struct_size = sizeof text_service, .words = words, .words_free = words_free, .hash = hash_bytes,
};
