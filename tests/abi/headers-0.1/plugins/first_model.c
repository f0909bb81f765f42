/* Model "first_model": texts to scores of outputs. This one is softmax regression over hashed words. */
#include <math.h>
#include <string.h>
#include "hone/model.h"
#include "hone/text.h"

struct conf {
    int64_t buckets;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, buckets, HONE_INT, HONE_P_STATE, 16384, 16, 16777216, "rows of weights that words share"),
};

struct model {
    const struct hone_host *host;
    const struct hone_text_service *text;
    int64_t buckets, outputs;
};

static int start(void **self, const void *conf, int64_t outputs, const struct hone_host *host, struct hone_err *err)
{
    struct model *m = host->alloc(host, sizeof *m);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *self = m;
    *m = (struct model){ host, host->get(host, "hone.text/1"), ((const struct conf *)conf)->buckets, outputs };
    return m->text ? 0 : hone_fail(err, HONE_ENOSYS, "first_model needs the host's service hone.text/1");
}

static int fit(void **self, const void *conf, const struct hone_lesson *l, const struct hone_host *host, int64_t max_bytes,
               struct hone_err *err)
{
    int64_t bytes = (((const struct conf *)conf)->buckets + 1) * l->outputs * (int64_t)sizeof(float);
    if (bytes > max_bytes)
        return hone_fail(err, HONE_ENOMEM, "its weights take %lld bytes, more than the %lld that it may use", (long long)bytes,
                         (long long)max_bytes);
    return start(self, conf, l->outputs, host, err);
}

/* Everything that is needed is in the settings, which the host keeps with the weights. */
static int restore(void **self, const void *conf, int64_t outputs, const struct hone_string *output, struct hone_store *s,
                   const struct hone_host *host, struct hone_err *err)
{
    (void)output;
    (void)s;
    return start(self, conf, outputs, host, err);
}

static int save(void *self, struct hone_store *s, struct hone_err *err)
{
    (void)self;
    (void)s;
    (void)err;
    return 0;
}

static int64_t size(void *self)
{
    const struct model *m = self;
    return (m->buckets + 1) * m->outputs * (int64_t)sizeof(float);
}

static int declare(void *self, struct hone_builder *b, struct hone_err *err)
{
    const struct model *m = self;
    int64_t dims[2] = { m->buckets, m->outputs };
    int ret = b->tensor(b, "weight", 2, dims, HONE_INIT_ZERO, 0, HONE_W_SPARSE_ROWS, err);
    return ret < 0 ? ret : b->tensor(b, "bias", 1, &m->outputs, HONE_INIT_ZERO, 0, HONE_W_NO_DECAY, err);
}

static int encode(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n, struct hone_encoder *e,
                  struct hone_err *err)
{
    const struct model *m = self;
    struct hone_words w;
    int ret = 0;
    (void)answer;
    memset(&w, 0, sizeof w);
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        ret = m->text->words(input[i].bytes, input[i].len, &w);
        int32_t *index = m->host->alloc(m->host, (size_t)(w.n + 1) * sizeof *index);
        float *value = m->host->alloc(m->host, (size_t)(w.n + 1) * sizeof *value);
        for (int64_t k = 0; index && value && k < w.n; k++) {
            index[k] = (int32_t)(w.hash[k] % (uint64_t)m->buckets);
            value[k] = (float)(20 / sqrt((double)w.n));
        }
        if (ret >= 0)
            ret = index && value ? e->add(e, w.n, index, value) : HONE_ENOMEM;
        m->host->free(m->host, index);
        m->host->free(m->host, value);
    }
    m->text->words_free(&w);
    return ret < 0 ? hone_fail(err, ret, "memory ran out") : 0;
}

static int forward(void *self, struct hone_pass *p, struct hone_err *err)
{
    (void)self;
    (void)err;
    for (int64_t i = 0; i < p->rows; i++)
        memcpy(p->scores + i * p->width, p->tensor[1], (size_t)p->width * sizeof(float));
    p->ops->bag(p, &p->in, p->tensor[0], p->width, p->width, p->scores, 1);
    return 0;
}

static int backward(void *self, struct hone_pass *p, struct hone_err *err)
{
    (void)self;
    for (int64_t i = 0; p->grad[1] && i < p->rows; i++)
        for (int64_t k = 0; k < p->width; k++)
            p->grad[1][k] += p->d_scores[i * p->width + k];
    return p->ops->bag_grad(p, 0, &p->in, p->d_scores, err);
}

static void close_model(void *self)
{
    struct model *m = self;
    m->host->free(m->host, m);
}

static const struct hone_model first_model = {
    .item = HONE_ITEM(struct hone_model, HONE_MODEL, "first_model", "one line for lists", "Longer text.", params, struct conf, 0, NULL),
    .size = size, .fit = fit, .restore = restore, .save = save, .declare = declare, .encode = encode, .forward = forward,
    .backward = backward, .close = close_model,
};

HONE_DEFINE_PLUGIN("first_model", "0.1", "Apache-2.0", "", NULL, NULL, &first_model.item);
