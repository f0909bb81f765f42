#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/drawn.h"
#include "core/train/kernels.h"
#include "core/train/nats.h"
#include "core/train/plan.h"
#include "core/train/step.h"

#define VALID_ROWS 256   /* rows of a validation batch */

int stepper_open(struct stepper *s, struct run *r, struct hone_err *err)
{
    *s = (struct stepper){ .run = r, .batches = r->config.gradient_accumulation };
    s->batch = calloc((size_t)s->batches, sizeof *s->batch);
    int64_t most = s->batches * r->config.batch_size, rows = !r->plan.draws ? 0 : most < r->train.n ? most : r->train.n;
    s->each_row = malloc((size_t)(rows + 1) * sizeof *s->each_row);
    for (int64_t i = 0; s->each_row && i < rows; i++)
        s->each_row[i] = i;
    return s->batch && s->each_row ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

void stepper_close(struct stepper *s)
{
    for (int64_t i = 0; s->batch && i < s->batches; i++)
        batch_free(&s->batch[i]);
    free(s->batch);
    free(s->each_row);
    row_set_free(&s->drawn);
    *s = (struct stepper){ 0 };
}

/* What rows come to. */
struct sums {
    struct hone_loss loss;
    double hits, counted;        /* rows that teach a right answer, and those of them with the highest score there */
    double nats;                 /* sum of -ln p of the right answers, without smoothing and weights */
};

/* The losses of a batch, piece by piece. */
struct loss_work {
    const struct run *run;
    const struct sheet *sheet;
    float *d_scores;
    struct sums *part;
    struct hone_err *err;        /* [pieces] */
    int nats;
};

/* Hits of a piece of rows, and its nats when they are wanted. None of logged actions and drawn answers, which are not right answers. */
static void count(const struct loss_work *w, const struct hone_rows *rows, struct sums *sum)
{
    int judged = !(w->run->plan.flags & HONE_PLAN_LOGGED) && !w->run->plan.draws;
    for (int64_t i = 0; i < rows->n && judged; i++) {
        if (rows->feedback[i] == HONE_INCORRECT || !(rows->weight[i] > 0) || (w->run->writes && rows->target[i] < 0))
            continue;
        const float *s = rows->scores + i * rows->width;
        int64_t top = kernel_highest(s, rows->width);
        sum->counted += 1;
        sum->hits += top == rows->target[i];
        if (w->nats && rows->target[i] >= 0)
            sum->nats += nats_of(s, rows->width, top, rows->target[i]);
    }
}

static void loss_task(void *arg, int64_t begin, int64_t end)
{
    const struct loss_work *w = arg;
    for (int64_t i = begin; i < end; i++) {
        struct sheet piece;
        sheet_piece(w->sheet, i, &piece);
        struct hone_err *err = &w->err[i];
        struct sums *part = &w->part[i];
        float *d = w->d_scores ? w->d_scores + (piece.scores - w->sheet->scores) : NULL;
        int ret = w->run->paradigm->loss(w->run->paradigm_conf, &piece.rows, &part->loss, d, err);
        if (ret < 0)
            err->code = ret;
        count(w, &piece.rows, part);
    }
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out in a training step");
}

/* Sums of the losses of a batch; d_scores NULL for an evaluation. */
static int losses(struct run *r, struct passes *p, const struct sheet *sheet, float *d_scores, struct sums *sum, struct hone_err *err)
{
    const struct hone_rows *rows = &sheet->rows;
    int64_t pieces = sheet_pieces(sheet);
    struct loss_work w = { .run = r, .sheet = sheet, .d_scores = d_scores, .nats = r->writes && !d_scores };
    w.part = passes_scratch(p, (size_t)pieces * sizeof *w.part);
    w.err = passes_scratch(p, (size_t)pieces * sizeof *w.err);
    if (!w.part || !w.err)
        return no_memory(err);
    memset(w.part, 0, (size_t)pieces * sizeof *w.part);
    for (int64_t i = 0; i < pieces; i++)
        w.err[i].code = 0;
    pool_run(r->pool, pieces, rows->n * rows->width < 16384 ? pieces + 1 : 1, loss_task, &w);
    for (int64_t i = 0; i < pieces; i++) {
        if (w.err[i].code < 0) {
            *err = w.err[i];
            return err_prefix(err, "paradigm '%s'", r->paradigm->item.name);
        }
        sum->loss.loss += w.part[i].loss.loss;
        sum->loss.weight += w.part[i].loss.weight;
        sum->loss.score += w.part[i].loss.score;
        sum->loss.scored += w.part[i].loss.scored;
        sum->hits += w.part[i].hits;
        sum->counted += w.part[i].counted;
        sum->nats += w.part[i].nats;
    }
    return 0;
}

/* Forward and backward over batch number m of the step. */
static int one_batch(struct stepper *s, int64_t m, struct sums *sum, struct hone_err *err)
{
    struct run *r = s->run;
    struct passes *p = &r->passes;
    int64_t from = m * r->config.batch_size, n = s->n - from < r->config.batch_size ? s->n - from : r->config.batch_size;
    struct sheet part;
    if (r->writes) { /* no more than one batch of activations at a time */
        if (m > 0)
            passes_release(p);
        if (sheet_make(&s->sheet, r, p, s->set, s->row + from, n))
            return no_memory(err);
        s->sheet.rows.flags = HONE_ROWS_TRAIN;
        part = s->sheet;
    } else {
        sheet_part(&s->sheet, from, n, &part);
        part.text = s->row + from;
        part.texts = n;
    }
    part.batch = m;
    if (batch_gather(&s->batch[m], &s->set->x, part.text, part.texts))
        return no_memory(err);
    int ret = sheet_forward(&part, r, p, &s->batch[m], HONE_PASS_TRAIN, err);
    float *d_scores = ret < 0 ? NULL : passes_scratch(p, (size_t)(part.rows.n * part.rows.width) * sizeof *d_scores);
    if (ret >= 0)
        ret = d_scores ? losses(r, p, &part, d_scores, sum, err) : no_memory(err);
    if (ret < 0)
        return ret;
    p->pass.d_scores = d_scores;
    return passes_backward(p, r->learner.model, r->learner.self, err);
}

/* Losses and gradients of the step's examples at the present parameters: an optim_eval. */
static int evaluate_step(void *arg, double *loss, struct hone_err *err)
{
    struct stepper *s = arg;
    struct run *r = s->run;
    struct sums sum = { 0 };
    passes_begin(&r->passes);
    if (!r->writes && sheet_make(&s->sheet, r, &r->passes, s->set, s->row, s->n))
        return no_memory(err);
    s->sheet.rows.flags = HONE_ROWS_TRAIN;
    for (int64_t m = 0; m * r->config.batch_size < s->n; m++) {
        int ret = one_batch(s, m, &sum, err);
        if (ret < 0)
            return ret;
    }
    s->loss = *loss = sum.loss.weight > 0 ? sum.loss.loss / sum.loss.weight : 0;
    if (!isfinite(*loss))
        return hone_fail(err, HONE_EDIVERGED, "the loss of step %lld is not finite", (long long)r->state.step + 1);
    if (!s->counted) {
        r->state.loss_sum += sum.loss.loss;
        r->state.loss_weight += sum.loss.weight;
        r->state.score_sum += sum.loss.score;
        r->state.scored += sum.loss.scored;
        r->state.hits += sum.hits;
        r->state.counted += sum.counted;
        s->counted = 1;
    }
    return passes_collect(&r->passes, sum.loss.weight > 0 ? (float)(1 / sum.loss.weight) : 0, err);
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
    if (!isfinite(rate))
        return hone_fail(err, ERR_PLUGIN, "the scheduler '%s' gives a learning rate that is not finite for step %lld", r->config.scheduler_type,
                         (long long)r->state.step);
    int ret = plan_refresh(r, err);
    if (ret < 0)
        return ret;
    plan_hold(r);
    s->set = &r->train;
    s->row = row;
    s->n = n;
    s->counted = 0;
    if (r->plan.draws) {
        row_set_free(&s->drawn);
        if ((ret = drawn_make(r, &r->train, row, n, 1, &s->drawn, err)) < 0)
            return ret;
        s->set = &s->drawn;
        s->row = s->each_row;
    }
    if (r->plan.phase[r->state.phase].flags & HONE_PHASE_STILL) {
        ret = evaluate_step(s, &loss, err);
    } else if (r->optim.item->minimize) {
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
    struct sums sum = { 0 };
    int64_t row[VALID_ROWS], most = r->writes && r->config.batch_size < VALID_ROWS ? r->config.batch_size : VALID_ROWS;
    int ret = 0;
    for (int64_t from = 0; from < r->valid.n && ret >= 0; from += most) {
        int64_t n = r->valid.n - from < most ? r->valid.n - from : most;
        struct row_set drawn = { 0 }, *set = r->plan.draws ? &drawn : &r->valid;
        struct sheet sheet;
        for (int64_t i = 0; i < n; i++)
            row[i] = from + i;
        if (r->plan.draws)
            ret = drawn_make(r, &r->valid, row, n, 0, &drawn, err);
        for (int64_t i = 0; i < n && r->plan.draws; i++)
            row[i] = i;
        passes_begin(p);
        if (ret >= 0 && (sheet_make(&sheet, r, p, set, row, n) || batch_gather(&b, &set->x, sheet.text, sheet.texts)))
            ret = no_memory(err);
        if (ret >= 0) /* the first batch tells the model that its tensors have changed */
            ret = sheet_forward(&sheet, r, p, &b, from ? HONE_PASS_FROZEN : 0, err);
        if (ret >= 0)
            ret = losses(r, p, &sheet, NULL, &sum, err);
        row_set_free(&drawn);
        r->beat(r->beat_arg);
    }
    batch_free(&b);
    v->loss = sum.loss.weight > 0 ? sum.loss.loss / sum.loss.weight : NAN;
    v->accuracy = sum.counted > 0 ? sum.hits / sum.counted : NAN;
    v->score = sum.loss.scored > 0 ? sum.loss.score / sum.loss.scored : NAN;
    v->nats = r->writes && r->valid.characters > 0 && !r->plan.draws ? sum.nats / (double)r->valid.characters : NAN;
    return ret < 0 ? ret : 0;
}
