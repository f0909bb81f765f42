#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/rng.h"
#include "core/base/json.h"
#include "core/train/average.h"
#include "core/train/calibration.h"
#include "core/train/loop.h"
#include "core/train/plan.h"
#include "core/train/step.h"

#define DIVERGENCES 3
#define LOOK_US 20000      /* how often the clock, the caller's wish to stop and finished checkpoints are looked at */
#define PROGRESS_US 100000

struct loop {
    struct run *r;
    const char *dir;
    const struct loop_hooks *hooks;
    struct loop_result *result;
    struct stepper stepper;
    struct checkpoint_writer writer;
    char good[64], older[64];       /* durable checkpoints: the newest and the one before; "" for none */
    const char *kind;
    int64_t *order;
    int64_t started, epoch_started, looked, shown;
    int64_t epoch_examples;         /* since epoch_started */
    double norm;
};

static int make_order(struct loop *l, struct hone_err *err)
{
    struct run *r = l->r;
    if (r->paradigm->order) {
        int ret = r->paradigm->order(r->paradigm_conf, (uint64_t)r->config.seed, r->state.epoch, r->train.n, l->order, err);
        for (int64_t i = 0; i < r->train.n && ret >= 0; i++)
            if (l->order[i] < 0 || l->order[i] >= r->train.n)
                return hone_fail(err, ERR_PLUGIN, "paradigm '%s' orders an example that does not exist", r->paradigm->item.name);
        return ret < 0 ? err_prefix(err, "paradigm '%s'", r->paradigm->item.name) : 0;
    }
    for (int64_t i = 0; i < r->train.n; i++)
        l->order[i] = i;
    rng_shuffle((uint64_t)r->config.seed, RNG_ORDER, (uint32_t)r->state.epoch, l->order, r->train.n);
    return 0;
}

/* Tells of a checkpoint that has become durable, and which one, two behind, is not needed any more. */
static int settle_checkpoint(struct loop *l, int wait, struct hone_err *err)
{
    struct checkpoint_done done;
    char removed[64];
    int ret = checkpoint_finish(&l->writer, wait, &done, err);
    if (ret <= 0)
        return ret;
    memcpy(removed, l->older, sizeof removed);
    memcpy(l->older, l->good, sizeof l->older);
    memcpy(l->good, done.file, sizeof l->good);
    if (strcmp(removed, l->good) == 0 || strcmp(removed, l->older) == 0)
        removed[0] = 0;
    ret = l->hooks->checkpoint ? l->hooks->checkpoint(l->hooks->arg, &done, l->kind, removed[0] ? removed : NULL) : 0;
    return ret < 0 ? hone_fail(err, ret, "the supervisor is gone") : 0;
}

static int start_checkpoint(struct loop *l, const char *kind, struct hone_err *err)
{
    char name[64];
    int ret = settle_checkpoint(l, 1, err);
    if (ret < 0)
        return ret;
    snprintf(name, sizeof name, "checkpoint-%lld.safetensors", (long long)l->r->state.step);
    if (strcmp(name, l->good) == 0)
        return 0; /* of this very step: the same run goes on from it, and books that name it stay true */
    l->r->state.elapsed_ms = (double)(clock_mono_us() - l->started) / 1000;
    l->kind = kind;
    ret = checkpoint_start(&l->writer, l->r, l->dir, name, err);
    return !ret && strcmp(kind, "interrupt") == 0 ? settle_checkpoint(l, 1, err) : ret;
}

/* Goes back to the last good checkpoint, or to the start, with half the learning rate. */
static int roll_back(struct loop *l, struct hone_err *err)
{
    struct run *r = l->r;
    int64_t n = r->state.divergences + 1;
    struct hone_err why = *err;
    char path[4200], text[700];
    if (n > DIVERGENCES)
        return hone_fail(err, HONE_EDIVERGED, "training diverged %lld times, the last time at a learning rate of %g: %.300s",
                         (long long)n, r->schedule.base * r->schedule.factor, why.text);
    *err = (struct hone_err){ 0 };
    int ret = settle_checkpoint(l, 1, err);
    if (ret < 0)
        return ret;
    if ((ret = run_restart(r, err)) < 0)
        return ret;
    if (l->good[0]) {
        snprintf(path, sizeof path, "%s/%s", l->dir, l->good);
        ret = checkpoint_load(r, path, err);
    }
    r->state.divergences = n;
    r->schedule.factor = ldexp(1, (int)-n);
    snprintf(text, sizeof text, "%.400s; back to step %lld with half the learning rate (%g)", why.text,
             (long long)r->state.step, r->schedule.base * r->schedule.factor);
    if (l->hooks->warn)
        l->hooks->warn(l->hooks->arg, text);
    if (!ret && l->hooks->rolled_back && l->hooks->rolled_back(l->hooks->arg, r->state.step) < 0)
        ret = hone_fail(err, HONE_EIO, "the supervisor is gone");
    return ret;
}

static int64_t take_count(const struct run *r)
{
    int64_t per_step = r->config.batch_size * r->config.gradient_accumulation, left = r->train.n - r->state.at;
    return left < per_step ? left : per_step;
}

static double speed(const struct loop *l)
{
    int64_t us = clock_mono_us() - l->epoch_started;
    return us > 0 ? (double)l->epoch_examples * 1e6 / (double)us : 0;
}

static int show_progress(struct loop *l, struct hone_err *err)
{
    const struct run *r = l->r;
    struct loop_progress p = { .epoch = r->state.epoch + 1, .step = r->state.step, .total_steps = r->total_steps,
                               .tokens = r->state.tokens,
                               .loss = r->state.loss_weight > 0 ? r->state.loss_sum / r->state.loss_weight : NAN,
                               .rate = plan_rate(r, r->state.step ? r->state.step - 1 : 0, r->state.epoch),
                               .norm = l->norm, .examples_per_second = speed(l) };
    int ret = l->hooks->progress ? l->hooks->progress(l->hooks->arg, &p) : 0;
    return ret < 0 ? hone_fail(err, ret, "the supervisor is gone") : 0;
}

/* What is done now and then between steps. 1 ends the run with result filled. */
static int look_around(struct loop *l, struct hone_err *err)
{
    const struct run *r = l->r;
    int64_t now = clock_mono_us();
    int pause = l->hooks->pause_at > 0 && r->state.step >= l->hooks->pause_at;
    if (now - l->looked < LOOK_US && !pause)
        return 0;
    l->looked = now;
    int ret = settle_checkpoint(l, 0, err);
    if (ret < 0)
        return ret;
    enum loop_stop stop = pause ? LOOP_STOP_CHECKPOINT : l->hooks->stop ? l->hooks->stop(l->hooks->arg) : LOOP_GO;
    if (stop == LOOP_STOP_CANCEL) {
        l->result->status = "cancelled";
        l->result->stop_reason = "cancelled";
        return 1;
    }
    if (stop == LOOP_STOP_CHECKPOINT) {
        l->result->status = "paused";
        ret = start_checkpoint(l, "interrupt", err);
        return ret < 0 ? ret : 1;
    }
    if (r->config.max_duration_ms > 0 && now - l->started > r->config.max_duration_ms * 1000) {
        l->result->stop_reason = "time_budget";
        return 2;
    }
    return 0;
}

/* Steps to the end of the present epoch. 1 the run ends now, 2 the time is up (the epoch is closed early). */
static int run_epoch(struct loop *l, struct hone_err *err)
{
    struct run *r = l->r;
    int ret = make_order(l, err);
    if (ret < 0)
        return ret;
    l->epoch_started = clock_mono_us();
    l->epoch_examples = 0;
    while (r->state.at < r->train.n) {
        int64_t n = take_count(r);
        int show = clock_mono_us() - l->shown >= PROGRESS_US, last = r->state.at + n == r->train.n;
        ret = stepper_take(&l->stepper, l->order + r->state.at, n, show || last ? &l->norm : NULL, err);
        if (ret == HONE_EDIVERGED) {
            ret = roll_back(l, err);
            return ret < 0 ? ret : 3;
        }
        if (ret >= 0)
            ret = average_step(r, err);
        if (ret < 0)
            return ret;
        l->epoch_examples += n;
        if (l->hooks->beat)
            l->hooks->beat(l->hooks->arg);
        if (show) {
            l->shown = clock_mono_us();
            if ((ret = show_progress(l, err)) < 0)
                return ret;
        }
        if ((ret = look_around(l, err)))
            return ret;
    }
    return 0;
}

/* Puts other arrays in the place of the parameters, and the old ones into them. */
static void swap_parameters(struct run *r, float **other)
{
    struct tensors *ts = &r->learner.tensors;
    for (int64_t i = 0; other && i < ts->n; i++) {
        float *mine = ts->t[i].param;
        ts->t[i].param = ts->param[i] = other[i];
        other[i] = mine;
    }
}

static int keep_best(struct run *r, struct hone_err *err)
{
    struct tensors *ts = &r->learner.tensors;
    if (!r->config.restore_best)
        return 0;
    int ret = tensors_room(ts, &r->best, "the best weights", err);
    for (int64_t i = 0; i < ts->n && !ret; i++)
        memcpy(r->best[i], ts->t[i].param, (size_t)ts->t[i].n * sizeof(float));
    return ret;
}

/* The monitored value of an evaluation, by name; the training loss stands in when there are no validation rows, and for it, where the
 * model draws its answers, minus their mean reward: the loss of drawn answers is made for its gradient and says little. */
static double monitored(const struct run *r, const struct loop_epoch *e)
{
    const char *m = r->config.monitor ? r->config.monitor : "validation_loss";
    if (r->plan.draws && !(strncmp(m, "validation", 10) == 0 && r->valid.n))
        return -e->score;
    if (strstr(m, "accuracy"))
        return strncmp(m, "validation", 10) == 0 && r->valid.n ? e->valid_accuracy : e->accuracy;
    return strncmp(m, "validation", 10) == 0 && r->valid.n ? e->valid_loss : e->loss;
}

/* Evaluates, notes the best, tells the caller, and moves the counters to the next epoch. */
static int close_epoch(struct loop *l, struct hone_err *err)
{
    struct run *r = l->r;
    struct run_state *s = &r->state;
    struct loop_epoch e = { .epoch = s->epoch + 1, .step = s->step, .tokens = s->tokens, .norm = l->norm,
                            .loss = s->loss_weight > 0 ? s->loss_sum / s->loss_weight : NAN,
                            .accuracy = s->counted > 0 ? s->hits / s->counted : NAN,
                            .score = s->scored > 0 ? s->score_sum / s->scored : NAN, .score_name = r->plan.score_name, .phase = s->phase + 1,
                            .rate = plan_rate(r, s->step ? s->step - 1 : 0, s->epoch),
                            .examples_per_second = speed(l) };
    int ret = average_epoch(r, err);
    if (ret < 0)
        return ret;
    float **served = run_serve(r, &ret, err);
    if (ret < 0)
        return ret;
    swap_parameters(r, served);
    struct validation v = { NAN, NAN, NAN, NAN };
    ret = validate(r, &v, err);
    e.valid_loss = v.loss;
    e.valid_accuracy = v.accuracy;
    e.valid_score = v.score;
    e.nats = v.nats;
    double value = monitored(r, &e);
    e.best = ret >= 0 && stopper_note(&r->stopper, value, e.epoch);
    if (e.best)
        ret = keep_best(r, err);
    swap_parameters(r, served);
    if (ret < 0)
        return ret;
    ret = schedule_observe(&r->schedule, s->step - s->phase_step, s->epoch - s->phase_epoch, r->stopper.higher ? -value : value, err);
    if (ret < 0)
        return ret;
    s->epoch++;
    s->at = 0;
    s->loss_sum = s->loss_weight = s->score_sum = s->scored = s->hits = s->counted = 0;
    e.elapsed_ms = (double)(clock_mono_us() - l->started) / 1000;
    l->result->last = e;
    if (e.best)
        memcpy(s->best, (double[4]){ e.loss, e.accuracy, e.valid_loss, e.valid_accuracy }, sizeof s->best);
    ret = l->hooks->epoch ? l->hooks->epoch(l->hooks->arg, &e) : 0;
    return ret < 0 ? hone_fail(err, ret, "the supervisor is gone") : 0;
}

static int train(struct loop *l, struct hone_err *err)
{
    struct run *r = l->r;
    int ret;
    for (;;) {
        if (plan_phase_over(r)) {
            if ((ret = plan_next(r, err)) < 0)
                return ret;
            if (ret == 0)
                break;
        }
        int how = run_epoch(l, err);
        if (how < 0 || how == 1)
            return how < 0 ? how : 0;
        if (how == 3) /* rolled back */
            continue;
        if ((ret = close_epoch(l, err)) < 0)
            return ret;
        if (how == 2)
            break;
        int64_t every = r->config.checkpoint_interval;
        int goes_on = !plan_phase_over(r) || r->state.phase + 1 < r->plan.phases;
        if (goes_on && every > 0 && r->state.epoch % every == 0 && (ret = start_checkpoint(l, "interval", err)) < 0)
            return ret;
    }
    l->result->status = "completed";
    if (!l->result->stop_reason)
        l->result->stop_reason = stopper_done(&r->stopper) ? "early_stopping" : "max_epochs";
    return 0;
}

int loop_train(struct run *r, const char *dir, const char *resumed_from, const char *older, const struct loop_hooks *hooks,
               struct loop_result *result, struct hone_err *err)
{
    struct loop l = { .r = r, .dir = dir, .hooks = hooks, .result = result, .norm = NAN };
    struct checkpoint_done done;
    struct hone_err ignored = { 0 };
    *result = (struct loop_result){ .last = { .loss = NAN, .accuracy = NAN, .valid_loss = NAN, .valid_accuracy = NAN, .nats = NAN } };
    if (resumed_from)
        snprintf(l.good, sizeof l.good, "%s", resumed_from);
    if (older)
        snprintf(l.older, sizeof l.older, "%s", older);
    int64_t begin = l.shown = clock_mono_us();
    l.started = begin - (int64_t)(r->state.elapsed_ms * 1000);
    l.order = malloc((size_t)(r->train.n + 1) * sizeof *l.order);
    int ret = l.order ? stepper_open(&l.stepper, r, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret)
        ret = train(&l, err);
    if (!ret)
        ret = settle_checkpoint(&l, 1, err);
    checkpoint_finish(&l.writer, 1, &done, &ignored);
    stepper_close(&l.stepper);
    free(l.order);
    result->served_epoch = r->best && r->stopper.best_epoch ? r->stopper.best_epoch : r->state.epoch;
    result->seconds = (double)(clock_mono_us() - begin) * 1e-6;
    return ret < 0 ? ret : 0;
}

int loop_probe(struct run *r, double *seconds, struct hone_err *err)
{
    struct stepper s;
    struct hone_err why = { 0 };
    int64_t n = take_count(r), *row = malloc((size_t)(n + 1) * sizeof *row);
    *seconds = -1;
    if (!row || stepper_open(&s, r, &why)) {
        free(row);
        return 0;
    }
    for (int64_t i = 0; i < n; i++)
        row[i] = i * (r->train.n / n);
    int ret = stepper_take(&s, row, n, NULL, &why);
    if (ret == 0) {
        int64_t start = clock_mono_us();
        if (stepper_take(&s, row, n, NULL, &why) == 0)
            *seconds = (double)(clock_mono_us() - start) * 1e-6;
    }
    stepper_close(&s);
    free(row);
    if (ret == HONE_EINVAL) {
        *err = why;
        return ret;
    }
    return run_restart(r, err);
}

float **loop_served(struct run *r, int *ret, struct hone_err *err)
{
    *ret = 0;
    return r->best && r->stopper.best_epoch ? r->best : run_serve(r, ret, err);
}

int loop_interrupt(struct run *r, const char *dir, const struct loop_hooks *hooks, struct hone_err *err)
{
    struct loop_result ignored = { 0 };
    struct loop l = { .r = r, .dir = dir, .hooks = hooks, .result = &ignored };
    l.started = clock_mono_us() - (int64_t)(r->state.elapsed_ms * 1000);
    int ret = start_checkpoint(&l, "interrupt", err);
    return ret < 0 ? ret : 0;
}

/* From the validation rows, unless something was found already. A log of actions has no right answers. */
static int calibrate(struct run *r, float *const *weights, struct hone_err *err)
{
    struct held_rows h = { 0 };
    if (r->calibration.rows || !r->valid.n || r->plan.flags & HONE_PLAN_LOGGED)
        return 0;
    int ret = r->writes ? held_add_tokens(&h, r, weights, err) : held_add(&h, r, weights, 1, err);
    if (!ret && r->writes)
        ret = calibration_find_tokens(&h, &r->calibration, err);
    else if (!ret)
        ret = calibration_find(&h, r->config.target_precision, &r->calibration, err);
    held_free(&h);
    return ret;
}

static int put_calibration(const struct run *r, struct st_file *f, struct hone_err *err)
{
    cJSON *c = calibration_json(&r->calibration);
    char *text = json_text(c, 0);
    int ret = text ? st_meta(f, "calibration", text, err) : hone_fail(err, HONE_ENOMEM, "memory ran out for the weights file");
    cJSON_Delete(c);
    free(text);
    return ret;
}

int loop_weights(struct run *r, const char *dir, char sha256[65], int64_t *bytes, struct hone_err *err)
{
    struct st_file f = { 0 };
    char path[4200];
    snprintf(path, sizeof path, "%s/weights.safetensors", dir);
    int ret;
    float **weights = loop_served(r, &ret, err);
    if (!ret)
        ret = calibrate(r, weights, err);
    if (!ret)
        ret = learner_save(&r->learner, weights, &f, err);
    if (!ret)
        ret = put_calibration(r, &f, err);
    if (!ret)
        ret = st_write(&f, path, sha256, bytes, err);
    st_free(&f);
    return ret;
}
