#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/step.h"

#define LOSS_ROWS 8      /* rows that one call of a paradigm's loss() gets: part of the results, never changed */
#define VALID_ROWS 256   /* rows of a validation batch */

int stepper_open(struct stepper *s, struct run *r, struct hone_err *err)
{
    *s = (struct stepper){ .run = r, .batches = r->config.gradient_accumulation };
    s->batch = calloc((size_t)s->batches, sizeof *s->batch);
    return s->batch ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

void stepper_close(struct stepper *s)
{
    for (int64_t i = 0; s->batch && i < s->batches; i++)
        batch_free(&s->batch[i]);
    free(s->batch);
    *s = (struct stepper){ 0 };
}

/* The losses of a batch, in pieces of LOSS_ROWS. */
struct loss_work {
    const struct run *run;
    struct hone_rows rows;       /* of the whole batch */
    float *d_scores;
    struct hone_loss *part;
    struct hone_err *err;        /* [pieces] */
};

static void loss_task(void *arg, int64_t begin, int64_t end)
{
    const struct loss_work *w = arg;
    for (int64_t i = begin; i < end; i += LOSS_ROWS) {
        struct hone_rows rows = w->rows;
        rows.n = end - i < LOSS_ROWS ? end - i : LOSS_ROWS;
        rows.scores += i * rows.width;
        rows.target += i;
        rows.weight += i;
        rows.feedback += i;
        rows.reward = rows.reward ? rows.reward + i : NULL;
        rows.propensity = rows.propensity ? rows.propensity + i : NULL;
        rows.example += i;
        struct hone_err *err = &w->err[i / LOSS_ROWS];
        int ret = w->run->paradigm->loss(w->run->paradigm_conf, &rows, &w->part[i / LOSS_ROWS],
                                         w->d_scores ? w->d_scores + i * rows.width : NULL, err);
        if (ret < 0)
            err->code = ret;
    }
}

/* What the paradigm sees of rows row[0..n) of a set, in scratch. 0 or HONE_ENOMEM. */
static int gather_rows(struct run *r, struct passes *p, const struct row_set *set, const int64_t *row, int64_t n,
                       struct hone_rows *out)
{
    int32_t *target = passes_scratch(p, (size_t)n * sizeof *target);
    float *weight = passes_scratch(p, (size_t)n * sizeof *weight);
    uint8_t *feedback = passes_scratch(p, (size_t)n);
    float *reward = set->reward ? passes_scratch(p, (size_t)n * sizeof *reward) : NULL;
    float *propensity = set->propensity ? passes_scratch(p, (size_t)n * sizeof *propensity) : NULL;
    int64_t *example = passes_scratch(p, (size_t)n * sizeof *example);
    if (!target || !weight || !feedback || !example || (set->reward && !reward) || (set->propensity && !propensity))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        target[i] = set->target[row[i]];
        weight[i] = set->weight[row[i]];
        feedback[i] = set->feedback[row[i]];
        example[i] = row[i];
        if (reward)
            reward[i] = set->reward[row[i]];
        if (propensity)
            propensity[i] = set->propensity[row[i]];
    }
    *out = (struct hone_rows){ .struct_size = sizeof *out, .n = n, .width = r->learner.tensors.width, .target = target,
                               .weight = weight, .feedback = feedback, .reward = reward, .propensity = propensity,
                               .example = example, .epoch = r->state.epoch, .step = r->state.step,
                               .seed = (uint64_t)r->config.seed, .state = r->paradigm_state };
    return 0;
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out in a training step");
}

/* Sums of the losses of a batch; d_scores NULL for an evaluation. */
static int losses(struct run *r, struct passes *p, const struct hone_rows *rows, float *d_scores, struct hone_loss *sum,
                  struct hone_err *err)
{
    int64_t pieces = (rows->n + LOSS_ROWS - 1) / LOSS_ROWS;
    struct loss_work w = { .run = r, .rows = *rows, .d_scores = d_scores };
    w.part = passes_scratch(p, (size_t)pieces * sizeof *w.part);
    w.err = passes_scratch(p, (size_t)pieces * sizeof *w.err);
    if (!w.part || !w.err)
        return no_memory(err);
    memset(w.part, 0, (size_t)pieces * sizeof *w.part);
    for (int64_t i = 0; i < pieces; i++)
        w.err[i].code = 0;
    pool_run(r->pool, rows->n, rows->n * rows->width < 16384 ? (rows->n + LOSS_ROWS) / LOSS_ROWS * LOSS_ROWS : LOSS_ROWS,
             loss_task, &w);
    for (int64_t i = 0; i < pieces; i++) {
        if (w.err[i].code < 0) {
            *err = w.err[i];
            return err_prefix(err, "paradigm '%s'", r->paradigm->item.name);
        }
        sum->loss += w.part[i].loss;
        sum->weight += w.part[i].weight;
    }
    return 0;
}

/* Rows that teach a right answer, and how many of them have the highest score there. */
static void count_hits(const struct hone_rows *rows, double *hits, double *counted)
{
    for (int64_t i = 0; i < rows->n; i++) {
        if (rows->feedback[i] == HONE_INCORRECT || !(rows->weight[i] > 0))
            continue;
        *counted += 1;
        const float *s = rows->scores + i * rows->width;
        int64_t best = 0;
        for (int64_t k = 1; k < rows->width; k++)
            if (s[k] > s[best])
                best = k;
        *hits += best == rows->target[i];
    }
}

/* Sets up the pass over a gathered batch and runs it forward. */
static int forward(struct run *r, struct passes *p, const struct batch *b, uint32_t flags, struct hone_rows *rows,
                   struct hone_err *err)
{
    int64_t width = r->learner.tensors.width;
    float *scores = passes_scratch(p, (size_t)(rows->n * width) * sizeof *scores);
    if (!scores)
        return no_memory(err);
    p->pass.in = b->bag;
    p->pass.rows = rows->n;
    p->pass.width = width;
    p->pass.flags = flags;
    p->pass.scores = scores;
    p->pass.d_scores = NULL;
    p->pass.seed = (uint64_t)r->config.seed ^ (uint64_t)r->state.step * 0x9e3779b97f4a7c15u;
    rows->scores = scores;
    return passes_forward(p, r->learner.model, r->learner.self, err);
}

/* Forward and backward over batch number m of the step. */
static int one_batch(struct stepper *s, int64_t m, struct hone_loss *sum, double *hits, double *counted, struct hone_err *err)
{
    struct run *r = s->run;
    struct passes *p = &r->passes;
    int64_t from = m * r->config.batch_size, n = s->n - from < r->config.batch_size ? s->n - from : r->config.batch_size;
    struct hone_rows rows;
    if (batch_gather(&s->batch[m], &r->train.x, s->row + from, n) || gather_rows(r, p, &r->train, s->row + from, n, &rows))
        return no_memory(err);
    rows.flags = HONE_ROWS_TRAIN;
    int ret = forward(r, p, &s->batch[m], HONE_PASS_TRAIN, &rows, err);
    float *d_scores = ret < 0 ? NULL : passes_scratch(p, (size_t)(n * rows.width) * sizeof *d_scores);
    if (ret >= 0)
        ret = d_scores ? losses(r, p, &rows, d_scores, sum, err) : no_memory(err);
    if (ret < 0)
        return ret;
    count_hits(&rows, hits, counted);
    p->pass.d_scores = d_scores;
    return passes_backward(p, r->learner.model, r->learner.self, err);
}

/* Losses and gradients of the step's examples at the present parameters: an optim_eval. */
static int evaluate_step(void *arg, double *loss, struct hone_err *err)
{
    struct stepper *s = arg;
    struct run *r = s->run;
    struct hone_loss sum = { 0, 0 };
    double hits = 0, counted = 0;
    passes_begin(&r->passes);
    for (int64_t m = 0; m * r->config.batch_size < s->n; m++) {
        int ret = one_batch(s, m, &sum, &hits, &counted, err);
        if (ret < 0)
            return ret;
    }
    s->loss = *loss = sum.weight > 0 ? sum.loss / sum.weight : 0;
    if (!isfinite(*loss))
        return hone_fail(err, HONE_EDIVERGED, "the loss of step %lld is not finite", (long long)r->state.step + 1);
    if (!s->counted) {
        r->state.loss_sum += sum.loss;
        r->state.loss_weight += sum.weight;
        r->state.hits += hits;
        r->state.counted += counted;
        s->counted = 1;
    }
    return passes_collect(&r->passes, sum.weight > 0 ? (float)(1 / sum.weight) : 0, err);
}

/* Lets the paradigm see what was learned from; only the last batch's scores are still there. */
static int observe(struct stepper *s, struct hone_err *err)
{
    struct run *r = s->run;
    if (!r->paradigm->observe)
        return 0;
    struct hone_rows rows;
    int64_t m = (s->n - 1) / r->config.batch_size, from = m * r->config.batch_size;
    if (gather_rows(r, &r->passes, &r->train, s->row + from, s->n - from, &rows))
        return no_memory(err);
    rows.flags = HONE_ROWS_TRAIN;
    rows.scores = r->passes.pass.scores;
    int ret = r->paradigm->observe(r->paradigm_conf, &rows, r->paradigm_state, err);
    return ret < 0 ? err_prefix(err, "paradigm '%s'", r->paradigm->item.name) : 0;
}

int stepper_take(struct stepper *s, const int64_t *row, int64_t n, double *norm, struct hone_err *err)
{
    struct run *r = s->run;
    double rate = schedule_rate(&r->schedule, r->state.step, r->state.epoch), loss;
    int ret;
    s->row = row;
    s->n = n;
    s->counted = 0;
    if (r->optim.item->minimize) {
        ret = optim_minimize(&r->optim, &r->passes, rate, r->config.max_grad_norm, evaluate_step, s, norm, err);
    } else {
        ret = evaluate_step(s, &loss, err);
        if (ret >= 0)
            ret = optim_step(&r->optim, &r->passes, rate, r->config.max_grad_norm, norm, err);
    }
    if (ret >= 0)
        ret = observe(s, err);
    if (ret < 0)
        return ret;
    r->state.step++;
    r->state.at += n;
    for (int64_t i = 0; i < n; i++)
        r->state.tokens += r->train.tokens[row[i]];
    return 0;
}

int validate(struct run *r, double *loss, double *accuracy, struct hone_err *err)
{
    struct passes *p = &r->eval_passes;
    struct batch b = { 0 };
    struct hone_loss sum = { 0, 0 };
    double hits = 0, counted = 0;
    int64_t row[VALID_ROWS];
    int ret = 0;
    for (int64_t from = 0; from < r->valid.n && ret >= 0; from += VALID_ROWS) {
        int64_t n = r->valid.n - from < VALID_ROWS ? r->valid.n - from : VALID_ROWS;
        struct hone_rows rows;
        for (int64_t i = 0; i < n; i++)
            row[i] = from + i;
        passes_begin(p);
        if (batch_gather(&b, &r->valid.x, row, n) || gather_rows(r, p, &r->valid, row, n, &rows))
            ret = no_memory(err);
        if (ret >= 0) /* the first batch tells the model that its tensors have changed */
            ret = forward(r, p, &b, from ? HONE_PASS_FROZEN : 0, &rows, err);
        if (ret >= 0)
            ret = losses(r, p, &rows, NULL, &sum, err);
        if (ret >= 0)
            count_hits(&rows, &hits, &counted);
        r->beat(r->beat_arg);
    }
    batch_free(&b);
    *loss = sum.weight > 0 ? sum.loss / sum.weight : NAN;
    *accuracy = counted > 0 ? hits / counted : NAN;
    return ret < 0 ? ret : 0;
}
