#include <math.h>
#include <string.h>
#include "core/train/kernels.h"
#include "core/train/optim.h"

#define GRID 8192      /* elements of a dense span: part of the results of sums, never changed */
#define GATHER 1024    /* floats of narrow rows that are updated together, */
#define TOGETHER 64    /* and rows: what they touch stays in the nearest cache */

/* What the pieces of a step share. */
struct step_work {
    struct optim *o;
    const struct tensor *t;
    const struct touched *touched;
    const struct optim_slot *slot;   /* of this tensor */
    struct hone_span span;           /* conf, derived, step, sums filled */
    float *grad;                     /* sparse: [touched][width]; dense: [n] */
    double *square;                  /* by row or by span: sum of squares, or NULL */
    double *sums;                    /* by span: n_sums each */
    void (*each)(const struct hone_span *); /* called instead of update() */
    int64_t first;                   /* elements of the tensors before this one */
    void *const *group;              /* pointers to PER_GROUP slots, by copy */
    int64_t together;                /* rows of a sparse tensor updated in one call */
    int compute, update, gap;
};

static size_t element_size(const struct optim_slot *s)
{
    return s->dtype == HONE_F64 ? 8 : s->dtype == HONE_U8 ? 1 : 4;
}

/* Pointers to the state of elements from `at` on. */
static void point_state(const struct step_work *w, int64_t at, void **state)
{
    for (int64_t c = 0; c < w->o->copies; c++) {
        const struct optim_slot *s = &w->slot[c];
        state[c] = s->extent == HONE_PER_GROUP ? w->group[c]
                   : !s->data                  ? NULL
                   : s->extent == HONE_PER_ELEMENT ? (char *)s->data + (size_t)at * element_size(s) : s->data;
    }
}

static void row_gradients(const struct step_work *w, int64_t begin, int64_t end)
{
    const struct touched *t = w->touched;
    int64_t k = w->t->width;
    for (int64_t r = begin; r < end; r++) {
        float *g = w->grad + r * k;
        if (!t->sum)
            kernel_gather(t->start[r + 1] - t->start[r], t->src + t->start[r], t->value + t->start[r], k, g, 0);
        if (w->o->pull.strength > 0)
            optim_pull_row(w->o, w->t - w->o->tensors->t, t->row[r], g);
        if (w->square)
            w->square[r] = kernel_dot64(g, g, k);
    }
}

/* One row of k floats; rows are too short for a call of memcpy(). */
static inline void copy_row(float *restrict to, const float *restrict from, int64_t k)
{
    int64_t i = 0;
    for (; i + 4 <= k; i += 4)
        memcpy(to + i, from + i, 4 * sizeof *to);
    for (; i < k; i++)
        to[i] = from[i];
}

/* gcc would make calls of memcpy() of copy_row()'s loops again; clang knows no such switch for one function. */
#ifdef __clang__
#define ROWS_IN_PLACE
#else
#define ROWS_IN_PLACE __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

#define AHEAD 16 /* rows that are fetched before they are copied */

/* Updates rows [begin, end) of the touched list together, through copies that lie side by side. */
ROWS_IN_PLACE static void update_together(const struct step_work *w, int64_t begin, int64_t end)
{
    const struct optim *o = w->o;
    int64_t k = w->t->width, n = (end - begin) * k;
    float copy[5][GATHER] __attribute__((aligned(64)));
    float *from[5] = { w->t->param };
    void *state[4];
    for (int64_t c = 0; c < o->copies; c++) {
        from[1 + c] = w->slot[c].data;
        state[c] = copy[1 + c];
    }
    for (int64_t r = begin; r < end; r++) {
        int64_t at = w->touched->row[r] * k, to = (r - begin) * k, next = r + AHEAD < w->touched->n ? w->touched->row[r + AHEAD] * k : at;
        for (int64_t c = 0; c <= o->copies; c++) {
            __builtin_prefetch(from[c] + next, 1);
            copy_row(copy[c] + to, from[c] + at, k);
        }
    }
    struct hone_span s = w->span;
    s.n = n;
    s.param = copy[0];
    s.grad = w->grad + begin * k;
    s.state = state;
    s.gap = 1;
    o->item->update(&s);
    for (int64_t r = begin; r < end; r++) {
        int64_t at = w->touched->row[r] * k, to = (r - begin) * k;
        for (int64_t c = 0; c <= o->copies; c++)
            copy_row(from[c] + at, copy[c] + to, k);
    }
}

static void prefetch_row(const struct step_work *w, int64_t r)
{
    int64_t k = w->t->width, at = w->touched->row[r] * k;
    for (int64_t i = 0; i < k; i += 16) {
        __builtin_prefetch(w->t->param + at + i, 1);
        for (int64_t c = 0; c < w->o->copies && c < 2; c++)
            if (w->slot[c].dtype == HONE_F32 && w->slot[c].extent == HONE_PER_ELEMENT)
                __builtin_prefetch((float *)w->slot[c].data + at + i, 1);
    }
}

static void update_row(const struct step_work *w, int64_t r)
{
    int64_t k = w->t->width, at = w->touched->row[r] * k;
    int64_t *last = w->gap ? &w->o->last[w->t - w->o->tensors->t][w->touched->row[r]] : NULL;
    void *state[OPTIM_COPIES];
    point_state(w, at, state);
    struct hone_span s = w->span;
    s.n = k;
    s.param = w->t->param + at;
    s.grad = w->grad + r * k;
    s.state = state;
    s.gap = last ? s.step - *last : 1;
    if (last)
        *last = s.step;
    w->o->item->update(&s);
}

static void sparse_task(void *arg, int64_t begin, int64_t end)
{
    const struct step_work *w = arg;
    for (int64_t r = begin; r < end; r += w->together) {
        int64_t stop = r + w->together < end ? r + w->together : end;
        if (w->update && w->together == 1 && stop < end)
            prefetch_row(w, stop);
        if (w->compute)
            row_gradients(w, r, stop);
        if (w->update && w->together > 1)
            update_together(w, r, stop);
        else if (w->update)
            update_row(w, r);
    }
}

/* Hands elements [at, at + n) to each() or update(): at once, or in pieces of changing lengths where `cut` asks for it. */
static void hand_over(const struct step_work *w, int64_t at, int64_t n)
{
    void (*fn)(const struct hone_span *) = w->each ? w->each : w->o->item->update;
    void *state[OPTIM_COPIES];
    struct hone_span s = w->span;
    s.state = state;
    s.gap = 1;
    for (int64_t end = at + n; at < end; at += s.n) {
        int64_t most = w->o->cut > 0 ? 1 + at * 7919 % w->o->cut : n;
        s.n = end - at < most ? end - at : most;
        point_state(w, at, state);
        s.param = w->t->param + at;
        s.grad = w->grad ? w->grad + at : NULL;
        s.at = w->first + at;
        fn(&s);
    }
}

static void sum_span(const struct step_work *w, int64_t at, int64_t n)
{
    void *state[OPTIM_COPIES];
    struct hone_span s = w->span;
    point_state(w, at, state);
    s.n = n;
    s.param = w->t->param + at;
    s.grad = w->grad + at;
    s.state = state;
    s.gap = 1;
    s.at = w->first + at;
    w->o->item->sum(&s, w->sums + at / GRID * w->o->item->n_sums);
}

static void dense_task(void *arg, int64_t begin, int64_t end)
{
    const struct step_work *w = arg;
    for (int64_t at = begin; at < end; at += GRID) {
        int64_t n = end - at < GRID ? end - at : GRID;
        if (w->square)
            w->square[at / GRID] = kernel_dot64(w->grad + at, w->grad + at, n);
        if (w->sums)
            sum_span(w, at, n);
        else if (w->update || w->each)
            hand_over(w, at, n);
    }
}

static int trained(const struct tensor *t)
{
    return !(t->flags & (HONE_W_FROZEN | TENSOR_HELD));
}

/* Whether the tensor's gradient stays a list of rows in this optimizer. */
static int by_rows(const struct optim *o, const struct tensor *t)
{
    return !o->borrows && (t->flags & HONE_W_SPARSE_ROWS) && optim_by_rows(o->item);
}

static int can_join(const struct optim *o, const struct optim_slot *slot)
{
    if (o->copies > 4 || (o->item->item.flags & HONE_OPT_GAP))
        return 0;
    for (int64_t c = 0; c < o->copies; c++)
        if (slot[c].dtype != HONE_F32 || slot[c].extent != HONE_PER_ELEMENT)
            return 0;
    return 1;
}

void optim_expand(struct optim *o, struct passes *p)
{
    if (o->borrows)
        return;
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct touched *t = &p->touched[i];
        int64_t k = o->tensors->t[i].width;
        for (int64_t r = 0; o->dense[i] && r < t->n; r++) {
            float *to = o->dense[i] + t->row[r] * k;
            if (t->sum)
                memcpy(to, t->sum + r * k, (size_t)k * sizeof *to);
            else
                kernel_gather(t->start[r + 1] - t->start[r], t->src + t->start[r], t->value + t->start[r], k, to, 0);
        }
    }
}

void optim_unexpand(struct optim *o, struct passes *p)
{
    if (o->borrows)
        return;
    for (int64_t i = 0; i < o->tensors->n; i++)
        for (int64_t r = 0; o->dense[i] && r < p->touched[i].n; r++)
            memset(o->dense[i] + p->touched[i].row[r] * o->tensors->t[i].width, 0,
                   (size_t)o->tensors->t[i].width * sizeof(float));
}

float *optim_gradient(const struct optim *o, const struct passes *p, int64_t i)
{
    return o->dense[i] ? o->dense[i] : p->grad[i];
}

/* The work of one tensor with everything that does not depend on the phase. */
static struct step_work work_of(struct optim *o, struct passes *p, int64_t i, float *rows, void *const *group)
{
    const struct tensor *t = &o->tensors->t[i];
    struct step_work w = { .o = o, .t = t, .touched = &p->touched[i], .slot = o->slot + i * o->copies, .group = group,
                           .together = 1, .gap = (o->item->item.flags & HONE_OPT_GAP) != 0 };
    const struct optim_group *own = o->group && o->group[i].conf ? &o->group[i] : NULL;
    w.span = (struct hone_span){ .conf = own ? own->conf : t->flags & HONE_W_NO_DECAY ? o->conf_no_decay : o->conf,
                                 .derived = own ? own->derived : o->derived, .step = o->step };
    w.grad = by_rows(o, t) ? rows : optim_gradient(o, p, i);
    if (by_rows(o, t) && t->width <= GATHER / 8 && can_join(o, w.slot))
        w.together = GATHER / t->width < TOGETHER ? GATHER / t->width : TOGETHER;
    return w;
}

/* Calls fn for spans of all trained tensors; `param` stands in for the parameters unless it is NULL. */
void optim_each(struct optim *o, const struct passes *p, float *const *param, void (*fn)(const struct hone_span *), const void *derived)
{
    void *group[OPTIM_COPIES] = { 0 };
    int64_t first = 0;
    for (int64_t c = 0; c < o->copies && c < OPTIM_COPIES; c++)
        group[c] = o->slot[c].extent == HONE_PER_GROUP ? o->slot[c].data : NULL;
    for (int64_t i = 0; i < o->tensors->n; first += o->tensors->t[i++].n) {
        struct tensor t = o->tensors->t[i];
        if (!trained(&t))
            continue;
        struct step_work w = { .o = o, .t = &t, .slot = o->slot + i * o->copies, .group = group, .each = fn, .first = first };
        w.span = (struct hone_span){ .conf = t.flags & HONE_W_NO_DECAY ? o->conf_no_decay : o->conf, .derived = derived, .step = o->step };
        w.grad = p ? optim_gradient(o, p, i) : NULL;
        t.param = param ? param[i] : t.param;
        pool_run(o->pool, t.n, GRID, dense_task, &w);
    }
}

int optim_serves(const struct optim *o)
{
    return o->item->serve != NULL || (o->inner && o->inner->item->serve);
}

void optim_serve(struct optim *o, float *const *out)
{
    if (o->inner && o->inner->item->serve)
        optim_each(o->inner, NULL, out, o->inner->item->serve, o->inner->derived);
    if (o->item->serve)
        optim_each(o, NULL, out, o->item->serve, o->derived);
}

static void run(struct step_work *w)
{
    struct optim *o = w->o;
    if (!by_rows(o, w->t)) {
        pool_run(o->pool, w->t->n, GRID, dense_task, w);
        return;
    }
    int64_t n = w->touched->n, grain = w->together * 8;
    pool_run(o->pool, n, n * w->t->width < 4096 ? (n > 0 ? n : 1) : grain, sparse_task, w);
}

/* Gradients of sparse rows, if `square` is wanted, and the norm of all. */
static int gradient_norm(struct optim *o, struct passes *p, float *const *rows, double *norm)
{
    double total = 0;
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct tensor *t = &o->tensors->t[i];
        if (!trained(t))
            continue;
        struct step_work w = work_of(o, p, i, rows[i], NULL);
        int64_t n = by_rows(o, t) ? w.touched->n : (t->n + GRID - 1) / GRID;
        w.compute = 1;
        if (!(w.square = passes_scratch(p, (size_t)(n + 1) * sizeof *w.square)))
            return HONE_ENOMEM;
        run(&w);
        for (int64_t j = 0; j < n; j++)
            total += w.square[j];
    }
    *norm = sqrt(total);
    return 0;
}

static void scale_gradients(struct optim *o, struct passes *p, float *const *rows, float factor)
{
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct tensor *t = &o->tensors->t[i];
        if (!trained(t))
            continue;
        if (by_rows(o, t))
            kernel_scale(p->touched[i].n * t->width, factor, rows[i]);
        else
            kernel_scale(t->n, factor, optim_gradient(o, p, i));
    }
}

/* What the plugin makes of its totals. */
static int settle(struct optim *o, void *const *group, double *all, double *totals, struct hone_err *err)
{
    uint32_t m = o->item->n_sums;
    void *state[OPTIM_COPIES];
    struct hone_prep prep = { o->step, o->conf, o->derived, group };
    int ret = 0;
    if (o->item->sum_scope == HONE_SUM_GROUP) {
        if (o->item->settle)
            ret = o->item->settle(&prep, all, err);
        for (int64_t i = 0; i < o->tensors->n; i++)
            memcpy(totals + i * m, all, m * sizeof *all);
        return ret < 0 ? err_prefix(err, "optimizer '%s'", o->item->item.name) : 0;
    }
    prep.state = state;
    for (int64_t i = 0; i < o->tensors->n && o->item->settle && ret >= 0; i++) {
        if (!trained(&o->tensors->t[i]))
            continue;
        for (int64_t c = 0; c < o->copies; c++) {
            const struct optim_slot *s = &o->slot[i * o->copies + c];
            state[c] = s->extent == HONE_PER_GROUP ? group[c] : s->extent == HONE_PER_TENSOR ? s->data : NULL;
        }
        ret = o->item->settle(&prep, totals + i * m, err);
    }
    return ret < 0 ? err_prefix(err, "optimizer '%s'", o->item->item.name) : 0;
}

/* Totals of sum() over each tensor, or over all, into totals[tensors][n_sums], settled. */
static int totals_of(struct optim *o, struct passes *p, float *const *rows, void *const *group, double *totals, struct hone_err *err)
{
    uint32_t m = o->item->n_sums;
    double all[8] = { 0 };
    for (int64_t i = 0; i < o->tensors->n; i++) {
        if (!trained(&o->tensors->t[i]))
            continue;
        struct step_work w = work_of(o, p, i, rows[i], group);
        int64_t spans = (w.t->n + GRID - 1) / GRID;
        if (!(w.sums = passes_scratch(p, (size_t)(spans + 1) * m * sizeof *w.sums)))
            return HONE_ENOMEM;
        memset(w.sums, 0, (size_t)(spans + 1) * m * sizeof *w.sums);
        pool_run(o->pool, w.t->n, GRID, dense_task, &w);
        for (int64_t s = 0; s < spans; s++)
            for (uint32_t j = 0; j < m; j++) {
                totals[i * m + j] += w.sums[s * m + j];
                all[j] += w.sums[s * m + j];
            }
    }
    return settle(o, group, all, totals, err);
}

/* update() or update_tensor() of each tensor. */
static int update_all(struct optim *o, struct passes *p, float *const *rows, void *const *group, const double *totals,
                      int computed, struct hone_err *err)
{
    const struct hone_optimizer *item = o->item;
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct tensor *t = &o->tensors->t[i];
        if (!trained(t))
            continue;
        struct step_work w = work_of(o, p, i, rows[i], group);
        w.span.sums = totals ? totals + i * item->n_sums : NULL;
        w.compute = !computed;
        w.update = 1;
        if (item->update) {
            run(&w);
            continue;
        }
        struct hone_tensor_info info = { t->name, t->ndim, t->flags & HONE_W_SPARSE_ROWS ? HONE_T_SPARSE_ROWS : 0, t->dims, t->n };
        int64_t bytes = item->scratch ? item->scratch(o->conf, &info) : 0;
        void *scratch = bytes > 0 ? passes_scratch(p, (size_t)bytes) : NULL, *state[OPTIM_COPIES];
        if (bytes > 0 && !scratch)
            return HONE_ENOMEM;
        point_state(&w, 0, state);
        w.span.n = t->n;
        w.span.param = t->param;
        w.span.grad = w.grad;
        w.span.state = state;
        w.span.gap = 1;
        if (item->update_tensor(&w.span, &info, scratch, err) < 0)
            return err_prefix(err, "optimizer '%s', tensor '%s'", item->item.name, t->name);
    }
    return 0;
}

static int out_of_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out in an optimizer step");
}

/* Bounds all gradients; those of rows were computed. */
static void clip_gradients(struct optim *o, struct passes *p, float *const *rows)
{
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct tensor *t = &o->tensors->t[i];
        if (trained(t) && by_rows(o, t))
            optim_clip_tensor(&o->clip, t, rows[i], p->touched[i].row, p->touched[i].n);
        else if (trained(t))
            optim_clip_tensor(&o->clip, t, optim_gradient(o, p, i), NULL, t->rows);
    }
}

/* The step behind optim_expand(). */
static int step(struct optim *o, struct passes *p, float **rows, double lr, double clip, double *norm, struct hone_err *err)
{
    const struct hone_optimizer *item = o->item;
    double *totals = passes_scratch(p, (size_t)(o->tensors->n + 1) * 8 * sizeof *totals), length = 0;
    void *group[OPTIM_COPIES] = { 0 };
    int computed = norm || clip > 0 || optim_clips(&o->clip);
    if (!totals || (computed && gradient_norm(o, p, rows, &length)))
        return out_of_memory(err);
    memset(totals, 0, (size_t)(o->tensors->n + 1) * 8 * sizeof *totals);
    for (int64_t c = 0; c < o->copies; c++)
        group[c] = o->slot[c].extent == HONE_PER_GROUP ? o->slot[c].data : NULL;
    if (norm)
        *norm = length;
    if (computed && !isfinite(length))
        return hone_fail(err, HONE_EDIVERGED, "the gradient's norm is not finite");
    if (clip > 0 && length > clip)
        scale_gradients(o, p, rows, (float)(clip / (length + 1e-6)));
    if (optim_clips(&o->clip))
        clip_gradients(o, p, rows);
    o->step++;
    optim_set_lr(o, lr);
    struct hone_prep prep = { o->step, o->conf, o->derived, group };
    if (item->prepare && item->prepare(&prep, err) < 0)
        return err_prefix(err, "optimizer '%s'", item->item.name);
    if (optim_groups_prepare(o, lr, group, err) < 0)
        return err->code;
    int ret = item->n_sums ? totals_of(o, p, rows, group, totals, err) : 0;
    return ret < 0 ? ret : update_all(o, p, rows, group, item->n_sums ? totals : NULL, computed, err);
}

int optim_step(struct optim *o, struct passes *p, double lr, double clip, double *norm, struct hone_err *err)
{
    float **rows = passes_scratch(p, (size_t)(o->tensors->n + 1) * sizeof *rows);
    if (!rows)
        return out_of_memory(err);
    for (int64_t i = 0; i < o->tensors->n; i++)
        if (by_rows(o, &o->tensors->t[i]) && !(rows[i] = p->touched[i].sum)
            && !(rows[i] = passes_scratch(p, (size_t)(p->touched[i].n * o->tensors->t[i].width + 1) * sizeof(float))))
            return out_of_memory(err);
    optim_expand(o, p);
    for (int64_t i = 0; o->pull.strength > 0 && i < o->tensors->n; i++)
        if (trained(&o->tensors->t[i]) && !by_rows(o, &o->tensors->t[i]))
            optim_pull(o, p, i);
    int ret = step(o, p, rows, lr, clip, norm, err);
    optim_unexpand(o, p);
    return ret == HONE_ENOMEM && !err->code ? out_of_memory(err) : ret;
}
