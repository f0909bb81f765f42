/* Tokens of a text as hashes, and n-grams of them counted and matched: what metrics over texts are made of. A token may be a
 * character, a word, or whatever its maker cuts. 64-bit hashes make a chance meeting unlikely beyond concern. */
#ifndef METRICS_GRAMS_H
#define METRICS_GRAMS_H
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/metric.h"
#include "hone/text.h"

struct tokens {
    uint64_t *v;
    int64_t n;
};

/* Room for one token a byte. 0, or -1 without memory. */
static inline int tokens_room(struct tokens *t, const struct hone_string *s)
{
    t->n = 0;
    t->v = malloc(((size_t)s->len + 1) * sizeof *t->v);
    return t->v ? 0 : -1;
}

static inline uint64_t token_hash(const char *bytes, int64_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return hone_hash_pair(h, (uint64_t)n + 1);
}

static inline int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The code points, blanks left out when `visible`. */
static inline int tokens_characters(struct tokens *t, const struct hone_string *s, int visible)
{
    if (tokens_room(t, s) < 0)
        return -1;
    for (int64_t i = 0, next; i < s->len; i = next) {
        next = i + 1;
        while (next < s->len && ((unsigned char)s->bytes[next] & 0xc0) == 0x80)
            next++;
        if (!visible || !is_blank(s->bytes[i]))
            t->v[t->n++] = token_hash(s->bytes + i, next - i);
    }
    return 0;
}

/* What blanks part. */
static inline int tokens_blanks(struct tokens *t, const struct hone_string *s)
{
    if (tokens_room(t, s) < 0)
        return -1;
    for (int64_t i = 0, next; i < s->len; i = next + 1) {
        for (next = i; next < s->len && !is_blank(s->bytes[next]); next++)
            ;
        if (next > i)
            t->v[t->n++] = token_hash(s->bytes + i, next - i);
    }
    return 0;
}

/* Whether a word of the service is punctuation or a symbol: those come one a word. By the first code point; letters and digits lie
 * outside of these blocks (Unicode 15, Blocks.txt), but for three of Latin-1. */
static inline int is_mark(const char *word, int64_t len)
{
    static const uint32_t blocks[][2] = { { 0, 0x2f }, { 0x3a, 0x60 }, { 0x7b, 0xbf }, { 0xd7, 0xd7 }, { 0xf7, 0xf7 }, { 0x2010, 0x2bff }, { 0x3001, 0x3004 },
                                          { 0x3008, 0x3020 }, { 0x3030, 0x3030 }, { 0x303d, 0x303f }, { 0xfe10, 0xfe6f }, { 0x1f000, 0x1faff } };
    const unsigned char *s = (const unsigned char *)word;
    uint32_t c = s[0] < 0x80 ? s[0] : s[0] < 0xe0 ? s[0] & 0x1fu : s[0] < 0xf0 ? s[0] & 0x0fu : s[0] & 0x07u;
    for (int64_t i = 1; i < len && (s[i] & 0xc0) == 0x80; i++)
        c = c << 6 | (s[i] & 0x3fu);
    if (c == 0xaa || c == 0xb5 || c == 0xba)
        return 0;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (c >= blocks[i][0] && c <= blocks[i][1])
            return 1;
    }
    return 0;
}

/* Folded words of the host's service; punctuation and symbols are left out. */
static inline int tokens_words(struct tokens *t, const struct hone_string *s, const struct hone_text_service *service)
{
    struct hone_words w = { 0 };
    if (service->words(s->bytes, s->len, &w) < 0)
        return -1;
    t->n = 0;
    t->v = malloc(((size_t)w.n + 1) * sizeof *t->v);
    for (int64_t i = 0; t->v && i < w.n; i++) {
        if (!is_mark(w.bytes + w.start[i], w.start[i + 1] - w.start[i]))
            t->v[t->n++] = w.hash[i];
    }
    service->words_free(&w);
    return t->v ? 0 : -1;
}

static inline int grams_ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The n-grams of a text, sorted, into out[t->n]; their number. */
static inline int64_t grams_make(const struct tokens *t, int n, uint64_t *out)
{
    int64_t count = t->n - n + 1;
    for (int64_t i = 0; i < count; i++) {
        uint64_t h = (uint64_t)n;
        for (int k = 0; k < n; k++)
            h = hone_hash_pair(h, t->v[i + k]);
        out[i] = h;
    }
    if (count > 0)
        qsort(out, (size_t)count, sizeof *out, grams_ascending);
    return count > 0 ? count : 0;
}

struct grams {
    double matches, answer, expected; /* n-grams that both have (each as often as the lesser count), that one has */
};

/* Orders 1 .. orders. 0, or -1 without memory. */
static inline int grams_match(const struct tokens *answer, const struct tokens *expected, int orders, struct grams *g)
{
    uint64_t *a = malloc(((size_t)answer->n + 1) * sizeof *a), *b = malloc(((size_t)expected->n + 1) * sizeof *b);
    for (int n = 1; a && b && n <= orders; n++) {
        int64_t x = grams_make(answer, n, a), y = grams_make(expected, n, b), matches = 0;
        for (int64_t i = 0, k = 0; i < x && k < y;) {
            matches += a[i] == b[k];
            int step = a[i] <= b[k], other = b[k] <= a[i];
            i += step;
            k += other;
        }
        g[n - 1] = (struct grams){ (double)matches, (double)x, (double)y };
    }
    int rc = a && b ? 0 : -1;
    free(a);
    free(b);
    return rc;
}

/* Insertions, deletions and substitutions that turn one into the other (Levenshtein 1966); -1 without memory. */
static inline int64_t tokens_distance(const struct tokens *x, const struct tokens *y)
{
    const uint64_t *a = x->v, *b = y->v;
    int64_t n = x->n, m = y->n;
    while (n > 0 && m > 0 && a[n - 1] == b[m - 1]) {
        n--;
        m--;
    }
    while (n > 0 && m > 0 && *a == *b) {
        a++;
        b++;
        n--;
        m--;
    }
    int32_t *row = malloc(((size_t)m + 1) * sizeof *row);
    if (!row)
        return -1;
    for (int64_t k = 0; k <= m; k++)
        row[k] = (int32_t)k;
    for (int64_t i = 1; i <= n; i++) {
        int32_t diagonal = row[0];
        row[0] = (int32_t)i;
        for (int64_t k = 1; k <= m; k++) {
            int32_t best = diagonal + (a[i - 1] != b[k - 1]), up = row[k] + 1, left = row[k - 1] + 1;
            diagonal = row[k];
            best = up < best ? up : best;
            row[k] = left < best ? left : best;
        }
    }
    int64_t distance = row[m];
    free(row);
    return distance;
}

/* The length of the longest common subsequence; -1 without memory. */
static inline int64_t tokens_common(const struct tokens *x, const struct tokens *y)
{
    int32_t *row = calloc((size_t)y->n + 1, sizeof *row);
    if (!row)
        return -1;
    for (int64_t i = 0; i < x->n; i++) {
        int32_t diagonal = 0;
        for (int64_t k = 1; k <= y->n; k++) {
            int32_t up = row[k], left = row[k - 1];
            row[k] = x->v[i] == y->v[k - 1] ? diagonal + 1 : up > left ? up : left;
            diagonal = up;
        }
    }
    int64_t length = row[y->n];
    free(row);
    return length;
}

/* Row i of the columns that all of these metrics need: answer, expected. */
static const char *const text_needs[] __attribute__((unused)) = { "answer", "expected", NULL };

static inline const struct hone_string *text_of(const struct hone_scored *s, int column, int64_t i)
{
    return (const struct hone_string *)s->column[column].v + i;
}

#endif
