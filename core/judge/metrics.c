/* Metrics that are sums over rows, block by block, and their bootstrap. See metrics.h; metrics_add.c chooses them, metrics_whole.c
 * has those that need all rows. */
#include "core/judge/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPLICATES 1000
#define MIN_REPLICATES 100
#define MAX_DRAWS 20000000     /* rows x replicates */
#define MAX_STATE_DOUBLES (16 << 20)
#define MAX_PROB_BYTES (INT64_C(1) << 30)
#define SMALL 16               /* doubles of state up to which the contributions of single rows are summed */

static int streamed(const struct judged_metric *m)
{
    return !m->plugin->whole && !(m->plugin->item.flags & HONE_M_ALIKE);
}

/* As many replicates as keep rows x replicates and the memory of the states in bounds; 0 when too few would be left. */
static int64_t choose_replicates(const struct metric_set *s, int64_t n)
{
    int64_t doubles = 1, r = MAX_REPLICATES;
    for (int64_t i = 0; i < s->n; i++)
        doubles += s->v[i].state_size;
    if (r * n > MAX_DRAWS)
        r = MAX_DRAWS / n < MIN_REPLICATES ? MIN_REPLICATES : MAX_DRAWS / n;
    if (r * doubles > MAX_STATE_DOUBLES)
        r = MAX_STATE_DOUBLES / doubles;
    return r < MIN_REPLICATES ? 0 : r;
}

static int measure_states(struct metric_set *s, int64_t width, struct hone_err *err)
{
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        if (m->plugin->whole)
            continue;
        m->state_size = m->plugin->state_size(m->conf, width);
        m->small = m->state_size <= SMALL && !m->plugin->merge;
        if (m->state_size < 0 || m->state_size > (INT64_C(1) << 40))
            return hone_fail(err, ERR_PLUGIN, "the metric %s asks for %lld numbers of state", m->plugin->item.name,
                             (long long)m->state_size);
    }
    return 0;
}

int metrics_start(struct metric_set *s, int64_t n, int64_t width, uint64_t seed, struct pool *pool, struct hone_err *err)
{
    s->seed = seed;
    s->pool = pool;
    int rc = measure_states(s, width, err);
    if (rc < 0)
        return rc;
    s->replicates = choose_replicates(s, n > 0 ? n : 1);
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        size_t size = (size_t)m->state_size + 1;
        m->state = calloc(size, sizeof(double));
        m->piece = calloc(size, sizeof(double));
        m->replicas = calloc(size * (size_t)s->replicates + 1, sizeof(double));
        if (!m->state || !m->piece || !m->replicas)
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the state of the metric %s", m->plugin->item.name);
    }
    if (!metrics_need(s, "prob"))
        return 0;
    int64_t bytes = n * width * (int64_t)sizeof *s->prob;
    if (bytes > MAX_PROB_BYTES)
        return hone_fail(err, ERR_PRECONDITION, "a metric that was asked for needs the probabilities of all rows at once: %lld rows x %lld outputs are "
                         "%lld MB, at most 1024 are taken; test on fewer rows or leave it out", (long long)n, (long long)width,
                         (long long)(bytes >> 20));
    s->prob = malloc((size_t)bytes + 1);
    return s->prob ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the probabilities of %lld rows", (long long)n);
}

static void merge(const struct judged_metric *m, double *into, const double *from)
{
    if (m->plugin->merge) {
        m->plugin->merge(into, from, m->state_size, m->conf);
        return;
    }
    for (int64_t i = 0; i < m->state_size; i++)
        into[i] += from[i];
}

/* ---- resampling a block ---- */

/* What single rows of a block add to a metric of small state: [state_size][n], one row of numbers an element. */
struct contributions {
    double *v;
    uint8_t constant[SMALL]; /* the same for every row */
};

struct resampling {
    const struct metric_set *s;
    const struct hone_scored *block;
    const struct contributions *of; /* [s->n]; v NULL: none */
    int64_t first;
    int failed; /* set by any thread, only ever to 1 */
};

/* The row of a block by itself. */
static struct hone_scored row_of(const struct hone_scored *block, int64_t i)
{
    struct hone_scored row = *block;
    row.n = 1;
    row.prob = block->prob ? block->prob + i * block->width : NULL;
    row.predicted = block->predicted + i;
    row.label = block->label + i;
    row.weight = block->weight ? block->weight + i : NULL;
    return row;
}

struct contributing {
    const struct judged_metric *m;
    const struct hone_scored *block;
    double *v;
};

static void contribute(void *arg, int64_t begin, int64_t end)
{
    const struct contributing *c = arg;
    for (int64_t i = begin; i < end; i++) {
        double state[SMALL] = { 0 };
        struct hone_scored row = row_of(c->block, i);
        c->m->plugin->update(&row, c->m->conf, state);
        for (int64_t k = 0; k < c->m->state_size; k++)
            c->v[k * c->block->n + i] = state[k];
    }
}

static void run(struct pool *pool, int64_t n, int64_t grain, hone_task *task, void *arg)
{
    if (pool)
        pool_run(pool, n, grain, task, arg);
    else
        task(arg, 0, n);
}

static int make_contributions(const struct metric_set *s, const struct judged_metric *m, const struct hone_scored *block, struct contributions *c)
{
    c->v = malloc(((size_t)m->state_size * (size_t)block->n + 1) * sizeof *c->v);
    if (!c->v)
        return -1;
    struct contributing work = { m, block, c->v };
    run(s->pool, block->n, 256, contribute, &work);
    for (int64_t k = 0; k < m->state_size; k++) {
        const double *v = c->v + k * block->n;
        int64_t i = 1;
        while (i < block->n && !(v[i] < v[0]) && !(v[i] > v[0]))
            i++;
        c->constant[k] = i >= block->n;
    }
    return 0;
}

static void add_replicate(const struct resampling *r, int64_t b, const uint8_t *draw, double total, struct hone_scored *weighted)
{
    int64_t n = r->block->n;
    for (int64_t k = 0; k < r->s->n; k++) {
        const struct judged_metric *m = &r->s->v[k];
        double *state = m->replicas + b * m->state_size;
        if (!streamed(m))
            continue;
        if (!r->of[k].v)
            m->plugin->update(weighted, m->conf, state);
        for (int64_t e = 0; r->of[k].v && e < m->state_size; e++) {
            const double *v = r->of[k].v + e * n;
            state[e] += r->of[k].constant[e] ? total * v[0] : stats_weighted_sum(draw, v, n);
        }
    }
}

/* A replicate is the block with the weights that its draw gives to the rows; it goes straight into the replicate's state. */
static void resample(void *arg, int64_t begin, int64_t end)
{
    struct resampling *r = arg;
    struct hone_scored block = *r->block;
    float *weight = malloc((size_t)block.n * sizeof *weight + 1);
    uint8_t *draw = malloc((size_t)block.n + 1);
    if (!weight || !draw) {
        __atomic_store_n(&r->failed, 1, __ATOMIC_RELAXED);
        end = begin;
    }
    block.weight = weight;
    for (int64_t b = begin; b < end; b++) {
        int64_t total = 0;
        stats_weights(r->s->seed, b, r->first, block.n, draw);
        for (int64_t i = 0; i < block.n; i++) {
            total += draw[i];
            weight[i] = r->block->weight ? (float)draw[i] * r->block->weight[i] : (float)draw[i];
        }
        add_replicate(r, b, draw, (double)total, &block);
    }
    free(weight);
    free(draw);
}

static int resample_block(struct metric_set *s, const struct hone_scored *block, int64_t first, struct hone_err *err)
{
    struct contributions *of = calloc((size_t)s->n + 1, sizeof *of);
    struct resampling r = { .s = s, .block = block, .of = of, .first = first, .failed = !of };
    for (int64_t i = 0; !r.failed && i < s->n; i++)
        r.failed = streamed(&s->v[i]) && s->v[i].small && make_contributions(s, &s->v[i], block, &of[i]) < 0;
    if (!r.failed)
        run(s->pool, s->replicates, 8, resample, &r);
    for (int64_t i = 0; of && i < s->n; i++)
        free(of[i].v);
    free(of);
    return r.failed ? hone_fail(err, HONE_ENOMEM, "memory ran out for the intervals") : 0;
}

struct updating {
    struct metric_set *s;
    const struct hone_scored *block;
};

/* Metrics have a state each, so they may look at the block side by side. */
static void update_metrics(void *arg, int64_t begin, int64_t end)
{
    const struct updating *u = arg;
    for (int64_t i = begin; i < end; i++) {
        struct judged_metric *m = &u->s->v[i];
        if (!streamed(m))
            continue;
        memset(m->piece, 0, (size_t)m->state_size * sizeof(double));
        m->plugin->update(u->block, m->conf, m->piece);
        merge(m, m->state, m->piece);
    }
}

int metrics_block(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err)
{
    struct metric_set *s = arg;
    struct updating u = { s, block };
    int any = 0;
    for (int64_t i = 0; i < s->n; i++)
        any |= streamed(&s->v[i]);
    run(s->pool, s->n, 1, update_metrics, &u);
    if (s->prob)
        memcpy(s->prob + first * block->width, block->prob, (size_t)(block->n * block->width) * sizeof *s->prob);
    return any && s->replicates > 0 ? resample_block(s, block, first, err) : 0;
}

/* ---- results ---- */

int metrics_result(const struct judged_metric *m, int64_t width, const double *state, double *out, struct hone_err *err)
{
    int rc = m->plugin->result(state, width, m->conf, out, err);
    return rc < 0 ? err_prefix(err, "metric %s", m->label) : 0;
}

int metrics_intervals(struct judged_metric *m, int64_t replicates, int64_t width, struct hone_err *err)
{
    double *all = malloc(((size_t)(replicates * m->n_outputs) + 1) * sizeof *all), *out = malloc(((size_t)m->n_outputs + 1) * sizeof *out);
    int rc = all && out ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the intervals");
    for (int64_t b = 0; rc == 0 && b < replicates; b++) {
        rc = metrics_result(m, width, m->replicas + b * m->state_size, out, err);
        for (int64_t k = 0; k < m->n_outputs; k++)
            all[k * replicates + b] = out[k];
    }
    for (int64_t k = 0; rc == 0 && k < m->n_outputs; k++)
        m->interval[k] = isnan(m->value[k]) ? (struct interval){ NAN, NAN } : stats_percentiles(all + k * replicates, replicates, STATS_LEVEL);
    if (rc == 0)
        m->method = m->n_outputs > 0 && !isnan(m->interval[0].low) ? "bootstrap" : NULL;
    free(all);
    free(out);
    return rc;
}

int metrics_finish(struct metric_set *s, int64_t width, const struct metric_rows *rows, struct hone_err *err)
{
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        if (!streamed(m))
            continue;
        rc = metrics_result(m, width, m->state, m->value, err);
        if (rc == 0 && s->replicates > 0)
            rc = metrics_intervals(m, s->replicates, width, err);
    }
    if (rc == 0)
        rc = metrics_alike(s, width, rows, err);
    return rc == 0 ? metrics_whole(s, rows, err) : rc;
}
