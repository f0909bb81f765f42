/* Generator "template": frames and slots. Two examples are aligned by a longest common subsequence of their words; what they share is a
 * frame, what stands between is a slot that both fill. New examples come from choosing each filler anew, from filling a slot with what stands
 * between the same two words elsewhere, from the beginnings and ends of other outputs' examples that are general speech, from two
 * examples of an output one after the other, and from the words of the output's own name ("card_arrival") beside an example or a general
 * beginning.
 * Needleman & Wunsch, 1970, for the alignment; Andreas, 2020, "Good-enough compositional data
 * augmentation", for filling a slot by what was seen in the same surroundings. */
#include "plugins/generators/corpus.h"

#define MOST_FILLER 6    /* words of a filler */
#define TRIES 24         /* draws for one proposal */
#define NAME_WORDS 8     /* of an output; longer ones are answers, not names */

struct conf {
    double swap, fill, carry, join, name; /* shares */
    double general;
    int64_t tries;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, swap, HONE_REAL, 0, 2, 0, 100, "share of proposals that choose the fillers of an aligned pair anew"),
    HONE_ROW(struct conf, fill, HONE_REAL, 0, 2, 0, 100, "share that fills a slot with what stands between the same words elsewhere"),
    HONE_ROW(struct conf, carry, HONE_REAL, 0, 2, 0, 100, "share that takes general words at the beginning or end from another output"),
    HONE_ROW(struct conf, join, HONE_REAL, 0, 1, 0, 100, "share that puts two examples of the output one after the other"),
    HONE_ROW(struct conf, name, HONE_REAL, 0, 4, 0, 100, "share that takes the words of the output's name, beside an example or a general beginning"),
    HONE_ROW(struct conf, general, HONE_REAL, 0, 0.05, 0, 1, "words that occur in this share of the outputs (and in 3 at least) are general"),
    HONE_ROW(struct conf, tries, HONE_INT, 0, TRIES, 1, 1000, "draws for each proposal that is wanted"),
};

struct name {
    struct token word[NAME_WORDS];
    int64_t n;           /* 0: it has no words, or too many */
};

struct templates {
    struct corpus c;
    struct name *name;   /* [outputs] */
    const struct conf *conf;
    int32_t general;     /* outputs from which on a word is general */
};

static int kind_of(unsigned char c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') ? 1 : c >= 'A' && c <= 'Z' ? 2 : c >= '0' && c <= '9' ? 3 : 0;
}

/* Cuts "cardArrival2" and "card_arrival 2" alike into words. A name without two letters in a row means nothing. */
static void cut_name(struct hone_string s, struct name *name)
{
    const unsigned char *b = (const unsigned char *)s.bytes;
    int letters = 0;
    *name = (struct name){ .n = 0 };
    for (int64_t i = 0, end; i < s.len; i = end) {
        end = i + 1;
        if (!kind_of(b[i]))
            continue;
        while (end < s.len && kind_of(b[end]) && !(kind_of(b[end]) == 2 && kind_of(b[end - 1]) == 1))
            end++;
        if (name->n == NAME_WORDS) {
            name->n = 0;
            return;
        }
        name->word[name->n++] = (struct token){ s.bytes + i, (int32_t)(end - i), -1, 0 };
        letters |= end - i > 1 && kind_of(b[i]) != 3;
    }
    name->n = letters ? name->n : 0;
}

static int open_templates(void **self, const void *conf, const struct hone_material *from, const struct hone_host *host, struct hone_err *err)
{
    struct templates *t = calloc(1, sizeof *t);
    if (!t)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *self = t;
    t->conf = conf;
    double least = t->conf->general * (double)from->outputs;
    t->general = least > 3 ? (int32_t)least : 3;
    t->name = calloc((size_t)from->outputs + 1, sizeof *t->name);
    if (!t->name)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld outputs", (long long)from->outputs);
    for (int64_t k = 0; k < from->outputs; k++)
        cut_name(from->output[k], &t->name[k]);
    return corpus_open(&t->c, from, host, err);
}

/* ---- alignment ---- */

struct frame {
    int64_t a, b;                      /* rows */
    int32_t at_a[TEXT_TOKENS + 2], at_b[TEXT_TOKENS + 2]; /* [n] tokens that match; the first is -1, the last behind the rows */
    int64_t n;
};

static void align(const struct corpus *c, int64_t a, int64_t b, struct frame *f)
{
    uint8_t best[TEXT_TOKENS + 1][TEXT_TOKENS + 1];
    int64_t na = row_tokens(c, a), nb = row_tokens(c, b), i = 0, j = 0;
    for (i = na; i >= 0; i--)
        for (j = nb; j >= 0; j--)
            best[i][j] = i == na || j == nb ? 0
                         : type_at(c, a, i) == type_at(c, b, j) ? (uint8_t)(best[i + 1][j + 1] + 1)
                         : best[i + 1][j] > best[i][j + 1] ? best[i + 1][j] : best[i][j + 1];
    f->a = a;
    f->b = b;
    f->at_a[0] = f->at_b[0] = -1;
    f->n = 1;
    for (i = j = 0; i < na && j < nb;) {
        if (type_at(c, a, i) == type_at(c, b, j)) {
            f->at_a[f->n] = (int32_t)i++;
            f->at_b[f->n++] = (int32_t)j++;
        } else if (best[i + 1][j] >= best[i][j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    f->at_a[f->n] = (int32_t)na;
    f->at_b[f->n++] = (int32_t)nb;
}

/* Whether a and b fill the slot behind match i in two ways. */
static int slot_differs(const struct corpus *c, const struct frame *f, int64_t i)
{
    int64_t na = f->at_a[i + 1] - f->at_a[i], nb = f->at_b[i + 1] - f->at_b[i];
    if (na != nb)
        return 1;
    for (int64_t k = 1; k < na; k++)
        if (type_at(c, f->a, f->at_a[i] + k) != type_at(c, f->b, f->at_b[i] + k))
            return 1;
    return 0;
}

/* ---- the ways ---- */

/* Each filler from one of the two. 1 when both gave some. */
static int swap(const struct templates *t, struct dice *d, int32_t label, struct line *l)
{
    const struct corpus *c = &t->c;
    struct frame f;
    int64_t a = draw_row(c, d, label), b = draw_row(c, d, label);
    int from_a = 0, from_b = 0;
    if (a < 0 || a == b)
        return 0;
    align(c, a, b, &f);
    for (int64_t i = 0; i + 1 < f.n; i++) {
        int differs = slot_differs(c, &f, i), take_b = differs && dice_below(d, 2);
        from_a += differs && !take_b;
        from_b += take_b;
        if (take_b)
            line_add(l, tokens_of(c, b) + f.at_b[i] + 1, f.at_b[i + 1] - f.at_b[i] - 1);
        else
            line_add(l, tokens_of(c, a) + f.at_a[i] + 1, f.at_a[i + 1] - f.at_a[i] - 1);
        if (i + 2 < f.n)
            line_add(l, tokens_of(c, a) + f.at_a[i + 1], 1);
    }
    line_source(l, a);
    line_source(l, b);
    return f.n > 2 && from_a && from_b;
}

/* A slot that two examples of the output fill in different ways, filled as it is somewhere else between the same two words. */
static int fill(const struct templates *t, struct dice *d, int32_t label, struct line *l)
{
    const struct corpus *c = &t->c;
    struct frame f;
    int64_t a = draw_row(c, d, label), b = draw_row(c, d, label);
    if (a < 0 || a == b)
        return 0;
    align(c, a, b, &f);
    int64_t i = (int64_t)dice_below(d, f.n - 1);
    int32_t left = type_at(c, a, f.at_a[i]), right = type_at(c, a, f.at_a[i + 1]);
    if (f.n < 3 || !slot_differs(c, &f, i))
        return 0;
    struct place p = draw_place(c, d, left);
    int64_t end = p.at + 1;
    while (p.row >= 0 && end <= p.at + 1 + MOST_FILLER && end < row_tokens(c, p.row) && type_at(c, p.row, end) != right)
        end++;
    if (p.row < 0 || p.row == a || type_at(c, p.row, end) != right || end == p.at + 1)
        return 0;
    line_add(l, tokens_of(c, a), f.at_a[i] + 1);
    line_add(l, tokens_of(c, p.row) + p.at + 1, end - p.at - 1);
    line_add(l, tokens_of(c, a) + f.at_a[i + 1], row_tokens(c, a) - f.at_a[i + 1]);
    line_source(l, a);
    line_source(l, b);
    line_source(l, p.row);
    return 1;
}

static int general_between(const struct templates *t, int64_t row, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        if (t->c.spread[type_at(&t->c, row, i)] < t->general)
            return 0;
    return 1;
}

/* General words before (or behind) a word that another example has, too, are taken from there. */
static int carry(const struct templates *t, struct dice *d, int32_t label, struct line *l)
{
    const struct corpus *c = &t->c;
    int64_t a = draw_row(c, d, label), na = a < 0 ? 0 : row_tokens(c, a);
    if (na < 2)
        return 0;
    int64_t at = (int64_t)dice_below(d, na);
    int front = (int)dice_below(d, 2);
    struct place p = draw_place(c, d, type_at(c, a, at));
    if (p.row < 0 || p.row == a || !general_between(t, a, front ? 0 : at, front ? at + 1 : na))
        return 0;
    int64_t np = row_tokens(c, p.row);
    if (!general_between(t, p.row, front ? 0 : p.at, front ? p.at : np))
        return 0;
    if (front) {
        line_add(l, tokens_of(c, p.row), p.at);
        line_add(l, tokens_of(c, a) + at, na - at);
    } else {
        line_add(l, tokens_of(c, a), at);
        line_add(l, tokens_of(c, p.row) + p.at, np - p.at);
    }
    line_source(l, a);
    line_source(l, p.row);
    return 1;
}

static int join(const struct templates *t, struct dice *d, int32_t label, struct line *l)
{
    int64_t a = draw_row(&t->c, d, label), b = draw_row(&t->c, d, label);
    if (a < 0 || a == b)
        return 0;
    line_add(l, tokens_of(&t->c, a), row_tokens(&t->c, a));
    line_add(l, tokens_of(&t->c, b), row_tokens(&t->c, b));
    line_source(l, a);
    line_source(l, b);
    return 1;
}

/* The words of the output: alone, behind the general words that some example begins with, or behind an example of it. */
static int use_name(const struct templates *t, struct dice *d, int32_t label, struct line *l)
{
    const struct name *name = &t->name[label];
    uint64_t way = dice_below(d, 8);
    int64_t row = way == 0 ? -1 : way < 3 ? (int64_t)dice_below(d, t->c.from->n) : draw_row(&t->c, d, label), n = row < 0 ? 0 : row_tokens(&t->c, row);
    if (!name->n || (way && row < 0))
        return 0;
    if (way > 0 && way < 3) {
        int64_t most = 0;
        while (most < n && most < MOST_FILLER && t->c.spread[type_at(&t->c, row, most)] >= t->general)
            most++;
        if (!most)
            return 0;
        n = 1 + (int64_t)dice_below(d, most);
    }
    if (n)
        line_add(l, tokens_of(&t->c, row), n);
    line_add(l, name->word, name->n);
    if (row >= 0)
        line_source(l, row);
    return 1;
}

static int generate(void *self, const struct hone_wish *w, struct hone_collector *to, struct hone_err *err)
{
    static const char *const names[] = { "swap_fillers", "fill_slot", "change_carrier", "join", "output_words" };
    static int (*const ways[])(const struct templates *, struct dice *, int32_t, struct line *) = { swap, fill, carry, join, use_name };
    const struct templates *t = self;
    const double share[] = { t->conf->swap, t->conf->fill, t->conf->carry, t->conf->join, t->conf->name };
    double sum = share[0] + share[1] + share[2] + share[3] + share[4];
    struct dice d = { w->seed, 0 };
    int64_t made = 0;
    int ret = 0;
    for (int64_t i = 0; i < w->count * t->conf->tries && made < w->count && ret == 0; i++) {
        struct line l = { .n = 0 };
        double draw = dice_unit(&d) * sum;
        int way = 0;
        while (way < 4 && draw >= share[way])
            draw -= share[way++];
        if (!(share[way] > 0) || !ways[way](t, &d, w->label, &l))
            continue;
        ret = line_propose(&l, w->label, names[way], to, err);
        made++;
    }
    return ret < 0 ? ret : 0;
}

static void close_templates(void *self)
{
    struct templates *t = self;
    corpus_free(&t->c);
    free(t->name);
    free(t);
}

static const struct hone_generator template = {
    .item = HONE_ITEM(struct hone_generator, HONE_GENERATOR, "template", "recombines frames and slots of the examples",
                      "Aligns examples of an output, takes what they share for a frame and what differs for fillers, and chooses the fillers anew: "
                      "from the pair, from other places between the same words (Andreas, 2020), or general words of other outputs' examples.",
                      params, struct conf, 0, NULL),
    .open = open_templates, .generate = generate, .close = close_templates,
};

HONE_DEFINE_PLUGIN("template", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &template.item);
