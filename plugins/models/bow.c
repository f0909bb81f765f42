/* Model "bow": a bag of n-gram embeddings through one hidden layer of few units to a softmax, after Joulin et al., 2017,
 * "Bag of tricks for efficient text classification". For many outputs, where linear would need too much memory. */
#include "ngrams_fit.h"
#include "ngrams_pass.h"

struct conf {
    int64_t hidden, word_ngrams, char_min, char_max, min_count, idf;
    double word_share, scale;
};

struct bow {
    struct ngrams g;
    struct ngrams_cache cache;
    int64_t outputs, hidden;
};

enum { EMBEDDING, OUTPUT, BIAS };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, hidden, HONE_INT, HONE_P_STATE, 128, 1, 65536, "numbers in an embedding"),
    HONE_ROW(struct conf, word_ngrams, HONE_INT, HONE_P_STATE, 2, 1, 2, "longest run of words: 1 words, 2 also pairs"),
    HONE_ROW(struct conf, char_min, HONE_INT, HONE_P_STATE, 2, 1, 16, "shortest run of characters inside of a word"),
    HONE_ROW(struct conf, char_max, HONE_INT, HONE_P_STATE, 5, 1, 16, "longest run of characters inside of a word"),
    HONE_ROW(struct conf, min_count, HONE_INT, HONE_P_STATE, 0, 0, 1000000,
             "texts in which a feature must occur; 0: 1 for small problems, more for large ones"),
    NGRAMS_IDF_ROW(struct conf),
    HONE_ROW(struct conf, word_share, HONE_REAL, HONE_P_STATE, 0.6, 0, 1,
             "share of words and pairs in a text's squared length; the rest is characters"),
    HONE_ROW(struct conf, scale, HONE_REAL, HONE_P_STATE, 0, 0, 1000,
             "length of a text's features; 0: from the number of planned steps"),
};

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    if (c->char_max < c->char_min)
        return hone_fail(err, HONE_EINVAL, "char_max = %lld is below char_min = %lld", (long long)c->char_max,
                         (long long)c->char_min);
    return 0;
}

static int start(struct bow **m, int64_t outputs, const struct hone_host *host, struct hone_err *err)
{
    const struct hone_text_service *text = host->get(host, "hone.text/1");
    if (!text)
        return hone_fail(err, HONE_ENOSYS, "bow needs the host's service hone.text/1");
    if (!(*m = host->alloc(host, sizeof **m)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    (*m)->g.host = host;
    (*m)->g.text = text;
    (*m)->outputs = outputs;
    return 0;
}

static int fit(void **self, const void *conf, const struct hone_lesson *l, const struct hone_host *host, int64_t max_bytes,
               struct hone_err *err)
{
    const struct conf *c = conf;
    struct bow *m;
    int ret = start(&m, l->outputs, host, err);
    if (ret)
        return ret;
    *self = m;
    m->hidden = c->hidden;
    m->g.word_ngrams = c->word_ngrams;
    m->g.char_min = c->char_min;
    m->g.char_max = c->char_max;
    m->g.by_output = c->idf == NGRAMS_BY_OUTPUTS && !l->base; /* the outputs of a base are not known any more */
    m->g.share = c->word_share;
    double few = sqrt(4700.0 / (double)(l->steps > 0 ? l->steps : 1));
    m->g.scale = c->scale > 0 ? c->scale : 4 * (few > 1 ? few : 1);
    int64_t output_bytes = l->outputs * (c->hidden + 1) * 4;
    if (output_bytes > max_bytes)
        return hone_fail(err, HONE_ENOMEM, "%lld outputs x %lld hidden numbers take %.1f MB, more than the %.1f MB that this model "
                         "may use (raise memoryMb, or lower hidden in modelOptions)", (long long)l->outputs,
                         (long long)c->hidden, (double)output_bytes * 1e-6, (double)max_bytes * 1e-6);
    return ngrams_fit(&m->g, l, l->base ? &((const struct bow *)l->base)->g : NULL, c->min_count, c->hidden, max_bytes - output_bytes, err);
}

static int restore(void **self, const void *conf, int64_t outputs, const struct hone_string *output, struct hone_store *s,
                   const struct hone_host *host, struct hone_err *err)
{
    struct bow *m;
    int ret = start(&m, outputs, host, err);
    (void)output;
    if (ret)
        return ret;
    *self = m;
    m->hidden = ((const struct conf *)conf)->hidden;
    return ngrams_restore(&m->g, s, err);
}

static int save(void *self, struct hone_store *s, struct hone_err *err)
{
    return ngrams_save(&((struct bow *)self)->g, s, err);
}

static int64_t size(void *self)
{
    const struct bow *m = self;
    return ((m->g.rows + m->outputs) * m->hidden + m->outputs) * (int64_t)sizeof(float);
}

static int declare(void *self, struct hone_builder *b, struct hone_err *err)
{
    const struct bow *m = self;
    int64_t embedding[2] = { m->g.rows, m->hidden }, output[2] = { m->outputs, m->hidden };
    double wide = 1 / sqrt((double)m->hidden);
    int ret = b->tensor(b, "embedding", 2, embedding, HONE_INIT_NORMAL, wide,
                        HONE_W_SPARSE_ROWS | HONE_W_KEYED | HONE_W_WORDS, err);
    if (ret >= 0)
        ret = b->tensor(b, "output", 2, output, HONE_INIT_ZERO, 0, HONE_W_OUTPUT_ROWS, err);
    return ret < 0 ? ret : b->tensor(b, "bias", 1, &m->outputs, HONE_INIT_ZERO, 0, HONE_W_NO_DECAY | HONE_W_OUTPUT_ROWS, err);
}

static int encode(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n,
                  struct hone_encoder *e, struct hone_err *err)
{
    (void)answer;
    return ngrams_encode(&((struct bow *)self)->g, input, n, e, err);
}

/* What forward() leaves for backward(). */
struct tape {
    struct ngrams_batch batch;
    float *hidden; /* [rows][hidden] */
};

/* The hidden numbers of a batch, [rows][hidden] in scratch; NULL with err. */
static float *hidden_of(struct bow *m, struct hone_pass *p, struct ngrams_batch *batch, struct hone_err *err)
{
    float *h = p->ops->scratch(p, (size_t)(p->rows * m->hidden) * sizeof *h);
    if (h) {
        memset(h, 0, (size_t)(p->rows * m->hidden) * sizeof *h);
        if (ngrams_forward(&m->g, &m->cache, p, p->tensor[EMBEDDING], m->hidden, h, batch))
            h = NULL;
    }
    if (!h)
        hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->rows);
    return h;
}

static int forward(void *self, struct hone_pass *p, struct hone_err *err)
{
    struct bow *m = self;
    struct tape *t = p->tape = p->ops->scratch(p, sizeof *t);
    if (!t)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->rows);
    float *h = t->hidden = hidden_of(m, p, &t->batch, err);
    if (!h)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->rows; i++)
        memcpy(p->scores + i * p->width, p->tensor[BIAS], (size_t)p->width * sizeof(float));
    p->ops->matmul(p, 0, 1, p->rows, p->width, m->hidden, h, m->hidden, p->tensor[OUTPUT], m->hidden, p->scores, p->width, 1);
    return 0;
}

static int backward(void *self, struct hone_pass *p, struct hone_err *err)
{
    struct bow *m = self;
    const struct tape *t = p->tape;
    float *dh = p->ops->scratch(p, (size_t)(p->rows * m->hidden) * sizeof *dh);
    if (!dh)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->rows);
    for (int64_t i = 0; p->grad[BIAS] && i < p->rows; i++)
        for (int64_t k = 0; k < p->width; k++)
            p->grad[BIAS][k] += p->d_scores[i * p->width + k];
    if (p->grad[OUTPUT])
        p->ops->matmul(p, 1, 0, p->width, m->hidden, p->rows, p->d_scores, p->width, t->hidden, m->hidden, p->grad[OUTPUT],
                       m->hidden, 1);
    p->ops->matmul(p, 0, 0, p->rows, m->hidden, p->width, p->d_scores, p->width, p->tensor[OUTPUT], m->hidden, dh, m->hidden, 0);
    return ngrams_backward(p, EMBEDDING, &t->batch, m->hidden, dh, err);
}

static int features(void *self, struct hone_pass *p, struct hone_bag *vectors, struct hone_err *err)
{
    struct bow *m = self;
    struct ngrams_batch batch;
    float *h = hidden_of(m, p, &batch, err);
    int64_t *start = p->ops->scratch(p, (size_t)(p->rows + 1) * sizeof *start);
    int32_t *index = p->ops->scratch(p, (size_t)(p->rows * m->hidden + 1) * sizeof *index);
    if (!h || !start || !index)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->rows);
    for (int64_t i = 0; i <= p->rows; i++)
        start[i] = i * m->hidden;
    for (int64_t j = 0; j < p->rows * m->hidden; j++)
        index[j] = (int32_t)(j % m->hidden);
    *vectors = (struct hone_bag){ p->rows, start, index, h };
    return 0;
}

static uint64_t row_key(void *self, uint32_t tensor, int64_t row)
{
    (void)tensor;
    return ngrams_key(&((struct bow *)self)->g, row);
}

static uint64_t word_key(void *self, uint32_t tensor, const struct hone_string *word)
{
    const struct ngrams *g = &((struct bow *)self)->g;
    struct hone_words w = { 0 };
    uint64_t key = 0;
    (void)tensor;
    if (g->text->words(word->bytes, word->len, &w) == 0 && w.n == 1)
        key = hone_hash_pair(w.hash[0], NGRAMS_KEY_WORD);
    g->text->words_free(&w);
    return key;
}

static void close_model(void *self)
{
    struct bow *m = self;
    const struct hone_host *host = m->g.host;
    ngrams_cache_free(&m->g, &m->cache);
    ngrams_free(&m->g);
    host->free(host, m);
}

static const struct hone_model bow = {
    .item = HONE_ITEM(struct hone_model, HONE_MODEL, "bow", "n-gram embeddings, one hidden layer, softmax",
                      "The weighted sum of the embeddings of a text's n-grams, times a matrix of outputs. Memory grows with "
                      "features plus outputs instead of their product.",
                      params, struct conf, 0, check),
    .size = size, .fit = fit, .restore = restore, .save = save, .declare = declare, .encode = encode,
    .forward = forward, .backward = backward, .close = close_model, .row_key = row_key, .word_key = word_key, .features = features,
};

HONE_DEFINE_PLUGIN("bow", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &bow.item);
