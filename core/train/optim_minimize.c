/* The closure form of an optimizer: vectors over all trained parameters, and losses on demand. */
#include <math.h>
#include <string.h>
#include "core/train/kernels.h"
#include "core/train/optim.h"

#define GRID 8192 /* elements of a piece of a dot product: part of the results, never changed */

struct minimizing {
    struct optim *o;
    struct passes *p;
    optim_eval *eval;
    void *arg;
    double clip, lr;
};

static int closure_eval(struct hone_closure *c, double *loss, struct hone_err *err)
{
    struct minimizing *m = c->host_data;
    optim_unexpand(m->o, m->p);
    int ret = m->eval(m->arg, loss, err);
    if (ret < 0)
        return ret;
    optim_expand(m->o, m->p);
    double length = m->clip > 0 ? sqrt(c->dot(c, HONE_V_GRAD, HONE_V_GRAD)) : 0;
    if (length > m->clip)
        c->scale(c, m->clip / (length + 1e-6), HONE_V_GRAD);
    for (int64_t i = 0; optim_clips(&m->o->clip) && i < m->o->tensors->n; i++) {
        const struct tensor *t = &m->o->tensors->t[i];
        if (!(t->flags & HONE_W_FROZEN))
            optim_clip_tensor(&m->o->clip, t, optim_gradient(m->o, m->p, i), NULL, t->rows);
    }
    return 0;
}

/* The part of vector v that belongs to tensor i; NULL when v is not a vector. */
static float *part(const struct minimizing *m, uint32_t v, int64_t i)
{
    const struct optim *o = m->o;
    if (v == HONE_V_PARAM)
        return o->tensors->t[i].param;
    if (v == HONE_V_GRAD)
        return optim_gradient(o, m->p, i);
    uint32_t k = v - HONE_V_SLOT(0);
    for (int64_t c = 0; c < o->copies; c++) {
        const struct optim_slot *s = &o->slot[i * o->copies + c];
        if (s->extent == HONE_PER_ELEMENT && s->dtype == HONE_F32 && k-- == 0)
            return s->data;
    }
    return NULL;
}

enum vector_op { DOT, AXPY, SCALE, COPY, SUM_ABS, MAX_ABS };

/* Does `op` with pieces of GRID elements of one trained tensor. */
struct vector_work {
    const struct minimizing *m;
    uint32_t x, y;
    int64_t tensor;
    float alpha;
    enum vector_op op;
    double *sum;     /* by piece */
};

static double sum_abs(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += fabs((double)x[i]);
    return sum;
}

static double max_abs(const float *x, int64_t n)
{
    double max = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs((double)x[i]) <= max))
            max = fabs((double)x[i]);
    }
    return max;
}

static void vector_task(void *arg, int64_t begin, int64_t end)
{
    const struct vector_work *w = arg;
    float *x = part(w->m, w->x, w->tensor), *y = part(w->m, w->y, w->tensor);
    for (int64_t at = begin; at < end; at += GRID) {
        int64_t n = end - at < GRID ? end - at : GRID;
        if (w->op == DOT)
            w->sum[at / GRID] = kernel_dot64(x + at, y + at, n);
        else if (w->op == SUM_ABS)
            w->sum[at / GRID] = sum_abs(x + at, n);
        else if (w->op == MAX_ABS)
            w->sum[at / GRID] = max_abs(x + at, n);
        else if (w->op == AXPY)
            kernel_axpy(n, w->alpha, x + at, y + at);
        else if (w->op == SCALE)
            kernel_scale(n, w->alpha, y + at);
        else
            memcpy(y + at, x + at, (size_t)n * sizeof(float));
    }
}

static double over_vectors(struct hone_closure *c, enum vector_op op, double alpha, uint32_t x, uint32_t y)
{
    struct minimizing *m = c->host_data;
    double total = 0;
    for (int64_t i = 0; i < m->o->tensors->n; i++) {
        const struct tensor *t = &m->o->tensors->t[i];
        if (t->flags & HONE_W_FROZEN)
            continue;
        if (!part(m, x, i) || !part(m, y, i))
            return NAN;
        struct vector_work w = { m, x, y, i, (float)alpha, op, NULL };
        int64_t pieces = (t->n + GRID - 1) / GRID;
        int summed = op == DOT || op >= SUM_ABS;
        if (summed && !(w.sum = passes_scratch(m->p, (size_t)(pieces + 1) * sizeof *w.sum)))
            return NAN;
        pool_run(m->o->pool, t->n, GRID, vector_task, &w);
        for (int64_t j = 0; summed && j < pieces; j++) {
            if (op != MAX_ABS)
                total += w.sum[j];
            else if (!(w.sum[j] <= total))
                total = w.sum[j];
        }
    }
    return total;
}

static double closure_dot(struct hone_closure *c, uint32_t a, uint32_t b)
{
    return over_vectors(c, DOT, 0, a, b);
}

static void closure_axpy(struct hone_closure *c, double alpha, uint32_t x, uint32_t y)
{
    over_vectors(c, AXPY, alpha, x, y);
}

static void closure_scale(struct hone_closure *c, double alpha, uint32_t y)
{
    over_vectors(c, SCALE, alpha, y, y);
}

static void closure_copy(struct hone_closure *c, uint32_t from, uint32_t to)
{
    over_vectors(c, COPY, 0, from, to);
}

static double closure_norm1(struct hone_closure *c, uint32_t x)
{
    return over_vectors(c, SUM_ABS, 0, x, x);
}

static double closure_norm_max(struct hone_closure *c, uint32_t x)
{
    return over_vectors(c, MAX_ABS, 0, x, x);
}

static void closure_each(struct hone_closure *c, void (*fn)(const struct hone_span *), const void *arg)
{
    struct minimizing *m = c->host_data;
    optim_each(m->o, m->p, NULL, fn, arg);
}

static int closure_inner(struct hone_closure *c, struct hone_err *err)
{
    struct minimizing *m = c->host_data;
    return m->o->inner ? optim_step(m->o->inner, m->p, m->lr, 0, NULL, err)
                       : hone_fail(err, ERR_PLUGIN, "it calls inner() without HONE_OPT_WRAPS");
}

int optim_minimize(struct optim *o, struct passes *p, double lr, double clip, optim_eval *eval, void *arg, double *norm,
                   struct hone_err *err)
{
    struct minimizing m = { o, p, eval, arg, clip, lr };
    void *group[OPTIM_COPIES] = { 0 };
    for (int64_t c = 0; c < o->copies; c++)
        group[c] = o->slot[c].extent == HONE_PER_GROUP ? o->slot[c].data : NULL;
    optim_set_lr(o, lr);
    o->step++;
    struct hone_closure c = { .struct_size = sizeof c, .host_data = &m, .conf = o->conf, .state = group, .step = o->step,
                              .eval = closure_eval, .dot = closure_dot, .axpy = closure_axpy, .scale = closure_scale,
                              .copy = closure_copy, .norm1 = closure_norm1, .norm_max = closure_norm_max, .each = closure_each,
                              .inner = closure_inner };
    int ret = o->item->minimize(&c, err);
    double length = norm && ret >= 0 ? sqrt(closure_dot(&c, HONE_V_GRAD, HONE_V_GRAD)) : 0;
    if (norm)
        *norm = length;
    optim_unexpand(o, p);
    if (ret >= 0 && !isfinite(length))
        ret = hone_fail(err, HONE_EDIVERGED, "the gradient's norm is not finite");
    return ret < 0 ? err_prefix(err, "optimizer '%s'", o->item->item.name) : 0;
}
