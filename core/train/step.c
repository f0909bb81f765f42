#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/plan.h"
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
    const struct sheet *sheet;
    float *d_scores;
    struct hone_loss *part;
    struct hone_err *err;        /* [pieces] */
};

static void loss_task(void *arg, int64_t begin, int64_t end)
{
    const struct loss_work *w = arg;
    for (int64_t i = begin; i < end; i += LOSS_ROWS) {
        struct sheet piece;
        sheet_part(w->sheet, i, end - i < LOSS_ROWS ? end - i : LOSS_ROWS, &piece);
        struct hone_err *err = &w->err[i / LOSS_ROWS];
        int ret = w->run->paradigm->loss(w->run->paradigm_conf, &piece.rows, &w->part[i / LOSS_ROWS],
                                         w->d_scores ? w->d_scores + i * piece.rows.width : NULL, err);
        if (ret < 0)
            err->code = ret;
    }
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out in a training step");
}

/* Sums of the losses of a batch; d_scores NULL for an evaluation. */
static int losses(struct run *r, struct passes *p, const struct sheet *sheet, float *d_scores, struct hone_loss *sum,
                  struct hone_err *err)
{
    const struct hone_rows *rows = &sheet->rows;
    int64_t pieces = (rows->n + LOSS_ROWS - 1) / LOSS_ROWS;
    struct loss_work w = { .run = r, .sheet = sheet, .d_scores = d_scores };
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
        sum->score += w.part[i].score;
        sum->scored += w.part[i].scored;
    }
    return 0;
}

/* Rows that teach a right answer, and how many of them have the highest score there. None of a log of actions. */
static void count_hits(const struct run *r, const struct hone_rows *rows, double *hits, double *counted)
{
    for (int64_t i = 0; i < rows->n && !(r->plan.flags & HONE_PLAN_LOGGED); i++) {
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

/* Forward and backward over batch number m of the step. */
static int one_batch(struct stepper *s, int64_t m, struct hone_loss *sum, double *hits, double *counted, struct hone_err *err)
{
    struct run *r = s->run;
    struct passes *p = &r->passes;
    int64_t from = m * r->config.batch_size, n = s->n - from < r->config.batch_size ? s->n - from : r->config.batch_size;
    struct sheet part;
    sheet_part(&s->sheet, from, n, &part);
    if (batch_gather(&s->batch[m], &r->train.x, s->row + from, n))
        return no_memory(err);
    int ret = sheet_forward(&part, r, p, &s->batch[m], HONE_PASS_TRAIN, err);
    float *d_scores = ret < 0 ? NULL : passes_scratch(p, (size_t)(n * part.rows.width) * sizeof *d_scores);
    if (ret >= 0)
        ret = d_scores ? losses(r, p, &part, d_scores, sum, err) : no_memory(err);
    if (ret < 0)
        return ret;
    count_hits(r, &part.rows, hits, counted);
    p->pass.d_scores = d_scores;
    return passes_backward(p, r->learner.model, r->learner.self, err);
}

/* Losses and gradients of the step's examples at the present parameters: an optim_eval. */
static int evaluate_step(void *arg, double *loss, struct hone_err *err)
{
    struct stepper *s = arg;
    struct run *r = s->run;
    struct hone_loss sum = { 0 };
    double hits = 0, counted = 0;
    passes_begin(&r->passes);
    if (sheet_make(&s->sheet, r, &r->passes, &r->train, s->row, s->n))
        return no_memory(err);
    s->sheet.rows.flags = HONE_ROWS_TRAIN;
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
        r->state.score_sum += sum.score;
        r->state.scored += sum.scored;
        r->state.hits += hits;
        r->state.counted += counted;
        s->counted = 1;
    }
    return passes_collect(&r->passes, sum.weight > 0 ? (float)(1 / sum.weight) : 0, err);
}

/* Lets the paradigm see what was learned from. */
static int observe(struct stepper *s, struct hone_err *err)
{
    struct run *r = s->run;
    int ret = r->paradigm->observe ? r->paradigm->observe(r->paradigm_conf, &s->sheet.rows, r->paradigm_state, err) : 0;
    return ret < 0 ? err_prefix(err, "paradigm '%s'", r->paradigm->item.name) : 0;
}

int stepper_take(struct stepper *s, const int64_t *row, int64_t n, double *norm, struct hone_err *err)
{
    struct run *r = s->run;
    double rate = plan_rate(r, r->state.step, r->state.epoch), loss;
    int ret = plan_refresh(r, err);
    if (ret < 0)
        return ret;
    plan_hold(r);
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

int validate(struct run *r, struct validation *v, struct hone_err *err)
{
    struct passes *p = &r->eval_passes;
    struct batch b = { 0 };
    struct hone_loss sum = { 0 };
    double hits = 0, counted = 0;
    int64_t row[VALID_ROWS];
    int ret = 0;
    for (int64_t from = 0; from < r->valid.n && ret >= 0; from += VALID_ROWS) {
        int64_t n = r->valid.n - from < VALID_ROWS ? r->valid.n - from : VALID_ROWS;
        struct sheet sheet;
        for (int64_t i = 0; i < n; i++)
            row[i] = from + i;
        passes_begin(p);
        if (batch_gather(&b, &r->valid.x, row, n) || sheet_make(&sheet, r, p, &r->valid, row, n))
            ret = no_memory(err);
        if (ret >= 0) /* the first batch tells the model that its tensors have changed */
            ret = sheet_forward(&sheet, r, p, &b, from ? HONE_PASS_FROZEN : 0, err);
        if (ret >= 0)
            ret = losses(r, p, &sheet, NULL, &sum, err);
        if (ret >= 0)
            count_hits(r, &sheet.rows, &hits, &counted);
        r->beat(r->beat_arg);
    }
    batch_free(&b);
    v->loss = sum.weight > 0 ? sum.loss / sum.weight : NAN;
    v->accuracy = counted > 0 ? hits / counted : NAN;
    v->score = sum.scored > 0 ? sum.score / sum.scored : NAN;
    return ret < 0 ? ret : 0;
}
