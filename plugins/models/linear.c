/* Model "linear": softmax regression over weighted n-grams, one row of weights a feature. The default model. */
#include "ngrams_fit.h"
#include "ngrams_pass.h"

struct conf {
    int64_t word_ngrams, char_min, char_max, min_count, idf;
    double word_share, scale;
};

struct linear {
    struct ngrams g;
    struct ngrams_cache cache;
    int64_t outputs;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, word_ngrams, HONE_INT, HONE_P_STATE, 2, 1, 2, "longest run of words: 1 words, 2 also pairs"),
    HONE_ROW(struct conf, char_min, HONE_INT, HONE_P_STATE, 2, 1, 16, "shortest run of characters inside of a word"),
    HONE_ROW(struct conf, char_max, HONE_INT, HONE_P_STATE, 5, 1, 16, "longest run of characters inside of a word"),
    HONE_ROW(struct conf, min_count, HONE_INT, HONE_P_STATE, 0, 0, 1000000,
             "texts in which a feature must occur; 0: 1 for small problems, more for large ones"),
    NGRAMS_IDF_ROW(struct conf),
    HONE_ROW(struct conf, word_share, HONE_REAL, HONE_P_STATE, 0.6, 0, 1,
             "share of words and pairs in a text's squared length; the rest is characters"),
    HONE_ROW(struct conf, scale, HONE_REAL, HONE_P_STATE, 0, 0, 1000,
             "length of a text's features; 0: from the numbers of outputs and of planned steps"),
};

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    if (c->char_max < c->char_min)
        return hone_fail(err, HONE_EINVAL, "char_max = %lld is below char_min = %lld", (long long)c->char_max,
                         (long long)c->char_min);
    return 0;
}

/* With Adam each weight moves by about the learning rate a step, so the length of the features sets how far scores can
 * move in the planned steps. More outputs need greater differences of scores for the same certainty. */
static double auto_scale(int64_t outputs, int64_t steps)
{
    double few = sqrt(4700.0 / (double)(steps > 0 ? steps : 1));
    return 8.0 / 7.2 * log(9.0 * (double)(outputs > 1 ? outputs : 2)) * (few > 1 ? few : 1);
}

static int start(struct linear **m, const struct hone_host *host, struct hone_err *err)
{
    const struct hone_text_service *text = host->get(host, "hone.text/1");
    if (!text)
        return hone_fail(err, HONE_ENOSYS, "linear needs the host's service hone.text/1");
    if (!(*m = host->alloc(host, sizeof **m)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    (*m)->g.host = host;
    (*m)->g.text = text;
    return 0;
}

static int fit(void **self, const void *conf, const struct hone_lesson *l, const struct hone_host *host, int64_t max_bytes,
               struct hone_err *err)
{
    const struct conf *c = conf;
    struct linear *m;
    int ret = start(&m, host, err);
    if (ret)
        return ret;
    *self = m;
    m->outputs = l->outputs;
    m->g.word_ngrams = c->word_ngrams;
    m->g.char_min = c->char_min;
    m->g.char_max = c->char_max;
    m->g.by_output = c->idf == NGRAMS_BY_OUTPUTS && !l->base; /* the outputs of a base are not known any more */
    m->g.share = c->word_share;
    m->g.scale = c->scale > 0 ? c->scale : auto_scale(l->outputs, l->steps);
    return ngrams_fit(&m->g, l, l->base ? &((const struct linear *)l->base)->g : NULL, c->min_count, l->outputs, max_bytes - l->outputs * 4, err);
}

static int restore(void **self, const void *conf, int64_t outputs, const struct hone_string *output, struct hone_store *s,
                   const struct hone_host *host, struct hone_err *err)
{
    struct linear *m;
    int ret = start(&m, host, err);
    (void)conf;
    (void)output;
    if (ret)
        return ret;
    *self = m;
    m->outputs = outputs;
    return ngrams_restore(&m->g, s, err);
}

static int save(void *self, struct hone_store *s, struct hone_err *err)
{
    return ngrams_save(&((struct linear *)self)->g, s, err);
}

static int64_t size(void *self)
{
    const struct linear *m = self;
    return (m->g.rows + 1) * m->outputs * (int64_t)sizeof(float);
}

static int declare(void *self, struct hone_builder *b, struct hone_err *err)
{
    const struct linear *m = self;
    int64_t dims[2] = { m->g.rows, m->outputs };
    int ret = b->tensor(b, "weight", 2, dims, HONE_INIT_ZERO, 0, HONE_W_SPARSE_ROWS | HONE_W_KEYED | HONE_W_OUTPUT_COLS, err);
    return ret < 0 ? ret : b->tensor(b, "bias", 1, &m->outputs, HONE_INIT_ZERO, 0, HONE_W_NO_DECAY | HONE_W_OUTPUT_ROWS, err);
}

static int encode(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n,
                  struct hone_encoder *e, struct hone_err *err)
{
    (void)answer;
    return ngrams_encode(&((struct linear *)self)->g, input, n, e, err);
}

static int forward(void *self, struct hone_pass *p, struct hone_err *err)
{
    struct linear *m = self;
    struct ngrams_batch *b = p->tape = p->ops->scratch(p, sizeof *b);
    for (int64_t i = 0; i < p->rows; i++)
        memcpy(p->scores + i * p->width, p->tensor[1], (size_t)p->width * sizeof(float));
    if (!b || ngrams_forward(&m->g, &m->cache, p, p->tensor[0], p->width, p->scores, b))
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->rows);
    return 0;
}

static int backward(void *self, struct hone_pass *p, struct hone_err *err)
{
    (void)self;
    if (p->grad[1])
        for (int64_t i = 0; i < p->rows; i++)
            for (int64_t k = 0; k < p->width; k++)
                p->grad[1][k] += p->d_scores[i * p->width + k];
    return ngrams_backward(p, 0, p->tape, p->width, p->d_scores, err);
}

/* The rows of the table that the texts consist of, with the n-grams of their words. */
static int features(void *self, struct hone_pass *p, struct hone_bag *vectors, struct hone_err *err)
{
    const struct ngrams *g = &((struct linear *)self)->g;
    const struct hone_bag *in = &p->in;
    int64_t most = 0, n = 0;
    for (int64_t j = in->start[0]; j < in->start[in->n]; j++) {
        int64_t k = in->index[j] - g->rows;
        most += k < 0 ? 1 : g->gram_start[k + 1] - g->gram_start[k];
    }
    int64_t *start = p->ops->scratch(p, (size_t)(in->n + 1) * sizeof *start);
    int32_t *index = p->ops->scratch(p, (size_t)(most + 1) * sizeof *index);
    float *value = p->ops->scratch(p, (size_t)(most + 1) * sizeof *value);
    if (!start || !index || !value)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)in->n);
    for (int64_t i = 0; i < in->n; i++) {
        start[i] = n;
        for (int64_t j = in->start[i]; j < in->start[i + 1]; j++) {
            int64_t k = in->index[j] - g->rows;
            if (k < 0) {
                index[n] = in->index[j];
                value[n++] = in->value[j];
                continue;
            }
            for (int64_t m = g->gram_start[k]; m < g->gram_start[k + 1]; m++) {
                index[n] = g->gram_row[m];
                value[n++] = in->value[j] * g->gram_value[m];
            }
        }
    }
    start[in->n] = n;
    *vectors = (struct hone_bag){ in->n, start, index, value };
    return 0;
}

static uint64_t row_key(void *self, uint32_t tensor, int64_t row)
{
    (void)tensor;
    return ngrams_key(&((struct linear *)self)->g, row);
}

static void close_model(void *self)
{
    struct linear *m = self;
    const struct hone_host *host = m->g.host;
    ngrams_cache_free(&m->g, &m->cache);
    ngrams_free(&m->g);
    host->free(host, m);
}

static const struct hone_model linear = {
    .item = HONE_ITEM(struct hone_model, HONE_MODEL, "linear", "softmax regression over word and character n-grams",
                      "Words, pairs of words and character n-grams inside words, tf-idf weighted and scaled; one weight a "
                      "feature and output. Trains in seconds and is hard to beat on short texts.",
                      params, struct conf, 0, check),
    .size = size, .fit = fit, .restore = restore, .save = save, .declare = declare, .encode = encode,
    .forward = forward, .backward = backward, .close = close_model, .row_key = row_key, .features = features,
};

HONE_DEFINE_PLUGIN("linear", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &linear.item);
