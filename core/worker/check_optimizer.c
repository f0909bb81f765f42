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
#define MARGIN 32       /* floats around what an optimizer may write */
#define MARK 1234.5f

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
        ret = take(c, &r, 20, &err);
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

static void try_resume(struct checking *c, const float *want)
{
    struct rig a, b;
    struct hone_err err = { 0 };
    int ret = open_rig(c, &a, NULL, 1, &err);
    if (ret >= 0)
        ret = take(c, &a, 8, &err);
    if (ret >= 0 && (ret = open_rig(c, &b, NULL, 1, &err)) >= 0) {
        memcpy(b.param, a.param, N * sizeof *want);
        carry(&a.optim, &b.optim);
        ret = take(c, &b, 12, &err);
        check_line(c, "goes on from its declared state alone",
                   ret < 0 ? err.text : memcmp(b.param, want, N * sizeof *want) ? "weights differ from a run without a break: some state is "
                                                                                   "in no slot" : NULL);
        close_rig(&b);
    }
    close_rig(&a);
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

/* Calls update() on pieces of uneven lengths, and looks at what lies around them. */
static void try_cuts(struct checking *c)
{
    const struct hone_optimizer *o = (const struct hone_optimizer *)(const void *)c->item;
    struct rig whole, cut;
    struct hone_err err = { 0 };
    if (!o->update || o->n_sums || o->n_slots > 8)
        return;
    for (uint32_t s = 0; s < o->n_slots; s++)
        if (o->slots[s].dtype != HONE_F32 || o->slots[s].extent != HONE_PER_ELEMENT || o->slots[s].count_from || o->slots[s].count > 1)
            return;
    if (open_rig(c, &whole, NULL, 1, &err) < 0 || take(c, &whole, 1, &err) < 0 || open_rig(c, &cut, NULL, 1, &err) < 0) {
        check_line(c, "can be cut anywhere", err.text);
        return;
    }
    const int64_t room = TAIL * 40 + 2 * MARGIN;
    float *area = floats_new(room * (2 + (int64_t)o->n_slots));
    const char *why = NULL;
    struct hone_prep prep = { 1, cut.optim.conf, cut.optim.derived, NULL };
    optim_set_lr(&cut.optim, cut.lr);
    if (o->prepare)
        o->prepare(&prep, &err);
    for (int64_t at = 0, n = 1; at < TAIL * 40 && !why; at += n, n = n % 23 + 1) {
        void *state[8];
        n = n < TAIL * 40 - at ? n : TAIL * 40 - at;
        for (int64_t i = 0; i < room * (2 + (int64_t)o->n_slots); i++)
            area[i] = MARK;
        memcpy(area + MARGIN, cut.param + at, (size_t)n * sizeof *area);
        for (int64_t i = 0; i < n; i++)
            area[room + MARGIN + i] = cut.param[at + i] - target(at + i);
        for (uint32_t s = 0; s < o->n_slots; s++) {
            state[s] = area + room * (2 + (int64_t)s) + MARGIN;
            memcpy(state[s], (float *)cut.optim.slot[s].data + at, (size_t)n * sizeof *area);
        }
        struct hone_span span = { .n = n, .param = area + MARGIN, .grad = area + room + MARGIN, .state = state, .conf = cut.optim.conf,
                                  .derived = cut.optim.derived, .step = 1, .gap = 1, .at = at };
        o->update(&span);
        if (memcmp(area + MARGIN, whole.param + at, (size_t)n * sizeof *area) != 0)
            why = "a span of other length gives other bits: does a loop go wrong at its end?";
        for (uint32_t v = 0; v < 2 + o->n_slots && !why; v++)
            for (int64_t i = 0; i < room; i++)
                if ((i < MARGIN || i >= MARGIN + n) && area[room * v + i] != MARK)
                    why = "it wrote outside of its span";
    }
    check_line(c, "can be cut anywhere and writes nothing else", why);
    free(area);
    close_rig(&whole);
    close_rig(&cut);
}

void check_optimizer(struct checking *c)
{
    struct rig r;
    struct hone_err err = { 0 };
    if (c->item->flags & HONE_OPT_WRAPS)
        return;
    int ret = open_rig(c, &r, NULL, 1, &err);
    double before = ret < 0 ? 0 : bowl(r.param);
    if (ret >= 0)
        ret = take(c, &r, 20, &err);
    check_line(c, "takes 20 steps and stays finite", ret < 0 ? err.text : not_finite(r.param));
    if (ret < 0) {
        close_rig(&r);
        return;
    }
    check_line(c, "comes down a bowl", bowl(r.param) < before ? NULL : "the loss of a quadratic bowl did not fall in 20 steps");
    try_threads(c, r.param);
    try_resume(c, r.param);
    try_cuts(c);
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
