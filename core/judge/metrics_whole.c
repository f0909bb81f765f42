/* Metrics whose rows may be put together (HONE_M_ALIKE) and metrics that see all rows at once (whole()). See metrics.h; called by
 * metrics_finish(). */
#include "core/judge/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 4096
#define SMALL 64               /* doubles of state up to which the parts of single rows are summed */
#define MAX_WHOLE_DRAWS 20000000 /* rows x replicates of a whole() */

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the metrics");
}

static struct hone_string name_of(const struct predictions *p, int32_t name)
{
    return name < 0 ? (struct hone_string){ "", 0 } : p->name[name];
}

/* ---- rows that are alike ---- */

/* Rows with the same expected and given output are one cell. */
struct cells {
    int64_t n;
    int32_t *of;                 /* [rows] */
    int32_t *label, *predicted;  /* [n] */
    float *count;                /* [n] */
    struct hone_string *answer, *expected;
};

static void cells_free(struct cells *c)
{
    free(c->of);
    free(c->label);
    free(c->predicted);
    free(c->count);
    free(c->answer);
    free(c->expected);
}

static int cells_room(struct cells *c, int64_t rows)
{
    size_t n = (size_t)rows + 1;
    c->of = malloc(n * sizeof *c->of);
    c->label = malloc(n * sizeof *c->label);
    c->predicted = malloc(n * sizeof *c->predicted);
    c->count = calloc(n, sizeof *c->count);
    c->answer = malloc(n * sizeof *c->answer);
    c->expected = malloc(n * sizeof *c->expected);
    return c->of && c->label && c->predicted && c->count && c->answer && c->expected ? 0 : -1;
}

static uint64_t cell_key(const struct predictions *p, int64_t i)
{
    return ((uint64_t)(uint32_t)p->expected[i] << 32 | (uint32_t)p->predicted[i]) + 1; /* never 0: expected is not negative */
}

static int cells_find(struct cells *c, const struct predictions *p)
{
    struct {
        uint64_t key;
        int32_t cell;
    } *slot;
    uint64_t size = 64;
    while (size < (uint64_t)p->n * 2)
        size *= 2;
    slot = calloc(size, sizeof *slot);
    if (!slot || cells_room(c, p->n) < 0) {
        free(slot);
        return -1;
    }
    for (int64_t i = 0; i < p->n; i++) {
        uint64_t key = cell_key(p, i), at = (key * 0x9e3779b97f4a7c15u >> 20) & (size - 1);
        while (slot[at].key != 0 && slot[at].key != key)
            at = (at + 1) & (size - 1);
        if (slot[at].key == 0) {
            slot[at].key = key;
            slot[at].cell = (int32_t)c->n;
            c->label[c->n] = p->label[i];
            c->predicted[c->n] = p->predicted[i];
            c->answer[c->n] = name_of(p, p->predicted[i]);
            c->expected[c->n++] = name_of(p, p->expected[i]);
        }
        c->of[i] = slot[at].cell;
        c->count[slot[at].cell]++;
    }
    free(slot);
    return 0;
}

static int alike(const struct judged_metric *m)
{
    return (m->plugin->item.flags & HONE_M_ALIKE) != 0;
}

/* The cells as a metric sees them; column has room for two. */
static struct hone_scored cells_block(const struct cells *c, const struct hone_metric *m, int64_t width, struct hone_column *column)
{
    struct hone_scored s = { .n = c->n, .width = width, .predicted = c->predicted, .label = c->label, .weight = c->count, .column = column };
    for (const char *const *name = m->needs; name && *name; name++)
        column[s.n_columns++] = (struct hone_column){ *name, HONE_TEXT, 1, strcmp(*name, "answer") == 0 ? c->answer : c->expected };
    return s;
}

struct alike_work {
    struct metric_set *s;
    const struct cells *c;
    int64_t rows, width;
    double **part; /* [s->n][state_size][cells] what one row of a cell adds; NULL where the state is large */
    int failed;
};

/* The rows of replicate b by cell. */
static void draw_cells(const struct alike_work *w, int64_t b, uint8_t *draw, double *count)
{
    memset(count, 0, (size_t)w->c->n * sizeof *count);
    for (int64_t first = 0; first < w->rows; first += PIECE) {
        int64_t n = w->rows - first < PIECE ? w->rows - first : PIECE;
        stats_weights(w->s->seed, b, first, n, draw);
        for (int64_t i = 0; i < n; i++)
            count[w->c->of[first + i]] += draw[i];
    }
}

static void add_cells(const struct alike_work *w, int64_t k, int64_t b, const double *count, const float *weight)
{
    const struct judged_metric *m = &w->s->v[k];
    double *state = m->replicas + b * m->state_size;
    if (w->part[k]) {
        for (int64_t e = 0; e < m->state_size; e++) {
            const double *part = w->part[k] + e * w->c->n;
            for (int64_t i = 0; i < w->c->n; i++)
                state[e] += count[i] * part[i];
        }
        return;
    }
    struct hone_column column[2];
    struct hone_scored block = cells_block(w->c, m->plugin, w->width, column);
    block.weight = weight;
    m->plugin->update(&block, m->conf, state);
}

static void draw_replicates(void *arg, int64_t begin, int64_t end)
{
    struct alike_work *w = arg;
    uint8_t *draw = malloc(PIECE);
    double *count = malloc(((size_t)w->c->n + 1) * sizeof *count);
    float *weight = malloc(((size_t)w->c->n + 1) * sizeof *weight);
    if (!draw || !count || !weight) {
        __atomic_store_n(&w->failed, 1, __ATOMIC_RELAXED);
        end = begin;
    }
    for (int64_t b = begin; b < end; b++) {
        draw_cells(w, b, draw, count);
        for (int64_t i = 0; i < w->c->n; i++)
            weight[i] = (float)count[i];
        for (int64_t k = 0; k < w->s->n; k++) {
            if (alike(&w->s->v[k]))
                add_cells(w, k, b, count, weight);
        }
    }
    free(draw);
    free(count);
    free(weight);
}

struct parts_work {
    const struct alike_work *w;
    const struct judged_metric *m;
    double *part;
};

/* What single rows of the cells add. */
static void make_parts(void *arg, int64_t begin, int64_t end)
{
    const struct parts_work *p = arg;
    const struct cells *c = p->w->c;
    const float one = 1;
    for (int64_t i = begin; i < end; i++) {
        double state[SMALL] = { 0 };
        struct hone_column column[2];
        struct hone_scored row = cells_block(c, p->m->plugin, p->w->width, column);
        row.n = 1;
        row.predicted += i;
        row.label += i;
        row.weight = &one;
        for (int64_t k = 0; k < row.n_columns; k++)
            column[k].v = (const struct hone_string *)column[k].v + i;
        p->m->plugin->update(&row, p->m->conf, state);
        for (int64_t e = 0; e < p->m->state_size; e++)
            p->part[e * c->n + i] = state[e];
    }
}

static void run(struct pool *pool, int64_t n, int64_t grain, hone_task *task, void *arg)
{
    if (pool)
        pool_run(pool, n, grain, task, arg);
    else
        task(arg, 0, n);
}

/* The value, and the parts of a small state. */
static int measure_cells(struct alike_work *w, int64_t k, struct hone_err *err)
{
    struct judged_metric *m = &w->s->v[k];
    if (m->state_size <= SMALL && !m->plugin->merge) {
        if (!(w->part[k] = malloc(((size_t)(m->state_size * w->c->n) + 1) * sizeof(double))))
            return no_memory(err);
        struct parts_work work = { w, m, w->part[k] };
        run(w->s->pool, w->c->n, 64, make_parts, &work);
        for (int64_t e = 0; e < m->state_size; e++) {
            for (int64_t i = 0; i < w->c->n; i++)
                m->state[e] += (double)w->c->count[i] * w->part[k][e * w->c->n + i];
        }
    } else {
        struct hone_column column[2];
        struct hone_scored block = cells_block(w->c, m->plugin, w->width, column);
        m->plugin->update(&block, m->conf, m->state);
    }
    return metrics_result(m, w->width, m->state, m->value, err);
}

int metrics_alike(struct metric_set *s, int64_t width, const struct metric_rows *rows, struct hone_err *err)
{
    struct cells c = { 0 };
    int any = 0, rc = 0;
    for (int64_t k = 0; k < s->n; k++)
        any |= alike(&s->v[k]);
    if (!any)
        return 0;
    struct alike_work w = { .s = s, .c = &c, .rows = rows->p->n, .width = width, .part = calloc((size_t)s->n + 1, sizeof *w.part) };
    if (!w.part || cells_find(&c, rows->p) < 0)
        rc = no_memory(err);
    for (int64_t k = 0; rc == 0 && k < s->n; k++)
        rc = alike(&s->v[k]) ? measure_cells(&w, k, err) : 0;
    if (rc == 0 && s->replicates > 0)
        run(s->pool, s->replicates, 8, draw_replicates, &w);
    if (rc == 0 && w.failed)
        rc = no_memory(err);
    for (int64_t k = 0; rc == 0 && k < s->n; k++)
        rc = alike(&s->v[k]) && s->replicates > 0 ? metrics_intervals(&s->v[k], s->replicates, width, err) : 0;
    for (int64_t k = 0; w.part && k < s->n; k++)
        free(w.part[k]);
    free(w.part);
    cells_free(&c);
    return rc;
}

/* ---- metrics over all rows ---- */

struct texts {
    struct hone_string *input, *answer, *expected; /* NULL where nobody needs them */
};

static int texts_make(struct texts *t, const struct metric_set *s, const struct metric_rows *rows)
{
    const struct predictions *p = rows->p;
    size_t size = ((size_t)p->n + 1) * sizeof *t->input;
    t->input = metrics_need(s, "input") ? malloc(size) : NULL;
    t->answer = metrics_need(s, "answer") ? malloc(size) : NULL;
    t->expected = metrics_need(s, "expected") ? malloc(size) : NULL;
    for (int64_t i = 0; i < p->n; i++) {
        if (t->input)
            t->input[i] = rows->test ? rows->test->input[p->row[i]] : (struct hone_string){ "", 0 };
        if (t->answer)
            t->answer[i] = name_of(p, p->predicted[i]);
        if (t->expected)
            t->expected[i] = name_of(p, p->expected[i]);
    }
    return (metrics_need(s, "input") && !t->input) || (metrics_need(s, "answer") && !t->answer) || (metrics_need(s, "expected") && !t->expected) ? -1 : 0;
}

static struct hone_column column_of(const char *name, const struct metric_set *s, const struct metric_rows *rows, const struct texts *t, int64_t width)
{
    const struct {
        const char *name;
        uint32_t type;
        int64_t width;
        const void *v;
    } all[] = {
        { "input", HONE_TEXT, 1, t->input },        { "answer", HONE_TEXT, 1, t->answer },
        { "expected", HONE_TEXT, 1, t->expected },  { "confidence", HONE_F32, 1, rows->p->top },
        { "prob", HONE_F32, width, s->prob },       { "edited", HONE_I32, rows->edits, rows->edited },
        { "latency_ms", HONE_F64, 1, rows->latency_ms }, { "nats", HONE_F64, 1, rows->nats },
        { "tokens", HONE_F64, 1, rows->tokens },         { "characters", HONE_F64, 1, rows->characters },
    };
    size_t i = 0;
    while (strcmp(all[i].name, name) != 0)
        i++; /* metrics_add() has seen to it that the name is one of these */
    return (struct hone_column){ all[i].name, all[i].type, (uint32_t)all[i].width, all[i].v };
}

static void influence_interval(struct judged_metric *m, const double *influence, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += influence[i] * influence[i];
    double half = STATS_Z * sqrt(sum), v = m->value[0];
    if (isnan(v) || isnan(half))
        return;
    int unit = (m->plugin->item.flags & HONE_M_UNIT) != 0;
    m->interval[0] = (struct interval){ unit ? fmax(v - half, 0) : v - half, unit ? fmin(v + half, 1) : v + half };
    m->method = "influence";
}

static int resample_whole(const struct metric_set *s, struct judged_metric *m, const struct hone_scored *all, struct hone_err *err)
{
    int64_t n = all->n, replicates = s->replicates * n > MAX_WHOLE_DRAWS ? MAX_WHOLE_DRAWS / n : s->replicates;
    uint8_t *draw = malloc((size_t)n + 1);
    float *weight = malloc(((size_t)n + 1) * sizeof *weight);
    double *v = malloc(((size_t)(replicates * m->n_outputs) + 1) * sizeof *v), *out = malloc(((size_t)m->n_outputs + 1) * sizeof *out);
    int rc = draw && weight && v && out ? 0 : no_memory(err);
    struct hone_scored drawn = *all;
    drawn.weight = weight;
    for (int64_t b = 0; rc >= 0 && b < replicates; b++) {
        stats_weights(s->seed, b, 0, n, draw);
        for (int64_t i = 0; i < n; i++)
            weight[i] = draw[i];
        rc = m->plugin->whole(&drawn, m->conf, s->host, out, NULL, err);
        for (int64_t k = 0; k < m->n_outputs; k++)
            v[k * replicates + b] = out[k];
    }
    for (int64_t k = 0; rc >= 0 && k < m->n_outputs; k++)
        m->interval[k] = isnan(m->value[k]) ? m->interval[k] : stats_percentiles(v + k * replicates, replicates, STATS_LEVEL);
    if (rc >= 0 && m->n_outputs > 0 && !isnan(m->interval[0].low))
        m->method = "bootstrap";
    free(draw);
    free(weight);
    free(v);
    free(out);
    return rc < 0 ? rc : 0;
}

static int measure_whole(const struct metric_set *s, struct judged_metric *m, const struct metric_rows *rows, const struct texts *t, double *influence,
                         struct hone_err *err)
{
    const struct predictions *p = rows->p;
    struct hone_column column[16];
    struct hone_scored all = { .n = p->n, .width = p->width, .predicted = p->predicted, .label = p->label, .column = column };
    for (const char *const *name = m->plugin->needs; name && *name && all.n_columns < 16; name++) {
        column[all.n_columns] = column_of(*name, s, rows, t, p->width);
        if (!column[all.n_columns++].v)
            return hone_fail(err, ERR_PLUGIN, "the metric %s needs the column '%s', which was not measured", m->label, *name);
        all.prob = strcmp(*name, "prob") == 0 ? s->prob : all.prob;
    }
    int rc = m->plugin->whole(&all, m->conf, s->host, m->value, influence, err);
    if (rc < 0)
        return err_prefix(err, "metric %s", m->label);
    if (rc == HONE_WHOLE_INFLUENCE)
        influence_interval(m, influence, p->n);
    return rc == HONE_WHOLE_RESAMPLE && s->replicates > 0 ? resample_whole(s, m, &all, err) : 0;
}

int metrics_whole(struct metric_set *s, const struct metric_rows *rows, struct hone_err *err)
{
    struct texts t = { 0 };
    int any = 0, rc = 0;
    for (int64_t k = 0; k < s->n; k++)
        any |= s->v[k].plugin->whole != NULL;
    if (!any)
        return 0;
    double *influence = malloc(((size_t)rows->p->n + 1) * sizeof *influence);
    if (!influence || texts_make(&t, s, rows) < 0)
        rc = no_memory(err);
    for (int64_t k = 0; rc == 0 && k < s->n; k++)
        rc = s->v[k].plugin->whole ? measure_whole(s, &s->v[k], rows, &t, influence, err) : 0;
    free(t.input);
    free(t.answer);
    free(t.expected);
    free(influence);
    return rc;
}
