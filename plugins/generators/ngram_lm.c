/* Generator "ngram_lm": texts drawn word by word from a Kneser-Ney model of the output's examples, which leans on one of all examples
 * (kneser_ney.h). */
#include "plugins/generators/kneser_ney.h"

struct conf {
    double discount;
    int64_t tries;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, discount, HONE_REAL, 0, 0.3, 0, 1, "most that is taken from a count of the output's own for shorter histories and the other outputs"),
    HONE_ROW(struct conf, tries, HONE_INT, 0, 8, 1, 1000, "draws for each proposal that is wanted"),
};

struct speaker {
    struct corpus c;
    struct kneser_ney all, *of;  /* of: [outputs] */
    const struct conf *conf;
};

static int open_speaker(void **self, const void *conf, const struct hone_material *from, const struct hone_host *host, struct hone_err *err)
{
    struct speaker *s = calloc(1, sizeof *s);
    if (!s)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *self = s;
    s->conf = conf;
    int ret = corpus_open(&s->c, from, host, err);
    if (ret)
        return ret;
    s->of = calloc((size_t)from->outputs + 1, sizeof *s->of);
    ret = s->of ? kn_learn(&s->all, &s->c, s->c.row, from->n, 1, NULL) : HONE_ENOMEM;
    for (int64_t k = 0; k < from->outputs && !ret; k++)
        ret = kn_learn(&s->of[k], &s->c, s->c.row + s->c.row_start[k], s->c.row_start[k + 1] - s->c.row_start[k], s->conf->discount, &s->all);
    return ret ? hone_fail(err, HONE_ENOMEM, "memory ran out for %lld examples", (long long)from->n) : 0;
}

/* The word as it is written behind `before` somewhere; *row gets that example. */
static const struct token *written(const struct corpus *c, int32_t before, int32_t type, int64_t *row)
{
    const struct place *p = c->place + c->place_start[type], *end = c->place + c->place_start[type + 1];
    *row = p < end ? p->row : -1;
    for (; p < end; p++)
        if (type_at(c, p->row, p->at - 1) == before) {
            *row = p->row;
            return tokens_of(c, p->row) + p->at;
        }
    return &c->spelling[type];
}

/* 1 when a text of at least two words came to its end. */
static int speak(const struct speaker *s, struct dice *d, int32_t label, struct line *l)
{
    int32_t a = TOKEN_BEGIN, b = TOKEN_BEGIN;
    while (l->n < TEXT_TOKENS) {
        int32_t w = kn_draw(&s->of[label], d, a, b);
        int64_t row;
        if (w == TOKEN_END)
            return l->n > 1;
        line_add(l, written(&s->c, b, w, &row), 1);
        if (row >= 0)
            line_source(l, row);
        a = b;
        b = w;
    }
    return 0;
}

static int generate(void *self, const struct hone_wish *w, struct hone_collector *to, struct hone_err *err)
{
    const struct speaker *s = self;
    struct dice d = { w->seed, 0 };
    int64_t made = 0;
    int ret = 0;
    if (s->c.row_start[w->label] == s->c.row_start[w->label + 1])
        return 0;
    for (int64_t i = 0; i < w->count * s->conf->tries && made < w->count && ret == 0; i++) {
        struct line l = { .n = 0 };
        if (!speak(s, &d, w->label, &l))
            continue;
        ret = line_propose(&l, w->label, "sample", to, err);
        made++;
    }
    return ret < 0 ? ret : 0;
}

static void close_speaker(void *self)
{
    struct speaker *s = self;
    for (int64_t k = 0; s->of && k < s->c.from->outputs; k++)
        kn_free(&s->of[k]);
    kn_free(&s->all);
    free(s->of);
    corpus_free(&s->c);
    free(s);
}

static const struct hone_generator ngram_lm = {
    .item = HONE_ITEM(struct hone_generator, HONE_GENERATOR, "ngram_lm", "draws texts from a trigram model of the output's examples",
                      "Interpolated Kneser-Ney of order 3 (Chen & Goodman, 1999) over the output's examples; what it discounts goes to the same over all.",
                      params, struct conf, 0, NULL),
    .open = open_speaker, .generate = generate, .close = close_speaker,
};

HONE_DEFINE_PLUGIN("ngram_lm", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &ngram_lm.item);
