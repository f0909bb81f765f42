/* See memory.h. */
#include "core/train/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/math.h"

#define BATCH 256

void memory_free(struct memory *m)
{
    if (!m)
        return;
    free(m->start);
    free(m->index);
    free(m->value);
    free(m->target);
    free(m->vote);
    free(m->post);
    free(m->post_row);
    free(m->post_value);
    free(m->votes);
    free(m);
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the rows that the agent keeps");
}

/* ---- vectors ---- */

struct pair {
    int32_t index;
    float value;
    int64_t at;              /* keeps the order of equal indices */
};

static int by_index(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Pairs of any order as a vector of length 1, indices ascending and none twice. Returns how many pairs are left, -1 when an index is
 * below 0 or a number not finite; *length gets what the vector had, 0 for one without numbers. */
static int64_t unit_vector(const int32_t *index, const float *value, int64_t n, struct pair *room, int32_t *to, float *numbers, double *length)
{
    int64_t m = 0;
    double square = 0;
    for (int64_t j = 0; j < n; j++) {
        if (index[j] < 0)
            return -1;
        room[j] = (struct pair){ index[j], value ? value[j] : 1, j };
    }
    qsort(room, (size_t)n, sizeof *room, by_index);
    for (int64_t j = 0; j < n; m++) {
        double sum = 0;
        to[m] = room[j].index;
        for (; j < n && room[j].index == to[m]; j++)
            sum += (double)room[j].value;
        numbers[m] = (float)sum;
        square += sum * sum;
    }
    *length = sqrt(square);
    for (int64_t j = 0; j < m; j++)
        numbers[j] = *length > 0 ? (float)((double)numbers[j] / *length) : 0;
    return isfinite(square) ? m : -1;
}

/* Vectors of the rows that the pass describes. */
static int add_vectors(struct memory *m, struct passes *p, const struct hone_model *model, void *self, double *length, struct hone_err *err)
{
    struct hone_bag v = { 0 };
    int ret = model->features(self, &p->pass, &v, err);
    if (ret < 0)
        return err_prefix(err, "model '%s'", model->item.name);
    int64_t pairs = v.start[v.n] - v.start[0], need = m->start[m->n] + pairs;
    int32_t *index = realloc(m->index, (size_t)(need + 1) * sizeof *index);
    m->index = index ? index : m->index;
    float *value = realloc(m->value, (size_t)(need + 1) * sizeof *value);
    m->value = value ? value : m->value;
    struct pair *room = passes_scratch(p, (size_t)(pairs + 1) * sizeof *room);
    if (!index || !value || !room)
        return no_memory(err);
    for (int64_t i = 0; i < v.n; i++) {
        int64_t from = v.start[i], at = m->start[m->n];
        int64_t k = unit_vector(v.index + from, v.value ? v.value + from : NULL, v.start[i + 1] - from, room, index + at, value + at, &length[m->n]);
        if (k < 0)
            return hone_fail(err, ERR_PLUGIN, "model '%s' gives a vector with a number that is not finite or an index below 0", model->item.name);
        m->space = k && index[at + k - 1] >= m->space ? (int64_t)index[at + k - 1] + 1 : m->space;
        m->start[++m->n] = at + k;
    }
    return 0;
}

/* Room for n rows, without pairs. */
static struct memory *new_rows(int64_t n, int64_t width)
{
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->width = width;
    m->start = calloc((size_t)n + 1, sizeof *m->start);
    m->target = calloc((size_t)n + 1, sizeof *m->target);
    m->vote = calloc((size_t)n + 1, sizeof *m->vote);
    m->votes = calloc((size_t)width + 1, sizeof *m->votes);
    if (m->start && m->target && m->vote && m->votes)
        return m;
    memory_free(m);
    return NULL;
}

/* The pairs by index. */
static int invert(struct memory *m, struct hone_err *err)
{
    int64_t pairs = m->start[m->n];
    m->post = calloc((size_t)m->space + 2, sizeof *m->post);
    m->post_row = malloc((size_t)(pairs + 1) * sizeof *m->post_row);
    m->post_value = malloc((size_t)(pairs + 1) * sizeof *m->post_value);
    if (!m->post || !m->post_row || !m->post_value)
        return no_memory(err);
    for (int64_t j = 0; j < pairs; j++)
        m->post[m->index[j] + 1]++;
    for (int64_t k = 0; k < m->space; k++)
        m->post[k + 1] += m->post[k];
    for (int64_t i = 0; i < m->n; i++)
        for (int64_t j = m->start[i]; j < m->start[i + 1]; j++) {
            int64_t at = m->post[m->index[j]]++;
            m->post_row[at] = (int32_t)i;
            m->post_value[at] = m->value[j];
        }
    for (int64_t k = m->space; k > 0; k--)
        m->post[k] = m->post[k - 1];
    m->post[0] = 0;
    return 0;
}

struct memory *memory_new(struct passes *p, const struct hone_model *model, void *self, const struct encoded *x, int64_t width, double *length,
                          struct hone_err *err)
{
    struct memory *m = new_rows(x->n, width);
    int ret = m ? 0 : no_memory(err);
    for (int64_t from = 0; from < x->n && ret >= 0; from += BATCH) {
        int64_t n = x->n - from < BATCH ? x->n - from : BATCH;
        passes_begin(p);
        p->pass.in = (struct hone_bag){ n, x->start + from, x->index, x->value };
        p->pass.rows = n;
        p->pass.width = width;
        p->pass.flags = 0;
        p->pass.scores = NULL;
        p->pass.d_scores = NULL;
        ret = add_vectors(m, p, model, self, length, err);
    }
    if (ret >= 0)
        ret = invert(m, err);
    for (int64_t i = 0; ret >= 0 && i < m->n; i++)
        m->target[i] = -1;
    if (ret >= 0)
        return m;
    memory_free(m);
    return NULL;
}

void memory_dots(const struct memory *m, int64_t i, float *dot)
{
    memset(dot, 0, (size_t)m->n * sizeof *dot);
    for (int64_t j = m->start[i]; j < m->start[i + 1]; j++)
        for (int64_t q = m->post[m->index[j]]; q < m->post[m->index[j] + 1]; q++)
            dot[m->post_row[q]] += m->value[j] * m->post_value[q];
}

void memory_seal(struct memory *m)
{
    memset(m->votes, 0, (size_t)m->width * sizeof *m->votes);
    for (int64_t i = 0; i < m->n; i++)
        if (m->target[i] >= 0)
            m->votes[m->target[i]] += m->vote[i];
}

/* ---- scores ---- */

struct voting {
    const struct memory *m;
    const struct hone_bag *v;
    struct pair *room;           /* [pairs of v], and the next two */
    int32_t *index;
    float *value;
    float *dot;                  /* [rows][n] */
    float *mass;                 /* [rows][width] */
    float *scores;               /* [rows][width] */
};

/* The cosines of vector i with all rows. A vector that is none has nothing in common with any. */
static void cosines(const struct voting *w, int64_t i, float *dot)
{
    const struct memory *m = w->m;
    int64_t from = w->v->start[i], at = from - w->v->start[0];
    double length;
    int64_t n = unit_vector(w->v->index + from, w->v->value ? w->v->value + from : NULL, w->v->start[i + 1] - from, w->room + at, w->index + at,
                            w->value + at, &length);
    memset(dot, 0, (size_t)m->n * sizeof *dot);
    for (int64_t j = at; j < at + n && w->index[j] < m->space; j++)
        for (int64_t q = m->post[w->index[j]]; q < m->post[w->index[j] + 1]; q++)
            dot[m->post_row[q]] += w->value[j] * m->post_value[q];
}

static void vote_task(void *arg, int64_t begin, int64_t end)
{
    const struct voting *w = arg;
    const struct memory *m = w->m;
    float sharp = (float)m->sharpness, least = hone_expf(-sharp), by = (float)m->neighbours;
    for (int64_t i = begin; i < end; i++) {
        float *dot = w->dot + i * m->n, *mass = w->mass + i * m->width;
        cosines(w, i, dot);
        memset(mass, 0, (size_t)m->width * sizeof *mass);
        for (int64_t r = 0; r < m->n; r++)
            if (m->vote[r] > 0 && m->target[r] >= 0)
                mass[m->target[r]] += m->vote[r] * hone_expf(sharp * (dot[r] - 1));
        for (int64_t k = 0; k < m->width; k++)
            w->scores[i * m->width + k] += by * hone_logf(least + (m->votes[k] > 0 ? mass[k] / m->votes[k] : 0));
    }
}

int memory_add(const struct memory *m, struct passes *p, const struct hone_model *model, void *self, struct hone_err *err)
{
    struct hone_bag v = { 0 };
    int64_t rows = p->pass.rows;
    if (!m)
        return 0;
    int ret = model->features(self, &p->pass, &v, err);
    if (ret < 0)
        return err_prefix(err, "model '%s'", model->item.name);
    int64_t pairs = v.start[v.n] - v.start[0];
    struct voting w = { .m = m, .v = &v, .scores = p->pass.scores, .room = passes_scratch(p, (size_t)(pairs + 1) * sizeof *w.room),
                        .index = passes_scratch(p, (size_t)(pairs + 1) * sizeof *w.index), .value = passes_scratch(p, (size_t)(pairs + 1) * sizeof *w.value),
                        .dot = passes_scratch(p, (size_t)(rows * m->n + 1) * sizeof *w.dot), .mass = passes_scratch(p, (size_t)(rows * m->width) * sizeof *w.mass) };
    if (!w.room || !w.index || !w.value || !w.dot || !w.mass)
        return no_memory(err);
    pool_run(p->pool, rows, 1, vote_task, &w);
    return 0;
}

/* ---- in a file ---- */

int memory_save(const struct memory *m, struct st_file *f, struct hone_err *err)
{
    if (!m)
        return 0;
    double real[2] = { m->neighbours, m->sharpness };
    int64_t two = 2, starts = m->n + 1, pairs = m->start[m->n];
    int ret = st_add(f, "memory.real", HONE_F64, 1, &two, real, 1, err);
    if (!ret)
        ret = st_add(f, "memory.start", HONE_I64, 1, &starts, m->start, 0, err);
    if (!ret)
        ret = st_add(f, "memory.index", HONE_I32, 1, &pairs, m->index, 0, err);
    if (!ret)
        ret = st_add(f, "memory.value", HONE_F32, 1, &pairs, m->value, 0, err);
    if (!ret)
        ret = st_add(f, "memory.target", HONE_I32, 1, &m->n, m->target, 0, err);
    return ret ? ret : st_add(f, "memory.vote", HONE_F32, 1, &m->n, m->vote, 0, err);
}

/* Reads an entry of n elements, or of any number when n is below 0. */
static void *column(const struct st_file *f, const char *name, uint32_t dtype, int64_t n, struct hone_err *err)
{
    const struct st_entry *e = st_find(f, name);
    if (e && e->dtype == dtype && (n < 0 || e->n == n))
        return st_read_new(f, e, err);
    hone_fail(err, ERR_CORRUPT, "%s: '%s' is missing or has another size than the other kept rows", f->path, name);
    return NULL;
}

/* Whether starts, indices, targets and votes fit together; finds the space. */
static int sound(struct memory *m, int64_t pairs, int64_t space)
{
    if (m->start[0] != 0 || m->start[m->n] != pairs)
        return 0;
    for (int64_t i = 0; i < m->n; i++)
        if (m->start[i + 1] < m->start[i] || m->target[i] < -1 || m->target[i] >= m->width || !(m->vote[i] >= 0) || !isfinite(m->vote[i]))
            return 0;
    for (int64_t j = 0; j < pairs; j++) {
        if (m->index[j] < 0 || m->index[j] >= space || !isfinite(m->value[j]))
            return 0;
        m->space = m->index[j] >= m->space ? (int64_t)m->index[j] + 1 : m->space;
    }
    return m->neighbours >= 0 && m->neighbours <= 1e6 && m->sharpness >= 0 && m->sharpness <= 1e6;
}

int memory_restore(struct memory **out, const struct st_file *f, const struct hone_model *model, int64_t space, int64_t width, struct hone_err *err)
{
    const struct st_entry *start = st_find(f, "memory.start"), *index = st_find(f, "memory.index");
    *out = NULL;
    if (!start)
        return 0;
    if (!model->features)
        return hone_fail(err, ERR_CORRUPT, "%s: it keeps rows, and model '%s' has no space for them", f->path, model->item.name);
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        return no_memory(err);
    int64_t pairs = index ? index->n : 0;
    m->n = start->n - 1;
    m->width = width;
    double *real = column(f, "memory.real", HONE_F64, 2, err);
    m->votes = calloc((size_t)width + 1, sizeof *m->votes);
    int ret = real && m->votes && (m->start = column(f, "memory.start", HONE_I64, -1, err)) && (m->index = column(f, "memory.index", HONE_I32, -1, err))
              && (m->value = column(f, "memory.value", HONE_F32, pairs, err)) && (m->target = column(f, "memory.target", HONE_I32, m->n, err))
              && (m->vote = column(f, "memory.vote", HONE_F32, m->n, err)) ? 0 : err->code ? err->code : no_memory(err);
    if (!ret) {
        m->neighbours = real[0];
        m->sharpness = real[1];
    }
    if (!ret && (m->n < 0 || !sound(m, pairs, space)))
        ret = hone_fail(err, ERR_CORRUPT, "%s: its kept rows (memory.*) do not fit together", f->path);
    if (!ret)
        ret = invert(m, err);
    free(real);
    if (ret) {
        memory_free(m);
        return ret;
    }
    memory_seal(m);
    *out = m;
    return 0;
}
