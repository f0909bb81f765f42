#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/checkpoint.h"
#include "core/train/plan.h"

#define BACKGROUND_BYTES ((int64_t)512 << 20) /* larger states are written in the foreground, without a copy */
#define N_INT 8
#define N_REAL 11

static int add(struct st_file *f, const char *name, uint32_t dtype, int64_t n, const void *data, int copy, struct hone_err *err)
{
    return st_add(f, name, dtype, 1, &n, data, copy, err);
}

static int put_counters(const struct run *r, struct st_file *f, struct hone_err *err)
{
    const struct run_state *s = &r->state;
    int64_t whole[N_INT] = { s->epoch, s->step, s->at, s->tokens, s->divergences, r->stopper.best_epoch, r->stopper.waited,
                             r->optim.step };
    double real[N_REAL] = { s->loss_sum, s->loss_weight, s->hits, s->counted, r->stopper.best, r->schedule.factor,
                            s->best[0], s->best[1], s->best[2], s->best[3], s->elapsed_ms };
    int ret = add(f, "loop/int", HONE_I64, N_INT, whole, 1, err);
    if (!ret)
        ret = add(f, "loop/real", HONE_F64, N_REAL, real, 1, err);
    if (!ret)
        ret = add(f, "loop/scheduler", HONE_F64, r->schedule.n_state, r->schedule.state, 1, err);
    if (!ret)
        ret = add(f, "loop/paradigm", HONE_F64, r->n_paradigm_state, r->paradigm_state, 1, err);
    int64_t phase[3] = { s->phase, s->phase_epoch, s->phase_step };
    double score[2] = { s->score_sum, s->scored };
    if (!ret)
        ret = add(f, "loop/phase", HONE_I64, 3, phase, 1, err);
    if (!ret)
        ret = add(f, "loop/score", HONE_F64, 2, score, 1, err);
    if (!ret)
        ret = add(f, "loop/averaged", HONE_I64, 1, &r->averaged, 1, err);
    if (!ret)
        ret = add(f, "loop/derived", HONE_U8, r->optim.item->derived_size, r->optim.derived, 1, err);
    const struct optim *inner = r->optim.inner;
    if (!ret && inner)
        ret = add(f, "loop/inner_step", HONE_I64, 1, &inner->step, 1, err);
    if (!ret && inner)
        ret = add(f, "loop/inner_derived", HONE_U8, inner->item->derived_size, inner->derived, 1, err);
    return ret;
}

static void slot_name(char out[160], const char *whose, const struct tensor *t, const char *slot)
{
    snprintf(out, 160, "%s/%s/%s", whose, t->name, slot);
}

/* The state of tensor i of an optimizer; whose: "optimizer" or "inner". */
static int put_slots(const struct optim *o, const char *whose, struct st_file *f, int64_t i, struct hone_err *err)
{
    const struct tensor *t = &o->tensors->t[i];
    char name[160];
    int ret = 0;
    for (int64_t c = 0; c < o->copies && !ret; c++) {
        const struct optim_slot *s = &o->slot[i * o->copies + c];
        slot_name(name, whose, t, s->name);
        if (s->data && !(s->flags & HONE_SLOT_TRANSIENT))
            ret = s->extent == HONE_PER_ELEMENT ? st_add(f, name, s->dtype, t->ndim, t->dims, s->data, 0, err)
                                                : add(f, name, s->dtype, s->n, s->data, 0, err);
    }
    slot_name(name, whose, t, "last_step");
    if (!ret && o->last[i])
        ret = add(f, name, HONE_I64, t->rows, o->last[i], 0, err);
    return ret;
}

static void reference_name(char out[160], uint32_t k, const struct tensor *t)
{
    snprintf(out, 160, "reference/%u/%s", k, t->name);
}

static int put_tensor_state(const struct run *r, struct st_file *f, int64_t i, struct hone_err *err)
{
    const struct tensor *t = &r->learner.tensors.t[i];
    char name[160];
    int ret = put_slots(&r->optim, "optimizer", f, i, err);
    if (!ret && r->optim.inner)
        ret = put_slots(r->optim.inner, "inner", f, i, err);
    snprintf(name, sizeof name, "average/%s", t->name);
    if (!ret && r->averaged > 0)
        ret = st_add(f, name, HONE_F32, t->ndim, t->dims, r->average[i], 0, err);
    if (!ret && r->optim.group && r->optim.group[i].conf) {
        slot_name(name, "optimizer", t, "derived");
        ret = add(f, name, HONE_U8, r->optim.item->derived_size, r->optim.group[i].derived, 1, err);
    }
    for (uint32_t k = 0; k < r->plan.references && !ret; k++) {
        reference_name(name, k, t);
        if (r->reference[k])
            ret = st_add(f, name, HONE_F32, t->ndim, t->dims, r->reference[k][i], 0, err);
    }
    snprintf(name, sizeof name, "best/%s", t->name);
    if (!ret && r->best)
        ret = st_add(f, name, HONE_F32, t->ndim, t->dims, r->best[i], 0, err);
    return ret;
}

static void identity(const struct run *r, char out[200])
{
    const struct hone_optimizer *o = r->optim.item, *inner = r->optim.inner ? r->optim.inner->item : NULL;
    if (inner)
        snprintf(out, 200, "%s state %u around %s state %u", o->item.name, o->state_version, inner->item.name, inner->state_version);
    else
        snprintf(out, 200, "%s state %u", o->item.name, o->state_version);
}

int checkpoint_make(const struct run *r, struct st_file *f, struct hone_err *err)
{
    char optimizer[200];
    identity(r, optimizer);
    int ret = learner_save(&r->learner, NULL, f, err);
    if (!ret)
        ret = st_meta(f, "optimizer", optimizer, err);
    if (!ret)
        ret = put_counters(r, f, err);
    for (int64_t i = 0; i < r->learner.tensors.n && !ret; i++)
        ret = put_tensor_state(r, f, i, err);
    return ret;
}

/* Reads entry `name` of exactly n elements. */
static int get(const struct st_file *f, const char *name, uint32_t dtype, int64_t n, void *out, struct hone_err *err)
{
    const struct st_entry *e = st_find(f, name);
    if (!e || e->dtype != dtype || e->n != n)
        return hone_fail(err, ERR_CORRUPT, "%s: '%s' is missing or has another size than this job's; it is not a checkpoint of this "
                         "job", f->path, name);
    return st_read(f, e, out, err);
}

/* Phase and schedule, which depends on it. */
static int get_phase(struct run *r, const struct st_file *f, struct hone_err *err)
{
    int64_t phase[3];
    int ret = get(f, "loop/phase", HONE_I64, 3, phase, err);
    if (ret)
        return ret;
    if (phase[0] < 0 || phase[0] >= r->plan.phases)
        return hone_fail(err, ERR_CORRUPT, "%s: it is in a phase that this job has not", f->path);
    r->state.phase = phase[0];
    r->state.phase_epoch = phase[1];
    r->state.phase_step = phase[2];
    plan_begin(r);
    return get(f, "loop/scheduler", HONE_F64, r->schedule.n_state, r->schedule.state, err);
}

static int get_references(struct run *r, const struct st_file *f, struct hone_err *err)
{
    const struct tensors *ts = &r->learner.tensors;
    char name[160];
    int ret = 0;
    for (uint32_t k = 0; k < r->plan.references && ts->n; k++) {
        reference_name(name, k, &ts->t[0]);
        plan_drop(r, k);
        if (st_find(f, name))
            ret = plan_keep(r, k, NULL, err);
        for (int64_t i = 0; i < ts->n && r->reference[k] && !ret; i++) {
            reference_name(name, k, &ts->t[i]);
            ret = get(f, name, HONE_F32, ts->t[i].n, r->reference[k][i], err);
        }
        if (ret)
            return ret;
    }
    return 0;
}

static int get_counters(struct run *r, const struct st_file *f, struct hone_err *err)
{
    int64_t whole[N_INT];
    double real[N_REAL], score[2];
    int ret = get(f, "loop/int", HONE_I64, N_INT, whole, err);
    if (!ret)
        ret = get(f, "loop/real", HONE_F64, N_REAL, real, err);
    if (!ret)
        ret = get(f, "loop/score", HONE_F64, 2, score, err);
    if (!ret)
        ret = get(f, "loop/paradigm", HONE_F64, r->n_paradigm_state, r->paradigm_state, err);
    if (!ret)
        ret = get(f, "loop/averaged", HONE_I64, 1, &r->averaged, err);
    if (!ret)
        ret = get(f, "loop/derived", HONE_U8, r->optim.item->derived_size, r->optim.derived, err);
    if (!ret && r->optim.inner)
        ret = get(f, "loop/inner_step", HONE_I64, 1, &r->optim.inner->step, err);
    if (!ret && r->optim.inner)
        ret = get(f, "loop/inner_derived", HONE_U8, r->optim.inner->item->derived_size, r->optim.inner->derived, err);
    if (ret)
        return ret;
    if (whole[0] < 0 || whole[2] < 0 || whole[2] > r->train.n || r->averaged < 0)
        return hone_fail(err, ERR_CORRUPT, "%s: its counters are out of range", f->path);
    r->state = (struct run_state){ .epoch = whole[0], .step = whole[1], .at = whole[2], .tokens = whole[3], .divergences = whole[4],
                                   .phase = r->state.phase, .phase_epoch = r->state.phase_epoch, .phase_step = r->state.phase_step,
                                   .score_sum = score[0], .scored = score[1], .loss_sum = real[0], .loss_weight = real[1], .hits = real[2], .counted = real[3],
                                   .best = { real[6], real[7], real[8], real[9] }, .elapsed_ms = real[10] };
    r->stopper.best_epoch = whole[5];
    r->stopper.waited = whole[6];
    r->stopper.best = real[4];
    r->optim.step = whole[7];
    r->schedule.factor = real[5];
    return 0;
}

/* Values beside those of all tensors, in the file as KIND/TENSOR. */
static int get_room(const struct st_file *f, const struct tensors *ts, const char *kind, float ***room, const char *what, struct hone_err *err)
{
    char name[160];
    int ret = tensors_room(ts, room, what, err);
    for (int64_t i = 0; i < ts->n && !ret; i++) {
        snprintf(name, sizeof name, "%s/%s", kind, ts->t[i].name);
        ret = get(f, name, HONE_F32, ts->t[i].n, (*room)[i], err);
    }
    return ret;
}

static int get_average(struct run *r, const struct st_file *f, struct hone_err *err)
{
    return r->averaged ? get_room(f, &r->learner.tensors, "average", &r->average, "averaged weights", err) : 0;
}

static int get_best(struct run *r, const struct st_file *f, struct hone_err *err)
{
    char name[160];
    if (!r->learner.tensors.n)
        return 0;
    snprintf(name, sizeof name, "best/%s", r->learner.tensors.t[0].name);
    if (!st_find(f, name))
        return 0;
    return get_room(f, &r->learner.tensors, "best", &r->best, "the best weights", err);
}

static int get_slots(struct optim *o, const char *whose, const struct st_file *f, int64_t i, struct hone_err *err)
{
    const struct tensor *t = &o->tensors->t[i];
    char name[160];
    int ret = 0;
    for (int64_t c = 0; c < o->copies && !ret; c++) {
        struct optim_slot *s = &o->slot[i * o->copies + c];
        slot_name(name, whose, t, s->name);
        if (s->data && !(s->flags & HONE_SLOT_TRANSIENT))
            ret = get(f, name, s->dtype, s->n, s->data, err);
    }
    slot_name(name, whose, t, "last_step");
    if (!ret && o->last[i])
        ret = get(f, name, HONE_I64, t->rows, o->last[i], err);
    return ret;
}

static int get_tensor_state(struct run *r, const struct st_file *f, int64_t i, struct hone_err *err)
{
    const struct tensor *t = &r->learner.tensors.t[i];
    char name[160];
    snprintf(name, sizeof name, "model/%s", t->name);
    int ret = get(f, name, HONE_F32, t->n, t->param, err);
    if (!ret)
        ret = get_slots(&r->optim, "optimizer", f, i, err);
    if (!ret && r->optim.group && r->optim.group[i].conf) {
        slot_name(name, "optimizer", t, "derived");
        ret = get(f, name, HONE_U8, r->optim.item->derived_size, r->optim.group[i].derived, err);
    }
    return ret || !r->optim.inner ? ret : get_slots(r->optim.inner, "inner", f, i, err);
}

int checkpoint_load(struct run *r, const char *path, struct hone_err *err)
{
    struct st_file f;
    char optimizer[200];
    int ret = st_open(&f, path, err);
    if (ret)
        return ret;
    identity(r, optimizer);
    if (strcmp(json_str(f.meta, "optimizer", ""), optimizer) != 0)
        ret = hone_fail(err, ERR_CORRUPT, "%s: it was written by optimizer '%.60s', this job has '%.60s'", path,
                        json_str(f.meta, "optimizer", "?"), optimizer);
    if (!ret)
        ret = get_phase(r, &f, err);
    for (int64_t i = 0; i < r->learner.tensors.n && !ret; i++)
        ret = get_tensor_state(r, &f, i, err);
    if (!ret)
        ret = get_references(r, &f, err);
    if (!ret)
        ret = get_best(r, &f, err);
    if (!ret)
        ret = get_counters(r, &f, err);
    if (!ret)
        ret = get_average(r, &f, err);
    if (ret)
        run_drop_kept(r); /* they may be there in part */
    st_free(&f);
    return ret;
}

static void *write_file(void *arg)
{
    struct checkpoint_writer *w = arg;
    w->ret = st_write(&w->file, w->path, w->done.sha256, &w->done.bytes, &w->err);
    __atomic_store_n(&w->finished, 1, __ATOMIC_RELEASE);
    return NULL;
}

static int64_t file_bytes(const struct st_file *f)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < f->n; i++)
        bytes += f->entry[i].n * (int64_t)st_dtype_size(f->entry[i].dtype);
    return bytes;
}

int checkpoint_start(struct checkpoint_writer *w, const struct run *r, const char *dir, const char *name, struct hone_err *err)
{
    w->file = (struct st_file){ 0 };
    w->done = (struct checkpoint_done){ .epoch = r->state.epoch, .step = r->state.step };
    w->finished = w->ret = 0;
    w->err.code = 0;
    snprintf(w->done.file, sizeof w->done.file, "%s", name);
    int ret = snprintf(w->path, sizeof w->path, "%s/%s", dir, name) < (int)sizeof w->path
                  ? checkpoint_make(r, &w->file, err)
                  : hone_fail(err, HONE_EINVAL, "%.100s...: the path is too long", dir);
    int background = !ret && file_bytes(&w->file) <= BACKGROUND_BYTES;
    if (background)
        ret = st_own(&w->file, err);
    if (ret) {
        st_free(&w->file);
        return ret;
    }
    w->busy = 1;
    if (!background || pthread_create(&w->thread, NULL, write_file, w)) {
        write_file(w);
        w->busy = 2;
    }
    return 0;
}

int checkpoint_finish(struct checkpoint_writer *w, int wait, struct checkpoint_done *done, struct hone_err *err)
{
    if (!w->busy || (!wait && !__atomic_load_n(&w->finished, __ATOMIC_ACQUIRE)))
        return 0;
    if (w->busy == 1)
        pthread_join(w->thread, NULL);
    w->busy = 0;
    st_free(&w->file);
    if (w->ret) {
        *err = w->err;
        return w->ret;
    }
    *done = w->done;
    return 1;
}
