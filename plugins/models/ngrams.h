/* Texts as weighted n-grams: words, pairs of words (with marks for the start and the end of the text), and runs of
 * characters inside marked words. The features of the models linear and bow; not a model.
 *
 * A text becomes two kinds of pairs. A "direct" pair names a row of the table of features. A "word" pair names a known
 * word, which stands for all the character n-grams inside of it, so that a batch sums the n-grams of each distinct word
 * once. Index space: [0, rows) direct, [rows, rows + words) words.
 *
 * Weights: (1 + ln tf) idf with idf = ln((1 + n) / (1 + df)) + 1 (Salton & Buckley, 1988, "Term-weighting approaches in
 * automatic text retrieval"); by_output: n outputs and df of them with a text that has the feature, as a feature that many texts of
 * one output share is no common one (Lan et al., 2009, "Supervised and traditional term weighting methods"). The two blocks are brought to squared lengths `share` and 1 - share times scale^2 of their
 * own; the length of the character block is summed over the distinct words. */
#ifndef MODELS_NGRAMS_H
#define MODELS_NGRAMS_H
#include <math.h>
#include <stdlib.h>
#include "hashes.h"
#include "hone/math.h"
#include "hone/model.h"
#include "hone/text.h"

/* The setting `idf`. */
enum { NGRAMS_BY_TEXTS, NGRAMS_BY_OUTPUTS };
static const char *const ngrams_idf[] = { "texts", "outputs", NULL };
#define NGRAMS_IDF_ROW(C) \
    HONE_ROW_CHOICE(C, idf, HONE_P_STATE, NGRAMS_BY_TEXTS, ngrams_idf, \
                    "what a feature is rare among: the texts, or (without a base of weights) the outputs, which suits few rows")

struct ngrams {
    const struct hone_host *host;
    const struct hone_text_service *text;
    int64_t char_min, char_max, word_ngrams;
    double share, scale;
    int64_t texts;              /* that features were counted in, those of the models that this one started from too */
    int by_output;              /* fitting: idf counts the outputs that a feature occurs with instead of the texts */
    int64_t rows;               /* of the table: first word_rows words, then pairs up to unit_rows, then character n-grams */
    int64_t word_rows, unit_rows;
    uint64_t *row_hash;         /* [rows] */
    float *idf;                 /* [rows] */
    struct hash_table singles;  /* words; a: row or -1, b: known word or -1 */
    struct hash_table pairs;    /* a: row, f: idf */
    struct hash_table grams;    /* a: row, f: idf */
    int64_t words;              /* known words */
    char *word_bytes;           /* their folded texts, one after the other */
    uint64_t *word_hash;        /* [words] */
    int64_t *word_start;        /* [words + 1] into word_bytes */
    int64_t *gram_start;        /* [words + 1] into gram_row, gram_value */
    int32_t *gram_row;          /* rows of the word's n-grams, each once */
    float *gram_value;          /* their weights */
    float *word_square;         /* [words] sum of gram_value^2 */
};

#define NGRAMS_BEGIN 0x5bd1e9955bd1e995u /* stand for the words before the first and after the last one */
#define NGRAMS_END 0x27d4eb2f165667c5u
#define NGRAMS_KEY_WORD 1u               /* in keys of rows */
#define NGRAMS_KEY_PAIR 2u
#define NGRAMS_KEY_GRAM 3u
#define NGRAMS_MAX_WORD 256              /* bytes of a word that are looked at for character n-grams */

/* Calls for each character n-gram of <word>, with repeats: its hash goes to out[]. Returns how many; out has room for
 * (NGRAMS_MAX_WORD + 2) * (char_max - char_min + 1). */
static int64_t ngrams_of_word(const struct ngrams *g, const char *word, int64_t len, uint64_t *out)
{
    char b[NGRAMS_MAX_WORD + 2];
    int32_t at[NGRAMS_MAX_WORD + 3];
    int64_t points = 0, n = 0;
    if (len > NGRAMS_MAX_WORD) {
        len = NGRAMS_MAX_WORD;
        while (len > 0 && ((unsigned char)word[len] & 0xc0) == 0x80)
            len--;
    }
    b[0] = '<';
    memcpy(b + 1, word, (size_t)len);
    b[len + 1] = '>';
    for (int64_t i = 0; i < len + 2; i++)
        if (((unsigned char)b[i] & 0xc0) != 0x80)
            at[points++] = (int32_t)i;
    at[points] = (int32_t)len + 2;
    for (int64_t i = 0; i < points; i++) {
        uint64_t h = 0xcbf29ce484222325u;
        for (int64_t k = 1; k <= g->char_max && i + k <= points; k++) {
            for (int32_t j = at[i + k - 1]; j < at[i + k]; j++)
                h = (h ^ (unsigned char)b[j]) * 0x100000001b3u;
            if (k >= g->char_min)
                out[n++] = hone_hash_pair(h, (uint64_t)k);
        }
    }
    return n;
}

static int64_t ngrams_word_room(const struct ngrams *g)
{
    return (NGRAMS_MAX_WORD + 2) * (g->char_max - g->char_min + 1);
}

/* A text's distinct units (words, and pairs that may be known) with counts. */
struct ngrams_text {
    struct hone_words w;
    struct hash_table seen;      /* hash -> entry; emptied after each text through `entry` */
    struct ngrams_entry {
        uint64_t hash;
        int32_t count, word;     /* word: its first place among w's words, -1 for a pair */
    } *entry;
    uint64_t *pair;
    int64_t n, cap, cap_pair;
    uint64_t *gram_hash;         /* room for two words */
    int32_t *gram_count;         /* room for one */
};

static void ngrams_text_free(const struct ngrams *g, struct ngrams_text *t)
{
    g->text->words_free(&t->w);
    g->host->free(g->host, t->seen.slot);
    g->host->free(g->host, t->entry);
    g->host->free(g->host, t->pair);
    g->host->free(g->host, t->gram_hash);
    g->host->free(g->host, t->gram_count);
}

static inline void ngrams_count(const struct ngrams *g, struct ngrams_text *t, uint64_t hash, int32_t word)
{
    uint64_t mask = (uint64_t)t->seen.cap - 1, i = hash & mask;
    for (; t->seen.slot[i].key; i = (i + 1) & mask)
        if (t->seen.slot[i].key == hash) {
            t->entry[t->seen.slot[i].a].count++;
            return;
        }
    t->seen.slot[i].key = hash;
    t->seen.slot[i].a = (int32_t)t->n;
    t->entry[t->n++] = (struct ngrams_entry){ hash, 1, word };
    hash_prefetch(word >= 0 ? &g->singles : &g->pairs, hash); /* looked up when the whole text is cut */
}

/* The word pairs of the text that may be known go to t->pair; returns how many. Without branches, as which ones are known cannot
 * be foretold. */
static int64_t ngrams_pairs(const struct ngrams *g, struct ngrams_text *t)
{
    uint64_t before = NGRAMS_BEGIN;
    int64_t m = 0;
    for (int64_t i = 0; i <= t->w.n; i++) {
        uint64_t after = i < t->w.n ? t->w.hash[i] : NGRAMS_END, h = hone_hash_pair(before, after);
        t->pair[m] = h;
        m += hash_maybe(&g->pairs, h);
        before = after;
    }
    return m;
}

/* Fills t with the distinct units of one text. 0 or HONE_ENOMEM. */
static int ngrams_cut(const struct ngrams *g, const struct hone_string *s, struct ngrams_text *t)
{
    uint64_t mask = (uint64_t)t->seen.cap - 1;
    for (int64_t i = 0; i < t->n; i++) { /* empty the table: probe runs of this text only */
        uint64_t j = t->entry[i].hash & mask;
        while (t->seen.slot[j].key) {
            t->seen.slot[j].key = 0;
            j = (j + 1) & mask;
        }
    }
    t->n = 0;
    if (g->text->words(s->bytes, s->len, &t->w))
        return HONE_ENOMEM;
    int64_t most = 2 * t->w.n + 2;
    if (grow_array(g->host, &t->pair, &t->cap_pair, t->w.n + 1, sizeof *t->pair)
        || grow_array(g->host, &t->entry, &t->cap, most, sizeof *t->entry) || hash_reserve(g->host, &t->seen, most))
        return HONE_ENOMEM;
    if (!t->gram_hash && !(t->gram_hash = g->host->alloc(g->host, (size_t)ngrams_word_room(g) * 2 * sizeof(uint64_t))))
        return HONE_ENOMEM;
    if (!t->gram_count && !(t->gram_count = g->host->alloc(g->host, (size_t)ngrams_word_room(g) * sizeof(int32_t))))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < t->w.n; i++)
        ngrams_count(g, t, t->w.hash[i], (int32_t)i);
    int64_t pairs = g->word_ngrams >= 2 && t->w.n > 0 ? ngrams_pairs(g, t) : 0;
    for (int64_t i = 0; i < pairs; i++)
        ngrams_count(g, t, t->pair[i], -1);
    return 0;
}

/* Scratch of one encode() call. */
struct ngrams_out {
    struct ngrams_text text;
    int32_t *index;
    float *value;
    int64_t n, cap_index, cap_value;
};

static int ngrams_room(const struct ngrams *g, struct ngrams_out *o, int64_t more)
{
    return grow_array(g->host, &o->index, &o->cap_index, o->n + more, sizeof *o->index)
        || grow_array(g->host, &o->value, &o->cap_value, o->n + more, sizeof *o->value) ? HONE_ENOMEM : 0;
}

static inline float ngrams_tf(int32_t count)
{
    return count == 1 ? 1.0f : 1.0f + hone_logf((float)count);
}

static void ngrams_scale(struct ngrams_out *o, int64_t from, double square, double length)
{
    float f = square > 0 ? (float)(length / sqrt(square)) : 0;
    for (int64_t i = from; i < o->n; i++)
        o->value[i] *= f;
}

static int ngrams_by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Ascending. The lists of a word are short. */
static void ngrams_sort(uint64_t *v, int64_t n)
{
    if (n > 64) {
        qsort(v, (size_t)n, sizeof *v, ngrams_by_hash);
        return;
    }
    for (int64_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        int64_t j = i;
        for (; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
}

/* The n-grams of an unknown word whose slots are on their way from memory. */
struct ngrams_ahead {
    uint64_t *hash;
    int64_t n;
    float tf;
};

static void ngrams_look_ahead(const struct ngrams *g, const struct ngrams_text *t, int64_t place, float tf, struct ngrams_ahead *a)
{
    const struct hone_words *w = &t->w;
    int64_t n = ngrams_of_word(g, w->bytes + w->start[place], w->start[place + 1] - w->start[place], a->hash);
    a->tf = tf;
    a->n = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t h = a->hash[i];
        a->hash[a->n] = h;
        a->n += hash_maybe(&g->grams, h);
    }
    for (int64_t i = 0; i < a->n; i++)
        hash_prefetch(&g->grams, a->hash[i]);
}

#define NGRAMS_SCANNED 64

/* Where row `row` stands among the pairs of a word, which begin at `from`, or o->n. Long words are sorted; for short ones
 * *seen has a bit for each row's remainder, so that few rows are looked for. */
static inline int64_t ngrams_place(const struct ngrams_out *o, int64_t from, int32_t row, int sorted, uint64_t *seen)
{
    uint64_t bit = UINT64_C(1) << ((uint32_t)row % 64);
    if (sorted)
        return o->n > from && o->index[o->n - 1] == row ? o->n - 1 : o->n;
    if (!(*seen & bit)) {
        *seen |= bit;
        return o->n;
    }
    for (int64_t i = from; i < o->n; i++)
        if (o->index[i] == row)
            return i;
    return o->n;
}

/* Adds the n-grams as direct pairs, each once, times tf. Adds their squares to *square. */
static int ngrams_unknown_word(const struct ngrams *g, struct ngrams_out *o, const struct ngrams_ahead *a, double *square)
{
    int32_t *count = o->text.gram_count;
    int64_t from = o->n;
    int sorted = a->n > NGRAMS_SCANNED;
    uint64_t seen = 0;
    if (ngrams_room(g, o, a->n))
        return HONE_ENOMEM;
    if (sorted)
        ngrams_sort(a->hash, a->n);
    for (int64_t i = 0; i < a->n; i++) {
        const struct hash_slot *s = hash_find(&g->grams, a->hash[i]);
        if (!s)
            continue;
        int64_t at = ngrams_place(o, from, s->a, sorted, &seen);
        if (at == o->n) {
            o->index[at] = s->a;
            o->value[o->n++] = s->f * a->tf;
            count[at - from] = 0;
        }
        count[at - from]++;
    }
    for (int64_t i = from; i < o->n; i++) {
        o->value[i] *= ngrams_tf(count[i - from]);
        *square += (double)o->value[i] * (double)o->value[i];
    }
    return 0;
}

/* Adds the n-grams of all unknown words of the text. */
static int ngrams_unknown_words(const struct ngrams *g, struct ngrams_out *o, double *square)
{
    struct ngrams_text *t = &o->text;
    struct ngrams_ahead now = { t->gram_hash, 0, 0 }, next = { t->gram_hash + ngrams_word_room(g), 0, 0 };
    for (int64_t i = 0; i < t->n; i++) {
        if (t->entry[i].word >= -1)
            continue;
        ngrams_look_ahead(g, t, -2 - t->entry[i].word, ngrams_tf(t->entry[i].count), &next);
        if (ngrams_unknown_word(g, o, &now, square))
            return HONE_ENOMEM;
        struct ngrams_ahead swap = now;
        now = next;
        next = swap;
    }
    return ngrams_unknown_word(g, o, &now, square);
}

/* One text into o: direct pairs (units, then n-grams of unknown words), then word pairs. 0 or HONE_ENOMEM. */
static int ngrams_encode_text(const struct ngrams *g, const struct hone_string *s, struct ngrams_out *o)
{
    struct ngrams_text *t = &o->text;
    double unit_square = 0, char_square = 0;
    o->n = 0;
    if (ngrams_cut(g, s, t) || ngrams_room(g, o, t->n))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < t->n; i++) {
        struct ngrams_entry *e = &t->entry[i];
        const struct hash_slot *u = hash_find(e->word >= 0 ? &g->singles : &g->pairs, e->hash);
        if (u && u->a >= 0) {
            float v = ngrams_tf(e->count) * (e->word >= 0 ? g->idf[u->a] : u->f);
            o->index[o->n] = u->a;
            o->value[o->n++] = v;
            unit_square += (double)v * (double)v;
        }
        if (e->word >= 0) /* from here on `word` is the known word, or -2 - place */
            e->word = u && u->b >= 0 ? u->b : -2 - e->word;
    }
    ngrams_scale(o, 0, unit_square, sqrt(g->share) * g->scale);
    int64_t from = o->n;
    if (ngrams_unknown_words(g, o, &char_square) || ngrams_room(g, o, t->n))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < t->n; i++)
        if (t->entry[i].word >= 0) {
            float tf = ngrams_tf(t->entry[i].count);
            o->index[o->n] = (int32_t)(g->rows + t->entry[i].word);
            o->value[o->n++] = tf;
            char_square += (double)tf * (double)tf * (double)g->word_square[t->entry[i].word];
        }
    ngrams_scale(o, from, char_square, sqrt(1 - g->share) * g->scale);
    return 0;
}

/* The model's encode(). */
static int ngrams_encode(const struct ngrams *g, const struct hone_string *input, int64_t n, struct hone_encoder *e,
                         struct hone_err *err)
{
    struct ngrams_out o = { 0 };
    int ret = 0;
    for (int64_t i = 0; i < n && !ret; i++) {
        ret = ngrams_encode_text(g, &input[i], &o);
        if (!ret)
            ret = e->add(e, o.n, o.index, o.value);
    }
    ngrams_text_free(g, &o.text);
    g->host->free(g->host, o.index);
    g->host->free(g->host, o.value);
    return ret ? hone_fail(err, HONE_ENOMEM, "memory ran out while texts were turned into features") : 0;
}

/* The model's row_key(): the hash of the unit or n-gram, told apart by kind. */
static uint64_t ngrams_key(const struct ngrams *g, int64_t row)
{
    return hone_hash_pair(g->row_hash[row], row < g->word_rows ? NGRAMS_KEY_WORD : row < g->unit_rows ? NGRAMS_KEY_PAIR : NGRAMS_KEY_GRAM);
}

static void ngrams_free(struct ngrams *g)
{
    void *owned[] = { g->row_hash, g->idf, g->singles.slot, g->pairs.slot, g->grams.slot, g->word_bytes, g->word_hash, g->word_start,
                      g->pairs.filter, g->grams.filter, g->gram_start, g->gram_row, g->gram_value, g->word_square };
    for (size_t i = 0; i < HONE_COUNT(owned); i++)
        g->host->free(g->host, owned[i]);
}

#endif
