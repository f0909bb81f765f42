/* Tries an optimizer on a bowl: threads, cuts, state, bounds of settings, memory of others. See check_plugin.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/optim.h"
#include "core/worker/check_plugin.h"

#define ROWS 300
#define COLS 40
#define TAIL 7
#define N (ROWS * COLS + TAIL)
#define STEPS 20

struct rig {
    struct pool *pool;
    struct tensors tensors;
    struct tensor t[2];
    float *param;
    struct passes passes;
    struct optim optim;
    double lr;
};

static float target(int64_t i)
{
    return (float)sin(0.37 * (double)i);
}

static int open_rig(struct checking *c, struct rig *r, cJSON *options, int threads, struct hone_err *err)
{
    const struct hone_param *lr = settings_param(c->item, "lr");
    void *conf = settings_new(c->item, options, err), *second = conf ? settings_new(c->item, options, err) : NULL;
    *r = (struct rig){ 0 };
    if (!conf && c->item->conf_size)
        return err->code;
    r->lr = lr ? lr->dflt : 0;
    r->pool = pool_new(threads, err);
    r->param = floats_new(N);
    r->t[0] = (struct tensor){ .name = "w", .ndim = 2, .dims = { ROWS, COLS }, .n = ROWS * COLS, .rows = ROWS, .width = COLS, .param = r->param };
    r->t[1] = (struct tensor){ .name = "b", .ndim = 1, .dims = { TAIL }, .n = TAIL, .rows = TAIL, .width = 1, .param = r->param + ROWS * COLS };
    r->tensors = (struct tensors){ .n = 2, .t = r->t, .total = N };
    for (int64_t i = 0; r->param && i < N; i++)
        r->param[i] = (float)cos(0.3 * (double)i);
    int ret = r->pool && r->param ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret)
        ret = optim_open(&r->optim, (const struct hone_optimizer *)(const void *)c->item, conf, second, &r->tensors, r->pool, err);
    if (!ret)
        ret = optim_alloc(&r->optim, err);
    return ret ? ret : passes_open(&r->passes, r->pool, &r->tensors, registry_host(c->task->registry), 1, err);
}

static void close_rig(struct rig *r)
{
    if (r->optim.item)
        optim_close(&r->optim);
    if (r->passes.pool)
        passes_close(&r->passes);
    pool_free(r->pool);
    free(r->param);
}

static double bowl(const float *x)
{
    double sum = 0;
    for (int64_t i = 0; i < N; i++)
        sum += pow((double)x[i] - (double)target(i), 2) / 2;
    return sum / N;
}

static int evaluate(void *arg, double *loss, struct hone_err *err)
{
    struct rig *r = arg;
    (void)err;
    *loss = bowl(r->param);
    for (int64_t i = 0; i < N; i++)
        r->passes.grad[i / (ROWS * COLS)][i % (ROWS * COLS)] = r->param[i] - target(i);
    return 0;
}

static int take(struct checking *c, struct rig *r, int steps, struct hone_err *err)
{
    double loss;
    int ret = 0;
    for (int k = 0; k < steps && ret >= 0; k++) {
        passes_begin(&r->passes);
        if (!r->optim.item->minimize)
            evaluate(r, &loss, err);
        ret = r->optim.item->minimize ? optim_minimize(&r->optim, &r->passes, r->lr, 0, evaluate, r, NULL, err)
                                      : optim_step(&r->optim, &r->passes, r->lr, 0, NULL, err);
        task_beat(c->task);
    }
    return ret;
}

static const char *not_finite(const float *x)
{
    static char why[96];
    for (int64_t i = 0; i < N; i++)
        if (!isfinite(x[i])) {
            snprintf(why, sizeof why, "weight %lld became %g", (long long)i, (double)x[i]);
            return why;
        }
    return NULL;
}

static void try_threads(struct checking *c, const float *want)
{
    struct rig r;
    struct hone_err err = { 0 };
    int ret = open_rig(c, &r, NULL, 3, &err);
    if (ret >= 0)
        ret = take(c, &r, STEPS, &err);
    check_line(c, "gives the same bits with 1 and 3 threads",
               ret < 0 ? err.text : memcmp(r.param, want, N * sizeof *want) ? "weights differ after 20 steps: is there a static variable?" : NULL);
    close_rig(&r);
}

static void carry(const struct optim *from, struct optim *to)
{
    to->step = from->step;
    memcpy(to->derived, from->derived, from->item->derived_size);
    for (int64_t i = 0; i < from->tensors->n * from->copies; i++) {
        const struct optim_slot *s = &from->slot[i];
        size_t size = s->dtype == HONE_F64 ? 8 : s->dtype == HONE_U8 ? 1 : 4;
        if (s->data && !(s->flags & HONE_SLOT_TRANSIENT))
            memcpy(to->slot[i].data, s->data, (size_t)s->n * size);
    }
}

/* A run that is broken off after `at` steps and goes on in a fresh optimizer, against one in one go. */
static const char *resumed(struct checking *c, int at, const float *want, struct hone_err *err)
{
    static char why[160];
    struct rig a, b = { 0 };
    int ret = open_rig(c, &a, NULL, 1, err);
    if (ret >= 0)
        ret = take(c, &a, at, err);
    if (ret >= 0 && (ret = open_rig(c, &b, NULL, 1, err)) >= 0) {
        memcpy(b.param, a.param, N * sizeof *want);
        carry(&a.optim, &b.optim);
        ret = take(c, &b, STEPS - at, err);
    }
    if (ret < 0)
        snprintf(why, sizeof why, "%.150s", err->text);
    else
        snprintf(why, sizeof why, "after step %d, weights differ from a run without a break: some state is in no slot", at);
    int same = ret >= 0 && memcmp(b.param, want, N * sizeof *want) == 0;
    close_rig(&b);
    close_rig(&a);
    return same ? NULL : why;
}

static void try_resume(struct checking *c, const float *want)
{
    struct hone_err err = { 0 };
    const char *why = NULL;
    for (int at = 1; at < STEPS && !why; at++)
        why = resumed(c, at, want, &err);
    check_line(c, "goes on from its declared state alone, after any step", why);
}

static void try_bound(struct checking *c, const struct hone_param *p, double value)
{
    struct rig r;
    struct hone_err err = { 0 };
    cJSON *o = cJSON_CreateObject();
    char what[160];
    cJSON_AddItemToObject(o, p->name, p->type == HONE_BOOL ? cJSON_CreateBool(value != 0) : cJSON_CreateNumber(value));
    snprintf(what, sizeof what, "stays finite with %s = %g", p->name, value);
    int ret = open_rig(c, &r, o, 1, &err);
    if (strcmp(p->name, "lr") == 0)
        r.lr = value;
    if (ret >= 0) { /* a refusal by its own check is fine */
        ret = take(c, &r, 3, &err);
        check_line(c, what, ret < 0 && ret != HONE_EDIVERGED ? err.text : ret < 0 ? NULL : not_finite(r.param));
    }
    close_rig(&r);
    cJSON_Delete(o);
}

/* The same steps in spans of other lengths. */
static void try_cuts(struct checking *c, const float *want)
{
    static const int64_t cuts[] = { 1, 5, 23, 100, 1000 };
    const struct hone_optimizer *o = (const struct hone_optimizer *)(const void *)c->item;
    struct hone_err err = { 0 };
    const char *why = NULL;
    if (!o->update)
        return;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && !why; i++) {
        struct rig r;
        int ret = open_rig(c, &r, NULL, 1, &err);
        r.optim.cut = cuts[i];
        if (ret >= 0)
            ret = take(c, &r, STEPS, &err);
        if (ret < 0)
            why = err.text;
        else if (memcmp(r.param, want, N * sizeof *want) != 0)
            why = "shorter spans give other bits: does a loop go wrong at its end, or remember something?";
        close_rig(&r);
    }
    check_line(c, "gives the same bits however tensors are cut", why);
}

/* 0, or -1 when it must not be tried in this process. */
static int try_memory(struct checking *c)
{
    const struct hone_optimizer *o = (const struct hone_optimizer *)(const void *)c->item;
    void *group[OPTIM_COPIES] = { 0 };
    struct rig r;
    struct hone_err err = { 0 };
    int ret = 0;
    if (!o->update && !o->sum)
        return 0;
    if (open_rig(c, &r, NULL, 1, &err) >= 0) {
        for (int64_t k = 0; k < r.optim.copies; k++)
            group[k] = r.optim.slot[k].extent == HONE_PER_GROUP ? r.optim.slot[k].data : NULL;
        struct hone_prep prep = { 1, r.optim.conf, r.optim.derived, group };
        optim_set_lr(&r.optim, r.lr);
        if (!o->prepare || o->prepare(&prep, &err) >= 0)
            ret = check_span_memory(c, &r.optim);
    }
    close_rig(&r);
    return ret;
}

void check_optimizer(struct checking *c)
{
    struct rig r;
    struct hone_err err = { 0 };
    if (c->item->flags & HONE_OPT_WRAPS || try_memory(c) < 0)
        return;
    int ret = open_rig(c, &r, NULL, 1, &err);
    double before = ret < 0 ? 0 : bowl(r.param);
    if (ret >= 0)
        ret = take(c, &r, STEPS, &err);
    check_line(c, "takes 20 steps and stays finite", ret < 0 ? err.text : not_finite(r.param));
    if (ret < 0) {
        close_rig(&r);
        return;
    }
    check_line(c, "comes down a bowl", bowl(r.param) < before ? NULL : "the loss of a quadratic bowl did not fall in 20 steps");
    try_threads(c, r.param);
    try_resume(c, r.param);
    try_cuts(c, r.param);
    for (uint32_t i = 0; i < c->item->n_params; i++) {
        const struct hone_param *p = &c->item->params[i];
        if (p->type != HONE_REAL && p->type != HONE_INT && p->type != HONE_BOOL)
            continue;
        double low = p->type == HONE_BOOL ? 0 : p->min, high = p->type == HONE_BOOL ? 1 : p->max;
        if (!(p->flags & HONE_P_OPEN_MIN))
            try_bound(c, p, low);
        if (!(p->flags & HONE_P_OPEN_MAX) && high <= 1000)
            try_bound(c, p, high);
    }
    close_rig(&r);
}
