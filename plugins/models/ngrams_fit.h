/* Finding the features of ngrams.h in training texts, and keeping them in a checkpoint. */
#ifndef MODELS_NGRAMS_FIT_H
#define MODELS_NGRAMS_FIT_H
#include "ngrams.h"

/* Texts in which a unit or an n-gram occurs. */
struct ngrams_found {
    uint64_t hash;
    int32_t df, last; /* last: 1 + the newest text that was counted */
    int32_t outputs, last_output; /* the same of the texts' outputs, when texts come output by output */
    int32_t word;     /* units: number among all distinct words, NGRAMS_PAIR, or NGRAMS_NO_TEXT for a word known by its hash alone */
    int32_t old;      /* texts of the base in which it occurs; it is kept then */
};

#define NGRAMS_PAIR (-1)
#define NGRAMS_NO_TEXT (-2)

struct ngrams_tally {
    struct hash_table units, grams; /* a: index into unit, gram */
    struct ngrams_found *unit, *gram;
    int64_t units_cap, grams_cap;
    /* all distinct words: where their texts and n-grams are; rows of `list` repeat for repeats inside of a word */
    char *bytes;
    int64_t *byte_start, *list_start;
    int32_t *list;
    int64_t words, bytes_cap, byte_start_cap, list_start_cap, list_cap;
};

static void ngrams_tally_free(const struct hone_host *h, struct ngrams_tally *t)
{
    void *owned[] = { t->units.slot, t->grams.slot, t->unit, t->gram, t->bytes, t->byte_start, t->list_start, t->list };
    for (size_t i = 0; i < HONE_COUNT(owned); i++)
        h->free(h, owned[i]);
}

/* The entry of a hash, added when new; NULL when memory ran out. */
static struct ngrams_found *ngrams_found_at(const struct hone_host *h, struct hash_table *t, struct ngrams_found **list,
                                            int64_t *cap, uint64_t hash)
{
    struct hash_slot *s = hash_add(h, t, hash);
    if (!s || (s->a < 0 && grow_array(h, list, cap, t->n, sizeof **list)))
        return NULL;
    if (s->a < 0) {
        s->a = (int32_t)(t->n - 1);
        (*list)[s->a] = (struct ngrams_found){ .hash = hash, .word = NGRAMS_PAIR };
    }
    return *list + s->a;
}

/* Notes a new distinct word: its text and its n-grams. 0 or HONE_ENOMEM. */
static int ngrams_new_word(const struct ngrams *g, struct ngrams_tally *t, const char *word, int64_t len, uint64_t *hash)
{
    const struct hone_host *h = g->host;
    int64_t k = t->words;
    if (grow_array(h, &t->byte_start, &t->byte_start_cap, k + 2, sizeof(int64_t))
        || grow_array(h, &t->list_start, &t->list_start_cap, k + 2, sizeof(int64_t))
        || grow_array(h, &t->bytes, &t->bytes_cap, t->byte_start[k] + len, 1))
        return HONE_ENOMEM;
    memcpy(t->bytes + t->byte_start[k], word, (size_t)len);
    t->byte_start[k + 1] = t->byte_start[k] + len;
    int64_t n = ngrams_of_word(g, word, len, hash);
    if (grow_array(h, &t->list, &t->list_cap, t->list_start[k] + n, sizeof(int32_t)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        struct ngrams_found *f = ngrams_found_at(h, &t->grams, &t->gram, &t->grams_cap, hash[i]);
        if (!f)
            return HONE_ENOMEM;
        t->list[t->list_start[k] + i] = (int32_t)(f - t->gram);
    }
    t->list_start[k + 1] = t->list_start[k] + n;
    t->words++;
    return 0;
}

static void ngrams_note_output(struct ngrams_found *f, int32_t output)
{
    f->outputs += f->last_output != output + 1;
    f->last_output = output + 1;
}

/* Counts one text; output >= 0. 0 or HONE_ENOMEM. */
static int ngrams_tally_text(const struct ngrams *g, struct ngrams_tally *t, const struct hone_string *s, int32_t doc, int32_t output,
                             struct ngrams_text *text)
{
    if (ngrams_cut(g, s, text))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < text->n; i++) {
        const struct ngrams_entry *e = &text->entry[i];
        struct ngrams_found *f = ngrams_found_at(g->host, &t->units, &t->unit, &t->units_cap, e->hash);
        if (!f)
            return HONE_ENOMEM;
        f->df++;
        ngrams_note_output(f, output);
        if (e->word < 0)
            continue;
        if (f->word < 0) {
            int32_t start = text->w.start[e->word];
            f->word = (int32_t)t->words;
            if (ngrams_new_word(g, t, text->w.bytes + start, text->w.start[e->word + 1] - start, text->gram_hash))
                return HONE_ENOMEM;
        }
        for (int64_t j = t->list_start[f->word]; j < t->list_start[f->word + 1]; j++) {
            struct ngrams_found *gram = &t->gram[t->list[j]];
            gram->df += gram->last != doc + 1;
            gram->last = doc + 1;
            ngrams_note_output(gram, output);
        }
    }
    return 0;
}

/* The texts in which a row's feature occurred, from its idf. */
static int32_t ngrams_df(const struct ngrams *g, int64_t row)
{
    return (int32_t)(round((1.0 + (double)g->texts) / exp((double)g->idf[row] - 1.0)) - 1);
}

/* Begins the tally with the features of the model that training starts from, so that the present texts add to what it knows. 0 or
 * HONE_ENOMEM. */
static int ngrams_tally_base(const struct ngrams *g, const struct ngrams *base, struct ngrams_tally *t)
{
    const struct hone_host *h = g->host;
    uint64_t *hash = h->alloc(h, (size_t)ngrams_word_room(g) * sizeof *hash);
    int ret = hash ? 0 : HONE_ENOMEM;
    for (int64_t i = 0; i < base->rows && !ret; i++) {
        int gram = i >= base->unit_rows;
        struct ngrams_found *f = gram ? ngrams_found_at(h, &t->grams, &t->gram, &t->grams_cap, base->row_hash[i])
                                      : ngrams_found_at(h, &t->units, &t->unit, &t->units_cap, base->row_hash[i]);
        ret = f ? 0 : HONE_ENOMEM;
        if (f) {
            f->old = ngrams_df(base, i);
            f->word = i < base->word_rows ? NGRAMS_NO_TEXT : NGRAMS_PAIR;
        }
    }
    for (int64_t k = 0; k < base->words && !ret; k++) {
        const struct hash_slot *s = hash_find(&t->units, base->word_hash[k]);
        if (!s) /* its row was too rare to be kept */
            continue;
        t->unit[s->a].word = (int32_t)t->words;
        ret = ngrams_new_word(g, t, base->word_bytes + base->word_start[k], base->word_start[k + 1] - base->word_start[k], hash);
    }
    h->free(h, hash);
    return ret;
}

static int64_t ngrams_kept(const struct ngrams_found *f, int64_t n, int64_t min)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        kept += f[i].old || f[i].df >= min;
    return kept;
}

/* The number of texts from which on a feature is kept. Rare features cost memory and time and, on sets large enough for that
 * to matter, change accuracy by less than its noise: those of one text go when there are more than 100,000 features or
 * the table would hold more than 4 million numbers, and more of them beyond 2 million features or when it would not fit. Those
 * of the base stay and do not count. */
static int64_t ngrams_min_count(const struct ngrams_tally *t, int64_t asked, int64_t width, int64_t max_bytes, int64_t *rows)
{
    int64_t min = asked ? asked : 1, old = ngrams_kept(t->unit, t->units.n, INT32_MAX) + ngrams_kept(t->gram, t->grams.n, INT32_MAX);
    for (;; min++) {
        *rows = ngrams_kept(t->unit, t->units.n, min) + ngrams_kept(t->gram, t->grams.n, min);
        int64_t fresh = *rows - old;
        int large = min == 1 ? fresh > 100000 || fresh * width > 4000000 : fresh > 2000000;
        if (asked || min >= 5 || (!large && *rows * width * 4 <= max_bytes))
            return min;
    }
}

enum ngrams_kind { NGRAMS_WORDS, NGRAMS_PAIRS, NGRAMS_GRAMS };

static int ngrams_is(const struct ngrams_found *f, enum ngrams_kind kind, int64_t min)
{
    return (f->old || f->df >= min) && (kind == NGRAMS_GRAMS || (f->word != NGRAMS_PAIR) == (kind == NGRAMS_WORDS));
}

/* Numbers the kept entries of one kind from *next on, frequent ones first, so that what is used together lies together; what
 * they are goes to g and `table`. `start` is scratch of texts + 2 entries. */
static int ngrams_number(struct ngrams *g, struct ngrams_found *f, int64_t n, enum ngrams_kind kind, int64_t min, int64_t texts,
                         int64_t outputs, struct hash_table *table, int64_t *start, int64_t *next)
{
    int64_t first = *next;
    memset(start, 0, (size_t)(texts + 2) * sizeof *start);
    for (int64_t i = 0; i < n; i++)
        if (ngrams_is(&f[i], kind, min)) {
            start[texts - f[i].df - f[i].old + 1]++;
            ++*next;
        }
    for (int64_t i = 0; i <= texts; i++)
        start[i + 1] += start[i];
    for (int64_t i = 0; i < n; i++) {
        if (!ngrams_is(&f[i], kind, min))
            continue;
        int64_t df = f[i].df + f[i].old, row = first + start[texts - df]++;
        struct hash_slot *s = hash_add(g->host, table, f[i].hash);
        if (!s)
            return HONE_ENOMEM;
        g->row_hash[row] = f[i].hash;
        double of = g->by_output ? (double)outputs : (double)texts, in = g->by_output ? (double)f[i].outputs : (double)df;
        g->idf[row] = (float)(log((1.0 + of) / (1.0 + in)) + 1.0);
        s->a = (int32_t)row;
        if (kind != NGRAMS_WORDS)
            s->f = g->idf[row];
    }
    return 0;
}

/* Fills gram_row, gram_value and word_square of word k from the hashes of its n-grams (sorted here). */
static int ngrams_word_grams(struct ngrams *g, int64_t k, uint64_t *hash, int64_t *cap_row, int64_t *cap_value)
{
    const struct hone_host *h = g->host;
    int64_t n = ngrams_of_word(g, g->word_bytes + g->word_start[k], g->word_start[k + 1] - g->word_start[k], hash);
    int64_t m = g->gram_start[k];
    ngrams_sort(hash, n);
    if (grow_array(h, &g->gram_row, cap_row, m + n, sizeof(int32_t))
        || grow_array(h, &g->gram_value, cap_value, m + n, sizeof(float)))
        return HONE_ENOMEM;
    double square = 0;
    for (int64_t i = 0; i < n;) {
        int64_t j = i;
        while (j < n && hash[j] == hash[i])
            j++;
        const struct hash_slot *s = hash_find(&g->grams, hash[i]);
        if (s) {
            float v = ngrams_tf((int32_t)(j - i)) * s->f;
            g->gram_row[m] = s->a;
            g->gram_value[m++] = v;
            square += (double)v * (double)v;
        }
        i = j;
    }
    g->gram_start[k + 1] = m;
    g->word_square[k] = (float)square;
    return 0;
}

/* When all tables are complete: their filters, and the n-grams of all known words, from word_bytes and word_start. 0 or
 * HONE_ENOMEM. */
static int ngrams_words_done(struct ngrams *g)
{
    const struct hone_host *h = g->host;
    int64_t cap_row = 0, cap_value = 0;
    uint64_t *hash = h->alloc(h, (size_t)ngrams_word_room(g) * sizeof *hash);
    g->gram_start = h->alloc(h, (size_t)(g->words + 1) * sizeof(int64_t));
    g->word_square = h->alloc(h, (size_t)(g->words + 1) * sizeof(float));
    int ret = hash && g->gram_start && g->word_square ? 0 : HONE_ENOMEM;
    if (!ret && (hash_seal(h, &g->pairs) || hash_seal(h, &g->grams)))
        ret = HONE_ENOMEM;
    for (int64_t k = 0; k < g->words && !ret; k++)
        ret = ngrams_word_grams(g, k, hash, &cap_row, &cap_value);
    h->free(h, hash);
    return ret;
}

/* Keeps the words that occur in at least two texts: a word seen once shares nothing. */
static int ngrams_keep_words(struct ngrams *g, const struct ngrams_tally *t)
{
    const struct hone_host *h = g->host;
    int64_t bytes = 0;
    for (int64_t i = 0; i < t->units.n; i++)
        if (t->unit[i].word >= 0 && t->unit[i].df + t->unit[i].old >= 2) {
            bytes += t->byte_start[t->unit[i].word + 1] - t->byte_start[t->unit[i].word];
            g->words++;
        }
    g->word_bytes = h->alloc(h, (size_t)bytes + 1);
    g->word_start = h->alloc(h, (size_t)(g->words + 1) * sizeof(int64_t));
    g->word_hash = h->alloc(h, (size_t)(g->words + 1) * sizeof(uint64_t));
    if (!g->word_bytes || !g->word_start || !g->word_hash)
        return HONE_ENOMEM;
    int64_t k = 0;
    for (int64_t i = 0; i < t->units.n; i++) {
        const struct ngrams_found *f = &t->unit[i];
        if (f->word < 0 || f->df + f->old < 2)
            continue;
        struct hash_slot *s = hash_add(h, &g->singles, f->hash);
        if (!s)
            return HONE_ENOMEM;
        s->b = (int32_t)k;
        g->word_hash[k] = f->hash;
        int64_t len = t->byte_start[f->word + 1] - t->byte_start[f->word];
        memcpy(g->word_bytes + g->word_start[k], t->bytes + t->byte_start[f->word], (size_t)len);
        g->word_start[k + 1] = g->word_start[k] + len;
        k++;
    }
    return ngrams_words_done(g);
}

/* Counts all texts in their order, or output by output (those without one last, as one more). 0 or HONE_ENOMEM. */
static int ngrams_tally_all(const struct ngrams *g, struct ngrams_tally *t, const struct hone_lesson *l, struct ngrams_text *text)
{
    int64_t slots = l->outputs + 1, *start, *order;
    int ret = 0;
    for (int64_t i = 0; i < l->n && !ret && !g->by_output; i++)
        ret = ngrams_tally_text(g, t, &l->input[i], (int32_t)i, 0, text);
    if (!g->by_output)
        return ret;
    start = g->host->alloc(g->host, (size_t)(slots + 1) * sizeof *start); /* zeroed */
    order = g->host->alloc(g->host, (size_t)(l->n + 1) * sizeof *order);
    ret = start && order ? 0 : HONE_ENOMEM;
    for (int64_t i = 0; i < l->n && !ret; i++)
        start[(l->label[i] < 0 ? l->outputs : l->label[i]) + 1]++;
    for (int64_t o = 0; o < slots && !ret; o++)
        start[o + 1] += start[o];
    for (int64_t i = 0; i < l->n && !ret; i++)
        order[start[l->label[i] < 0 ? l->outputs : l->label[i]]++] = i;
    for (int64_t i = 0; i < l->n && !ret; i++) {
        int32_t label = l->label[order[i]];
        ret = ngrams_tally_text(g, t, &l->input[order[i]], (int32_t)i, label < 0 ? (int32_t)l->outputs : label, text);
    }
    g->host->free(g->host, start);
    g->host->free(g->host, order);
    return ret;
}

/* Learns the features of the lesson's texts, behind those of `base` unless it is NULL. `width` numbers a row; g's settings, host and text are set, the rest is
 * zero. min_count 0 chooses. HONE_ENOMEM with a sentence when the table would take more than max_bytes. */
static int ngrams_fit(struct ngrams *g, const struct hone_lesson *l, const struct ngrams *base, int64_t min_count, int64_t width,
                      int64_t max_bytes, struct hone_err *err)
{
    const struct hone_host *h = g->host;
    struct ngrams_tally t = { 0 };
    struct ngrams_text text = { 0 };
    int64_t *scratch = NULL, next;
    int ret = base ? ngrams_tally_base(g, base, &t) : 0;
    g->texts = l->n + (base ? base->texts : 0);
    if (!ret)
        ret = ngrams_tally_all(g, &t, l, &text);
    if (ret)
        goto out;
    int64_t min = ngrams_min_count(&t, min_count, width, max_bytes, &g->rows);
    if (g->rows == 0) {
        ret = hone_fail(err, HONE_EINVAL, "no word and no run of characters occurs in at least %lld of the %lld texts; look at the inputs, "
                        "or lower min_count in modelOptions", (long long)(min > 1 ? min : 1), (long long)l->n);
        goto out;
    }
    if (g->rows > INT32_MAX / 2 || g->rows * width * 4 > max_bytes) {
        ret = hone_fail(err, HONE_ENOMEM, "%lld features x %lld numbers take %.1f MB, more than the %.1f MB that this model may"
                        " use (raise memoryMb, or min_count in modelOptions)", (long long)g->rows, (long long)width,
                        (double)g->rows * (double)width * 4e-6, (double)max_bytes * 1e-6);
        goto out;
    }
    g->row_hash = h->alloc(h, (size_t)(g->rows + 1) * sizeof(uint64_t));
    g->idf = h->alloc(h, (size_t)(g->rows + 1) * sizeof(float));
    scratch = h->alloc(h, (size_t)(g->texts + 2) * sizeof *scratch);
    ret = g->row_hash && g->idf && scratch ? 0 : HONE_ENOMEM;
    if (!ret)
        ret = ngrams_number(g, t.unit, t.units.n, NGRAMS_WORDS, min, g->texts, l->outputs, &g->singles, scratch, &g->word_rows);
    g->unit_rows = g->word_rows;
    if (!ret)
        ret = ngrams_number(g, t.unit, t.units.n, NGRAMS_PAIRS, min, g->texts, l->outputs, &g->pairs, scratch, &g->unit_rows);
    next = g->unit_rows;
    if (!ret)
        ret = ngrams_number(g, t.gram, t.grams.n, NGRAMS_GRAMS, min, g->texts, l->outputs, &g->grams, scratch, &next);
    if (!ret)
        ret = ngrams_keep_words(g, &t);
out:
    ngrams_text_free(g, &text);
    ngrams_tally_free(h, &t);
    h->free(h, scratch);
    if (ret && (!err || !err->code))
        hone_fail(err, HONE_ENOMEM, "memory ran out while the features of %lld texts were found", (long long)l->n);
    return ret;
}

/* ---- in a checkpoint ---- */

static int ngrams_put(struct hone_store *s, const char *name, uint32_t dtype, int64_t n, const void *data, struct hone_err *err)
{
    return s->put(s, name, dtype, 1, &n, data, err);
}

static int ngrams_save(const struct ngrams *g, struct hone_store *s, struct hone_err *err)
{
    double real[2] = { g->share, g->scale };
    int64_t whole[6] = { g->char_min, g->char_max, g->word_ngrams, g->word_rows, g->unit_rows, g->texts };
    int ret = ngrams_put(s, "ngrams.real", HONE_F64, 2, real, err);
    if (!ret)
        ret = ngrams_put(s, "ngrams.int", HONE_I64, 6, whole, err);
    if (!ret)
        ret = ngrams_put(s, "ngrams.hash", HONE_I64, g->rows, g->row_hash, err);
    if (!ret)
        ret = ngrams_put(s, "ngrams.idf", HONE_F32, g->rows, g->idf, err);
    if (!ret)
        ret = ngrams_put(s, "ngrams.word_hash", HONE_I64, g->words, g->word_hash, err);
    if (!ret)
        ret = ngrams_put(s, "ngrams.word_start", HONE_I64, g->words + 1, g->word_start, err);
    return ret ? ret : ngrams_put(s, "ngrams.words", HONE_U8, g->word_start[g->words], g->word_bytes, err);
}

static void *ngrams_copy(const struct ngrams *g, const void *from, int64_t n, size_t size)
{
    void *p = g->host->alloc(g->host, ((size_t)n + 1) * size);
    if (p && n)
        memcpy(p, from, (size_t)n * size);
    return p;
}

/* Whether starts are a partition of `bytes` bytes into words. */
static int ngrams_starts_good(const int64_t *start, int64_t words, int64_t bytes)
{
    if (words < 0 || start[0] != 0 || start[words] != bytes)
        return 0;
    for (int64_t k = 0; k < words; k++)
        if (start[k + 1] < start[k])
            return 0;
    return 1;
}

static int ngrams_tables(struct ngrams *g)
{
    for (int64_t i = 0; i < g->rows; i++) {
        struct hash_slot *s = hash_add(g->host, i < g->word_rows ? &g->singles : i < g->unit_rows ? &g->pairs : &g->grams,
                                       g->row_hash[i]);
        if (!s)
            return HONE_ENOMEM;
        s->a = (int32_t)i;
        if (i >= g->word_rows)
            s->f = g->idf[i];
    }
    for (int64_t k = 0; k < g->words; k++) {
        struct hash_slot *s = hash_add(g->host, &g->singles, g->word_hash[k]);
        if (!s)
            return HONE_ENOMEM;
        s->b = (int32_t)k;
    }
    return 0;
}

/* The opposite of ngrams_save(); g's host and text are set, the rest is zero. */
static int ngrams_restore(struct ngrams *g, struct hone_store *s, struct hone_err *err)
{
    int64_t n_real, n_int, n_hash, n_idf, n_start, n_bytes, n_word;
    const double *real = s->get(s, "ngrams.real", HONE_F64, &n_real);
    const int64_t *whole = s->get(s, "ngrams.int", HONE_I64, &n_int);
    const void *hash = s->get(s, "ngrams.hash", HONE_I64, &n_hash), *idf = s->get(s, "ngrams.idf", HONE_F32, &n_idf);
    const int64_t *start = s->get(s, "ngrams.word_start", HONE_I64, &n_start);
    const void *bytes = s->get(s, "ngrams.words", HONE_U8, &n_bytes), *word = s->get(s, "ngrams.word_hash", HONE_I64, &n_word);
    if (!real || !whole || !hash || !idf || !start || !bytes || !word || n_real != 2 || n_int != 6 || n_hash != n_idf || n_start < 1 || n_word != n_start - 1
        || n_hash > INT32_MAX - n_start || whole[0] < 1 || whole[1] < whole[0] || whole[1] > 16 || whole[3] < 0
        || whole[4] < whole[3] || whole[4] > n_hash || whole[5] < 0 || whole[5] > INT32_MAX || !ngrams_starts_good(start, n_start - 1, n_bytes))
        return hone_fail(err, HONE_EINVAL, "the file's n-gram tables (ngrams.*) are missing or do not fit together");
    g->share = real[0];
    g->scale = real[1];
    g->char_min = whole[0];
    g->char_max = whole[1];
    g->word_ngrams = whole[2];
    g->word_rows = whole[3];
    g->unit_rows = whole[4];
    g->texts = whole[5];
    g->rows = n_hash;
    g->words = n_start - 1;
    g->row_hash = ngrams_copy(g, hash, n_hash, sizeof(uint64_t));
    g->idf = ngrams_copy(g, idf, n_idf, sizeof(float));
    g->word_start = ngrams_copy(g, start, n_start, sizeof(int64_t));
    g->word_bytes = ngrams_copy(g, bytes, n_bytes, 1);
    g->word_hash = ngrams_copy(g, word, n_word, sizeof(uint64_t));
    int ret = g->row_hash && g->idf && g->word_start && g->word_bytes && g->word_hash ? ngrams_tables(g) : HONE_ENOMEM;
    if (!ret)
        ret = ngrams_words_done(g);
    return ret ? hone_fail(err, ret, "memory ran out while the n-gram tables were restored") : 0;
}

#endif
