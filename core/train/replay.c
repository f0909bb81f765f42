#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/data/split.h"
#include "core/train/predictor.h"
#include "core/train/replay.h"

/* The rows of one side: those that teach an answer. e becomes the file that they stand in. */
static int read_side(const struct past *p, int held_out, struct examples *e, int64_t **row, int64_t *n, struct hone_err *err)
{
    int own = held_out && p->validation;
    struct read_options o = { .format = own ? p->validation_format : p->format };
    int64_t *train = NULL, *valid = NULL, n_train = 0, n_valid = 0;
    int ret = examples_read(e, own ? p->validation : p->data, &o, err);
    if (!ret)
        ret = split_examples(e, 0, p->validation ? 0 : p->split, p->seed, &train, &n_train, &valid, &n_valid, err);
    int64_t *side = held_out && !own ? valid : train, count = held_out && !own ? n_valid : n_train;
    *n = 0;
    for (int64_t i = 0; i < count && !ret; i++)
        if (e->output[side[i]] >= 0 && e->weight[side[i]] > 0 && e->feedback[side[i]] != HONE_INCORRECT)
            side[(*n)++] = side[i];
    *row = side;
    free(side == train ? valid : train);
    if (ret) {
        free(*row);
        *row = NULL;
        examples_free(e);
    }
    return ret;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int replay_draw(const struct past *p, int64_t want, uint64_t seed, struct examples *e, int64_t **row, int64_t *n, struct hone_err *err)
{
    if (!p->data)
        return hone_fail(err, HONE_EINVAL, "config.paradigmOptions.replay: the rows that the base was trained on are not known, as it is a file; name "
                         "the agent or the job that was trained, or set replay to 0");
    int ret = read_side(p, 0, e, row, n, err);
    if (ret)
        return err_prefix(err, "config.base");
    rng_shuffle(seed, RNG_REPLAY, 0, *row, *n);
    *n = *n < want ? *n : want;
    qsort(*row, (size_t)*n, sizeof **row, ascending);
    return 0;
}

/* Rows of e that an agent answers rightly. */
static int count_right(struct predictor *m, const struct examples *e, const int64_t *row, int64_t n, int64_t *right, struct hone_err *err)
{
    struct hone_string *text = malloc((size_t)(n + 1) * sizeof *text);
    int32_t *best = malloc((size_t)(n + 1) * sizeof *best);
    for (int64_t i = 0; text && i < n; i++)
        text[i] = e->input[row[i]];
    int ret = text && best ? predictor_best(m, text, n, best, NULL, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    *right = 0;
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        struct hone_string said = predictor_output(m, best[i]), want = e->outputs.name[e->output[row[i]]];
        *right += said.len == want.len && memcmp(said.bytes, want.bytes, (size_t)want.len) == 0;
    }
    free(text);
    free(best);
    return ret < 0 ? ret : 0;
}

/* Compacts row[] to those whose outputs both agents know, and counts these. */
static int64_t known_to_both(const struct predictor *a, const struct predictor *b, const struct examples *e, int64_t *row, int64_t n,
                             uint8_t *both, int64_t *outputs)
{
    int64_t m = 0;
    *outputs = 0;
    for (int64_t i = 0; i < e->outputs.n; i++) {
        const struct hone_string *s = &e->outputs.name[i];
        both[i] = predictor_find_output(a, s->bytes, s->len) >= 0 && predictor_find_output(b, s->bytes, s->len) >= 0;
        *outputs += both[i];
    }
    for (int64_t i = 0; i < n; i++)
        if (both[e->output[row[i]]])
            row[m++] = row[i];
    return m;
}

int forgetting_measure(const struct past *p, struct registry *registry, struct pool *pool, const char *base, const char *weights,
                       struct forgetting *f, struct hone_err *err)
{
    struct examples e = { 0 };
    struct predictor *old = NULL, *now = NULL;
    int64_t *row = NULL, n = 0, before = 0, after = 0;
    uint8_t *both = NULL;
    *f = (struct forgetting){ .why = "the rows that the base was trained on are not known" };
    if (!p->data)
        return 0;
    int ret = read_side(p, 1, &e, &row, &n, err);
    if (!ret && n && (!(old = predictor_open(registry, pool, base, err)) || !(now = predictor_open(registry, pool, weights, err))))
        ret = err->code;
    if (!ret && !(both = calloc((size_t)e.outputs.n + 1, 1)))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    f->why = n ? "none of the base's outputs is an output of this job" : "the base was trained without held-out rows";
    if (!ret && n)
        n = known_to_both(old, now, &e, row, n, both, &f->outputs);
    if (!ret && n)
        ret = count_right(old, &e, row, n, &before, err);
    if (!ret && n)
        ret = count_right(now, &e, row, n, &after, err);
    if (!ret && n) {
        f->rows = n;
        f->before = (double)before / (double)n;
        f->after = (double)after / (double)n;
        f->why = NULL;
    }
    predictor_close(old);
    predictor_close(now);
    examples_free(&e);
    free(row);
    free(both);
    return ret < 0 ? ret : 0;
}
