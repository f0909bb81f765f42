/* The examples of a module as tokens, for generators that take texts apart and put new ones together: tokens keep their spelling and have a
 * type, which is their folded form. Not a plugin. Everything is made once and only read afterwards, so that any thread may use it. */
#ifndef GENERATORS_CORPUS_H
#define GENERATORS_CORPUS_H
#include <stdlib.h>
#include <string.h>
#include "hone/generator.h"
#include "hone/math.h"
#include "hone/text.h"

#define TOKEN_BEGIN 0 /* types that stand before and behind every text */
#define TOKEN_END 1
#define TEXT_TOKENS 64 /* of longer examples, generators look at so many */

struct token {
    const char *bytes;
    int32_t len, type;
    int32_t glued; /* no blank before it */
};

struct place {
    int64_t row;
    int32_t at;    /* of the row's tokens */
};

struct corpus {
    const struct hone_material *from;
    int64_t *start;            /* [n + 1] into token */
    struct token *token;
    int64_t types;
    struct token *spelling;    /* [types] as it is first written; nothing for the two marks */
    uint64_t *hash;            /* [types] */
    int64_t *place_start;      /* [types + 1] into place */
    struct place *place;       /* where a type occurs, in order of rows; of marks: nothing */
    int32_t *spread;           /* [types] outputs in whose examples it occurs */
    int64_t *row_start;        /* [outputs + 1] into row */
    int64_t *row;              /* examples by output */
    int32_t *slot;             /* hash table of types */
    int64_t slots;
};

/* ---- chance ---- */

struct dice {
    uint64_t seed, next;
};

static inline uint64_t dice_below(struct dice *d, int64_t n)
{
    return n > 1 ? hone_draw(d->seed, d->next++) % (uint64_t)n : 0;
}

static inline double dice_unit(struct dice *d)
{
    return (double)(hone_draw(d->seed, d->next++) >> 11) * 0x1p-53;
}

/* ---- a text under way ---- */

struct line {
    const struct token *token[2 * TEXT_TOKENS + 2];
    int64_t n;
    int64_t source[16], n_source;
};

static inline void line_source(struct line *l, int64_t row)
{
    for (int64_t i = 0; i < l->n_source; i++)
        if (l->source[i] == row)
            return;
    if (l->n_source < 16)
        l->source[l->n_source++] = row;
}

static inline void line_add(struct line *l, const struct token *t, int64_t n)
{
    for (int64_t i = 0; i < n && l->n < 2 * TEXT_TOKENS; i++)
        l->token[l->n++] = t + i;
}

/* The text; free(). *len gets its length. NULL when memory ran out. */
static inline char *line_text(const struct line *l, int64_t *len)
{
    size_t n = 0;
    for (int64_t i = 0; i < l->n; i++)
        n += (size_t)l->token[i]->len + 1;
    char *text = malloc(n + 1), *p = text;
    for (int64_t i = 0; text && i < l->n; i++) {
        if (i && !l->token[i]->glued)
            *p++ = ' ';
        memcpy(p, l->token[i]->bytes, (size_t)l->token[i]->len);
        p += l->token[i]->len;
    }
    *len = text ? p - text : 0;
    return text;
}

/* Proposes the line, unless it is empty. As add() returns. */
static inline int line_propose(const struct line *l, int32_t label, const char *method, struct hone_collector *to, struct hone_err *err)
{
    int64_t len;
    char *text = line_text(l, &len);
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    struct hone_proposal p = { .struct_size = sizeof p, .label = label, .input = { text, len }, .method = method, .source = l->source,
                               .n_source = l->n_source };
    int ret = len ? to->add(to, &p, err) : 0;
    free(text);
    return ret;
}

/* ---- cutting ---- */

static inline int byte_is_blank(unsigned char c)
{
    return c <= ' ' || c == 127;
}

/* Letters that stand alone in scripts without blanks, by their first two bytes at least: Thai and Lao, Myanmar, Khmer, kana, Han. */
static inline int point_is_alone(const unsigned char *s, int64_t n)
{
    uint32_t c = n > 2 && (s[0] & 0xf0) == 0xe0 ? (uint32_t)(s[0] & 15) << 12 | (uint32_t)(s[1] & 63) << 6 | (s[2] & 63)
                 : n > 3 && (s[0] & 0xf8) == 0xf0 ? (uint32_t)(s[0] & 7) << 18 | (uint32_t)(s[1] & 63) << 12 : 0;
    return (c >= 0xe00 && c < 0xf00) || (c >= 0x1000 && c < 0x10a0) || (c >= 0x1780 && c < 0x1800) || (c >= 0x3040 && c < 0x3100)
           || (c >= 0x3400 && c < 0xa000) || (c >= 0x20000 && c < 0x40000);
}

/* 0: part of a word; 1: stands alone. */
static inline int byte_is_mark(unsigned char c)
{
    return c < 128 && !byte_is_blank(c) && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') && c != '\'';
}

/* The token from `at` on, which is no blank: its length. */
static inline int64_t token_length(const char *text, int64_t at, int64_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    int64_t end = at + 1;
    int alone = byte_is_mark(s[at]) || point_is_alone(s + at, n - at);
    for (; end < n; end++) {
        if ((s[end] & 0xc0) == 0x80)
            continue;
        if (alone || byte_is_blank(s[end]) || byte_is_mark(s[end]) || point_is_alone(s + end, n - end))
            break;
    }
    return end - at;
}

/* Cuts one text; t may be NULL to count only. */
static inline int64_t text_cut(struct hone_string s, struct token *t)
{
    int64_t n = 0;
    int glued = 0;
    for (int64_t i = 0; i < s.len && n < TEXT_TOKENS;) {
        if (byte_is_blank((unsigned char)s.bytes[i])) {
            i++;
            glued = 0;
            continue;
        }
        int64_t len = token_length(s.bytes, i, s.len);
        if (t)
            t[n] = (struct token){ s.bytes + i, (int32_t)len, -1, glued };
        n++;
        i += len;
        glued = 1;
    }
    return n;
}

/* ---- making ---- */

static inline uint64_t type_hash(const struct hone_text_service *text, struct hone_words *w, const struct token *t, int *no_memory)
{
    uint64_t h = 1;
    if (text->words(t->bytes, t->len, w))
        *no_memory = 1;
    for (int64_t i = 0; i < w->n; i++)
        h = hone_hash_pair(h, w->hash[i]);
    return w->n ? h : text->hash(t->bytes, t->len, 5);
}

static inline int32_t type_find(struct corpus *c, uint64_t hash, const struct token *t)
{
    uint64_t at = hash;
    for (; c->slot[at & (uint64_t)(c->slots - 1)]; at++) {
        int32_t type = c->slot[at & (uint64_t)(c->slots - 1)] - 1;
        if (c->hash[type] == hash)
            return type;
    }
    int32_t type = (int32_t)c->types++;
    c->slot[at & (uint64_t)(c->slots - 1)] = type + 1;
    c->hash[type] = hash;
    c->spelling[type] = *t;
    c->spelling[type].type = type;
    return type;
}

static inline void corpus_free(struct corpus *c)
{
    free(c->start);
    free(c->token);
    free(c->spelling);
    free(c->hash);
    free(c->place_start);
    free(c->place);
    free(c->spread);
    free(c->row_start);
    free(c->row);
    free(c->slot);
    *c = (struct corpus){ 0 };
}

static inline int corpus_room(struct corpus *c, int64_t tokens)
{
    size_t n = (size_t)c->from->n, k = (size_t)c->from->outputs, all = (size_t)tokens + 2;
    for (c->slots = 16; c->slots < 2 * (int64_t)all;)
        c->slots *= 2;
    c->token = calloc(all, sizeof *c->token);
    c->spelling = calloc(all, sizeof *c->spelling);
    c->hash = calloc(all, sizeof *c->hash);
    c->place_start = calloc(all + 1, sizeof *c->place_start);
    c->place = calloc(all, sizeof *c->place);
    c->spread = calloc(all, sizeof *c->spread);
    c->row_start = calloc(k + 2, sizeof *c->row_start);
    c->row = calloc(n + 1, sizeof *c->row);
    c->slot = calloc((size_t)c->slots, sizeof *c->slot);
    return c->token && c->spelling && c->hash && c->place_start && c->place && c->spread && c->row_start && c->row && c->slot ? 0 : HONE_ENOMEM;
}

/* Examples by output, and types by place, each list in order of rows. */
static inline int corpus_index(struct corpus *c)
{
    const struct hone_material *m = c->from;
    int64_t *last = calloc((size_t)c->types + 1, sizeof *last);
    if (!last)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < m->n; i++)
        c->row_start[m->label[i] + 1]++;
    for (int64_t k = 0; k < m->outputs; k++)
        c->row_start[k + 1] += c->row_start[k];
    for (int64_t i = 0; i < c->start[m->n]; i++)
        c->place_start[c->token[i].type + 1]++;
    for (int64_t t = 0; t < c->types; t++)
        c->place_start[t + 1] += c->place_start[t];
    int64_t *at = calloc((size_t)(c->types > m->outputs ? c->types : m->outputs) + 1, sizeof *at);
    for (int64_t i = 0; at && i < m->n; i++)
        c->row[c->row_start[m->label[i]] + at[m->label[i]]++] = i;
    for (int64_t t = 0; at && t < c->types; t++)
        at[t] = 0;
    for (int64_t k = 0; at && k < m->outputs; k++)
        for (int64_t i = c->row_start[k]; i < c->row_start[k + 1]; i++)
            for (int64_t j = c->start[c->row[i]]; j < c->start[c->row[i] + 1]; j++) {
                int32_t t = c->token[j].type;
                c->spread[t] += last[t] != k + 1;
                last[t] = k + 1;
                c->place[c->place_start[t] + at[t]++] = (struct place){ c->row[i], (int32_t)(j - c->start[c->row[i]]) };
            }
    int ret = at ? 0 : HONE_ENOMEM;
    free(at);
    free(last);
    return ret;
}

/* Cuts all examples; `from` is borrowed. On failure c is empty. */
static inline int corpus_open(struct corpus *c, const struct hone_material *from, const struct hone_host *host, struct hone_err *err)
{
    const struct hone_text_service *text = host->get(host, "hone.text/1");
    struct hone_words w = { 0 };
    int no_memory = 0;
    *c = (struct corpus){ .from = from };
    if (!text)
        return hone_fail(err, HONE_ENOSYS, "the host does not offer hone.text/1");
    c->start = calloc((size_t)from->n + 1, sizeof *c->start);
    for (int64_t i = 0; c->start && i < from->n; i++)
        c->start[i + 1] = c->start[i] + text_cut(from->input[i], NULL);
    if (!c->start || corpus_room(c, c->start[from->n]))
        no_memory = 1;
    if (!no_memory) {
        type_find(c, 1, &(struct token){ .bytes = "" });
        type_find(c, 2, &(struct token){ .bytes = "" });
    }
    for (int64_t i = 0; i < from->n && !no_memory; i++) {
        struct token *t = c->token + c->start[i];
        text_cut(from->input[i], t);
        for (int64_t j = 0; j < c->start[i + 1] - c->start[i]; j++)
            t[j].type = type_find(c, type_hash(text, &w, t + j, &no_memory), t + j);
    }
    text->words_free(&w);
    if (no_memory || corpus_index(c)) {
        corpus_free(c);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld examples", (long long)from->n);
    }
    return 0;
}

/* ---- looking ---- */

static inline int64_t row_tokens(const struct corpus *c, int64_t row)
{
    return c->start[row + 1] - c->start[row];
}

/* The type of a row's token at `at`, which may lie just outside of the row. */
static inline int32_t type_at(const struct corpus *c, int64_t row, int64_t at)
{
    return at < 0 ? TOKEN_BEGIN : at >= row_tokens(c, row) ? TOKEN_END : c->token[c->start[row] + at].type;
}

static inline const struct token *tokens_of(const struct corpus *c, int64_t row)
{
    return c->token + c->start[row];
}

/* An example of the output, -1 when it has none. */
static inline int64_t draw_row(const struct corpus *c, struct dice *d, int32_t label)
{
    int64_t n = c->row_start[label + 1] - c->row_start[label];
    return n ? c->row[c->row_start[label] + (int64_t)dice_below(d, n)] : -1;
}

/* A place where the type stands; for the marks before the first and behind the last token of any row. Row -1: nowhere. */
static inline struct place draw_place(const struct corpus *c, struct dice *d, int32_t type)
{
    if (type == TOKEN_BEGIN || type == TOKEN_END) {
        int64_t row = c->from->n ? (int64_t)dice_below(d, c->from->n) : -1;
        return (struct place){ row, row < 0 || type == TOKEN_BEGIN ? -1 : (int32_t)row_tokens(c, row) };
    }
    int64_t n = c->place_start[type + 1] - c->place_start[type];
    return n ? c->place[c->place_start[type] + (int64_t)dice_below(d, n)] : (struct place){ -1, 0 };
}

#endif
