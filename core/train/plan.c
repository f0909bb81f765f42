/* See plan.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/plan.h"

static int refuse(const struct run *r, struct hone_err *err, const char *why)
{
    return hone_fail(err, ERR_PLUGIN, "paradigm '%s' plans %s", r->paradigm->item.name, why);
}

static int check_phases(struct run *r, struct hone_err *err)
{
    struct hone_plan *p = &r->plan;
    int64_t left = r->config.epochs;
    if (p->phases < 1 || p->phases > HONE_PHASES)
        return refuse(r, err, "no phase, or more than there may be");
    for (uint32_t i = 0; i < p->phases; i++) {
        struct hone_phase *f = &p->phase[i];
        if (f->epochs == 0 && i + 1 == p->phases)
            f->epochs = left;
        left -= f->epochs;
        if (f->epochs < 1 || left < 0 || f->flags & ~(HONE_PHASE_RESTART | HONE_PHASE_STILL))
            return hone_fail(err, HONE_EINVAL, "config.epochs is %lld; paradigm '%s' with these settings has %u phases and too few epochs for "
                             "each to have one", (long long)r->config.epochs, r->paradigm->item.name, p->phases);
    }
    return left ? refuse(r, err, "other epochs than the run has") : 0;
}

static int check_references(struct run *r, struct hone_err *err)
{
    const struct hone_plan *p = &r->plan;
    if (p->references > HONE_REFERENCES)
        return refuse(r, err, "more references than there may be");
    for (uint32_t i = 0; i < p->references; i++) {
        const struct hone_reference *f = &p->reference[i];
        int lagged = f->source == HONE_REF_EPOCHS || f->source == HONE_REF_STEPS;
        if (f->source > HONE_REF_PHASE || (lagged && f->at < 1) || (f->source == HONE_REF_PHASE && (f->at < 0 || f->at >= p->phases)))
            return refuse(r, err, "a reference of unknown source, or at no step, epoch or phase of the run");
    }
    return 0;
}

int plan_open(struct run *r, struct hone_err *err)
{
    const char *m = r->config.monitor;
    r->plan = (struct hone_plan){ .struct_size = sizeof r->plan, .phases = 1, .writes = r->writes != 0 };
    int ret = r->paradigm->plan ? r->paradigm->plan(r->paradigm_conf, r->config.epochs, &r->plan, err) : 0;
    if (ret < 0)
        return err_prefix(err, "config.paradigmOptions");
    if ((ret = check_phases(r, err)) < 0 || (ret = check_references(r, err)) < 0)
        return ret;
    if (r->plan.flags & HONE_PLAN_SOLVE && !r->paradigm->solve)
        return refuse(r, err, "to solve for all rows, and has no solve()");
    if (!(r->plan.pull >= 0) || !(r->plan.unfreeze >= 0) || r->plan.unfreeze > 1 || r->plan.replay < 0)
        return refuse(r, err, "a pull, a release or a replay that is negative");
    if (r->plan.draws < 0 || r->plan.draws > HONE_DRAWS || r->plan.draw_tokens < 0 || (r->plan.draws && r->plan.flags & HONE_PLAN_PAIRS))
        return refuse(r, err, "draws that are too many or negative, or of pairs");
    if (m && strstr(m, "accuracy") && r->plan.draws)
        return hone_fail(err, HONE_EINVAL, "config.monitor is '%s', but paradigm '%s' learns from the rewards of answers that the model draws, which has no "
                         "accuracy; monitor validation_loss", m, r->paradigm->item.name);
    if (m && strstr(m, "accuracy") && r->plan.flags & HONE_PLAN_LOGGED)
        return hone_fail(err, HONE_EINVAL, "config.monitor is '%s', but paradigm '%s' learns from logged actions, of which the right answer "
                         "is not known; monitor validation_loss", m, r->paradigm->item.name);
    return 0;
}

int64_t plan_epochs(const struct run *r)
{
    return r->plan.phase[r->state.phase].epochs;
}

int64_t plan_steps(const struct run *r)
{
    return plan_epochs(r) * r->steps_per_epoch;
}

double plan_rate(const struct run *r, int64_t step, int64_t epoch)
{
    return schedule_rate(&r->schedule, step - r->state.phase_step, epoch - r->state.phase_epoch);
}

int plan_phase_over(const struct run *r)
{
    return r->state.epoch - r->state.phase_epoch >= plan_epochs(r) || stopper_done(&r->stopper);
}

void plan_drop(struct run *r, uint32_t i)
{
    tensors_room_free(&r->learner.tensors, &r->reference[i]);
}

int plan_keep(struct run *r, uint32_t i, float *const *param, struct hone_err *err)
{
    struct tensors *ts = &r->learner.tensors;
    int ret = tensors_room(ts, &r->reference[i], "a copy of the weights", err);
    for (int64_t t = 0; t < ts->n && !ret; t++)
        memcpy(r->reference[i][t], param ? param[t] : ts->t[t].param, (size_t)ts->t[t].n * sizeof(float));
    return ret;
}

static int keep_all(struct run *r, uint32_t source, int64_t at, float *const *param, struct hone_err *err)
{
    int ret = 0;
    for (uint32_t i = 0; i < r->plan.references && !ret; i++)
        if (r->plan.reference[i].source == source && r->plan.reference[i].at == at)
            ret = plan_keep(r, i, param, err);
    return ret;
}

int plan_refresh(struct run *r, struct hone_err *err)
{
    const struct run_state *s = &r->state;
    int ret = 0;
    for (uint32_t i = 0; i < r->plan.references && !ret; i++) {
        const struct hone_reference *f = &r->plan.reference[i];
        int due = f->source == HONE_REF_EPOCHS  ? s->at == 0 && (s->epoch - s->phase_epoch) % f->at == 0
                  : f->source == HONE_REF_STEPS ? (s->step - s->phase_step) % f->at == 0
                                                : 0;
        if (due)
            ret = plan_keep(r, i, NULL, err);
    }
    return ret;
}

void plan_begin(struct run *r)
{
    const struct train_config *c = &r->config;
    int64_t steps = plan_steps(r), warmup = c->warmup_ratio > 0 ? (int64_t)ceil(c->warmup_ratio * (double)steps) : c->warmup_steps;
    optim_restart(&r->optim);
    schedule_span(&r->schedule, warmup, steps);
    r->averaged = 0;
    for (int64_t i = 0; r->average && i < r->learner.tensors.n; i++)
        memset(r->average[i], 0, (size_t)r->learner.tensors.t[i].n * sizeof(float));
    r->stopper.best_epoch = r->stopper.waited = 0;
    r->stopper.best = 0;
}

int plan_start(struct run *r, struct hone_err *err)
{
    run_start_weights(r);
    for (uint32_t i = 0; i < r->plan.references; i++)
        if (r->plan.reference[i].source != HONE_REF_START)
            plan_drop(r, i);
        else if (plan_keep(r, i, NULL, err) < 0)
            return err->code;
    plan_begin(r);
    return 0;
}

int plan_next(struct run *r, struct hone_err *err)
{
    struct tensors *ts = &r->learner.tensors;
    struct run_state *s = &r->state;
    int ret = 0;
    if (s->phase + 1 >= r->plan.phases)
        return 0;
    float **end = r->best && r->stopper.best_epoch ? r->best : run_serve(r, &ret, err);
    if (!ret)
        ret = keep_all(r, HONE_REF_PHASE, s->phase, end, err);
    if (ret < 0)
        return ret;
    s->phase++;
    s->phase_epoch = s->epoch;
    s->phase_step = s->step;
    if (r->plan.phase[s->phase].flags & HONE_PHASE_RESTART)
        run_start_weights(r);
    else
        for (int64_t i = 0; end && i < ts->n; i++)
            memcpy(ts->t[i].param, end[i], (size_t)ts->t[i].n * sizeof(float));
    plan_begin(r);
    return 1;
}

void plan_hold(struct run *r)
{
    struct tensors *ts = &r->learner.tensors;
    double done = (double)(r->state.step - r->state.phase_step), over = r->plan.unfreeze * (double)plan_steps(r);
    for (int64_t i = 0; i < ts->n; i++) {
        double turn = ts->n > 1 ? over * (double)(ts->n - 1 - i) / (double)(ts->n - 1) : over;
        int held = (r->start.n && r->start.row[i] && done < turn) || (r->learner.memory && i != r->solved.head && i != r->solved.biased);
        ts->t[i].flags = held ? ts->t[i].flags | TENSOR_HELD : ts->t[i].flags & ~TENSOR_HELD;
    }
}

int plan_base(struct run *r, int based, struct hone_err *err)
{
    const struct hone_plan *p = &r->plan;
    const char *name = r->paradigm->item.name;
    if (!based && (p->flags & HONE_PLAN_BASE || p->pull > 0 || p->unfreeze > 0 || p->replay > 0))
        return hone_fail(err, HONE_EINVAL, "config.base: trainingType '%s' with these settings needs a base to start from; name an agent, a job, a "
                         "checkpoint or a file", name);
    if (p->pull > 0 && r->optim.item->minimize)
        return hone_fail(err, HONE_EINVAL, "config.paradigmOptions: optimizer '%s' asks for losses itself and knows no pull towards the base; "
                         "set pull to 0 or take another optimizer", r->optim.item->item.name);
    if (based && r->start.n && r->plan.pull > 0)
        r->optim.pull = (struct optim_pull){ p->pull, r->start.param, r->start.row, r->start.output };
    return 0;
}
