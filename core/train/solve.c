/* See solve.h. */
#include "core/train/solve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/memory.h"

void solved_free(struct solved *s)
{
    free(s->state);
    free(s->correction);
    free(s->weight);
    free(s->bias);
    *s = (struct solved){ .head = -1, .biased = -1 };
}

/* Which tensors scores are linear in. */
static int find_head(struct run *r, struct hone_err *err)
{
    const struct tensors *ts = &r->learner.tensors;
    const char *model = r->learner.model->item.name;
    struct solved *s = &r->solved;
    for (int64_t i = 0; i < ts->n; i++) {
        const struct tensor *t = &ts->t[i];
        if (t->ndim == 2 && t->flags & (HONE_W_OUTPUT_ROWS | HONE_W_OUTPUT_COLS))
            s->head = i;
        else if (t->ndim == 1 && t->flags & HONE_W_OUTPUT_ROWS)
            s->biased = i;
    }
    if (!r->learner.model->features || s->head < 0)
        return hone_fail(err, HONE_EINVAL, "config.paradigmOptions: paradigm '%s' learns from vectors of the rows, and model '%s' has none to give; take "
                         "another model, or set solve to false", r->paradigm->item.name, model);
    for (int64_t i = 0; i < ts->n; i++)
        if ((i == s->head || i == s->biased) && ts->t[i].flags & HONE_W_FROZEN)
            return hone_fail(err, HONE_EINVAL, "config.freezeLayers: tensor '%s' is what paradigm '%s' solves for; leave it free, or set solve to false in "
                             "paradigmOptions", ts->t[i].name, r->paradigm->item.name);
    if (r->train.n > HONE_WHOLE_ROWS)
        return hone_fail(err, HONE_EINVAL, "config.paradigmOptions: paradigm '%s' learns from at most %d rows at once, and there are %lld; set solve to false "
                         "in paradigmOptions, or take supervised", r->paradigm->item.name, HONE_WHOLE_ROWS, (long long)r->train.n);
    return 0;
}

struct dots_work {
    const struct memory *m;
    const double *length;
    float *dot;
};

static void dots_task(void *arg, int64_t begin, int64_t end)
{
    const struct dots_work *w = arg;
    for (int64_t i = begin; i < end; i++) {
        float *row = w->dot + i * w->m->n;
        memory_dots(w->m, i, row);
        for (int64_t j = 0; j < w->m->n; j++)
            row[j] = (float)((double)row[j] * (w->length[i] * w->length[j]));
    }
}

/* What the coefficients make of the tensor of outputs. */
static void add_rows(struct solved *s, const struct tensor *t, const struct memory *m, const double *length, const float *coefficient)
{
    int by_row = (t->flags & HONE_W_OUTPUT_ROWS) != 0;
    int64_t space = by_row ? t->width : t->rows, width = m->width;
    for (int64_t i = 0; i < m->n; i++)
        for (int64_t j = m->start[i]; j < m->start[i + 1]; j++) {
            float v = (float)((double)m->value[j] * length[i]);
            for (int64_t k = 0; m->index[j] < space && k < width; k++)
                s->weight[by_row ? k * space + m->index[j] : m->index[j] * width + k] += v * coefficient[i * width + k];
        }
}

/* The paradigm's answer, and whether it is one. */
static int ask(struct run *r, struct memory *m, const float *dot, struct hone_solution *out, struct hone_err *err)
{
    const struct row_set *x = &r->train;
    struct hone_whole whole = { .struct_size = sizeof whole, .n = x->n, .width = m->width, .target = x->target, .weight = x->weight,
                                .feedback = x->feedback, .dot = dot, .seed = (uint64_t)r->config.seed };
    int ret = r->paradigm->solve(r->paradigm_conf, &whole, out, r->paradigm_state, err);
    if (ret < 0)
        return err_prefix(err, "paradigm '%s'", r->paradigm->item.name);
    int finite = out->neighbours >= 0 && isfinite(out->neighbours) && out->sharpness >= 0 && isfinite(out->sharpness);
    for (int64_t i = 0; i < m->n * m->width; i++)
        finite &= isfinite(out->coefficient[i]) && isfinite(out->correction[i]);
    for (int64_t k = 0; k < m->width; k++)
        finite &= isfinite(out->bias[k]) != 0;
    for (int64_t i = 0; i < m->n; i++)
        finite &= out->vote[i] >= 0 && isfinite(out->vote[i]) && (out->vote[i] == 0 || x->target[i] >= 0);
    return finite ? 0 : hone_fail(err, ERR_PLUGIN, "paradigm '%s': solve() gives a number that is not finite, below 0 where it must not be, or a vote to a "
                                  "row without a target", r->paradigm->item.name);
}

/* Takes the answer over; m becomes the learner's where there are neighbours. */
static int take(struct run *r, struct memory *m, const double *length, const struct hone_solution *out, struct hone_err *err)
{
    struct solved *s = &r->solved;
    const struct tensor *t = &r->learner.tensors.t[s->head];
    size_t bytes = (size_t)r->n_paradigm_state * sizeof *s->state;
    s->weight = floats_new(t->n);
    s->state = malloc(bytes + 1);
    if (!s->weight || !s->state)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for what was solved");
    memcpy(s->state, r->paradigm_state, bytes);
    add_rows(s, t, m, length, out->coefficient);
    if (out->neighbours > 0) {
        memcpy(m->target, r->train.target, (size_t)m->n * sizeof *m->target);
        memcpy(m->vote, out->vote, (size_t)m->n * sizeof *m->vote);
        m->neighbours = out->neighbours;
        m->sharpness = out->sharpness;
        memory_seal(m);
        r->learner.memory = m;
    }
    return 0;
}

int solve_open(struct run *r, struct hone_err *err)
{
    int64_t n = r->train.n, width = r->learner.tensors.width;
    r->solved = (struct solved){ .head = -1, .biased = -1 };
    if (!(r->plan.flags & HONE_PLAN_SOLVE))
        return 0;
    int ret = find_head(r, err);
    if (ret < 0)
        return ret;
    double *length = calloc((size_t)n + 1, sizeof *length);
    float *dot = floats_new(n * n), *coefficient = floats_new(n * width), *vote = floats_new(n);
    struct memory *m = NULL;
    r->solved.correction = floats_new(n * width);
    r->solved.bias = floats_new(width);
    if (!length || !dot || !coefficient || !vote || !r->solved.correction || !r->solved.bias)
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out for the inner products of %lld rows", (long long)n);
    else if (!(m = memory_new(&r->eval_passes, r->learner.model, r->learner.self, &r->train.x, width, length, err)))
        ret = err->code;
    struct dots_work w = { m, length, dot };
    struct hone_solution out = { .struct_size = sizeof out, .coefficient = coefficient, .bias = r->solved.bias, .vote = vote, .correction = r->solved.correction };
    if (ret >= 0) {
        pool_run(r->pool, n, 1, dots_task, &w);
        r->beat(r->beat_arg);
        ret = ask(r, m, dot, &out, err);
    }
    if (ret >= 0)
        ret = take(r, m, length, &out, err);
    if (m != r->learner.memory)
        memory_free(m);
    free(length);
    free(dot);
    free(coefficient);
    free(vote);
    return ret < 0 ? ret : 0;
}

void solve_start(struct run *r)
{
    const struct solved *s = &r->solved;
    struct tensors *ts = &r->learner.tensors;
    if (!s->weight)
        return;
    memcpy(ts->t[s->head].param, s->weight, (size_t)ts->t[s->head].n * sizeof(float));
    if (s->biased >= 0)
        memcpy(ts->t[s->biased].param, s->bias, (size_t)ts->t[s->biased].n * sizeof(float));
    memcpy(r->paradigm_state, s->state, (size_t)r->n_paradigm_state * sizeof *s->state);
}

void solve_correct(const struct run *r, const int64_t *row, int64_t n, float *scores)
{
    int64_t width = r->learner.tensors.width;
    for (int64_t i = 0; r->solved.correction && i < n; i++)
        for (int64_t k = 0; k < width; k++)
            scores[i * width + k] += r->solved.correction[row[i] * width + k];
}
