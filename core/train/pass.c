#include <stdlib.h>
#include <string.h>
#include "core/train/kernels.h"
#include "core/train/pass.h"

#define SCRATCH_BLOCK ((size_t)1 << 20)
#define DENSE_GRAIN 32768 /* numbers of a dense gradient below which a loop over them is not divided */
#define SMALL_WORK 16384 /* multiplications below which a loop is not divided among threads */

void *passes_scratch(struct passes *p, size_t bytes)
{
    bytes = (bytes + 63) / 64 * 64;
    struct scratch_block *b = p->scratch;
    if (!b || b->cap - b->used < bytes) {
        size_t cap = b ? b->cap * 2 : SCRATCH_BLOCK;
        while (cap < bytes + 64)
            cap *= 2;
        struct scratch_block *fresh = pages_new(cap);
        if (!fresh) {
            p->out_of_memory = 1;
            return NULL;
        }
        *fresh = (struct scratch_block){ b, cap, 64 };
        p->scratch = b = fresh;
    }
    void *at = (char *)b + b->used;
    b->used += bytes;
    return at;
}

/* Keeps the newest block, which is the largest. */
static void scratch_reset(struct passes *p)
{
    struct scratch_block *b = p->scratch;
    if (!b)
        return;
    while (b->next) {
        struct scratch_block *old = b->next;
        b->next = old->next;
        free(old);
    }
    b->used = 64;
}

void passes_release(struct passes *p)
{
    if (p->requests == 0)
        scratch_reset(p);
}

static struct passes *of(const struct hone_pass *pass)
{
    return pass->host_data;
}

static void *op_scratch(const struct hone_pass *pass, size_t bytes)
{
    return passes_scratch(of(pass), bytes);
}

struct bag_work {
    const struct hone_bag *bag;
    const float *table;
    int64_t ld, k;
    float *out;
    int add;
};

static void bag_task(void *arg, int64_t begin, int64_t end)
{
    const struct bag_work *w = arg;
    const struct hone_bag *b = w->bag;
    for (int64_t i = begin; i < end; i++) {
        int64_t s = b->start[i];
        kernel_bag(b->start[i + 1] - s, b->index + s, b->value ? b->value + s : NULL, w->table, w->ld, w->k, w->out + i * w->k,
                   w->add);
    }
}

/* Pieces of rows so that each is worth handing over; the borders change no result. */
static int64_t grain(int64_t rows, int64_t work)
{
    if (work < SMALL_WORK)
        return rows > 0 ? rows : 1;
    int64_t pieces = work / (SMALL_WORK / 2);
    int64_t g = rows / (pieces < 16 ? pieces : 16);
    return g > 0 ? g : 1;
}

static void op_bag(const struct hone_pass *pass, const struct hone_bag *bag, const float *table, int64_t ld, int64_t k,
                   float *out, int add)
{
    struct bag_work w = { bag, table, ld, k, out, add };
    int64_t pairs = bag->start[bag->n] - bag->start[0];
    pool_run(of(pass)->pool, bag->n, grain(bag->n, pairs * k), bag_task, &w);
}

struct gather_work {
    const int64_t *start;
    const float **src;
    const float *value;
    int64_t k;
    float *out;
};

static void gather_task(void *arg, int64_t begin, int64_t end)
{
    const struct gather_work *w = arg;
    for (int64_t i = begin; i < end; i++)
        kernel_gather(w->start[i + 1] - w->start[i], w->src + w->start[i], w->value + w->start[i], w->k, w->out + i * w->k, 1);
}

static void op_bag_transpose(const struct hone_pass *pass, const struct hone_bag *bag, const float *delta, int64_t k, float *into,
                             int64_t rows)
{
    struct passes *p = of(pass);
    int64_t first = bag->start[0], pairs = bag->start[bag->n] - first;
    int64_t *start = passes_scratch(p, (size_t)(rows + 2) * sizeof *start);
    const float **src = passes_scratch(p, (size_t)(pairs + 1) * sizeof *src);
    float *value = passes_scratch(p, (size_t)(pairs + 1) * sizeof *value);
    if (!start || !src || !value)
        return; /* passes_backward() tells */
    memset(start, 0, (size_t)(rows + 2) * sizeof *start);
    for (int64_t j = first; j < first + pairs; j++)
        start[bag->index[j] + 2]++;
    for (int64_t r = 0; r < rows; r++)
        start[r + 2] += start[r + 1];
    for (int64_t i = 0; i < bag->n; i++)
        for (int64_t j = bag->start[i]; j < bag->start[i + 1]; j++) {
            int64_t at = start[bag->index[j] + 1]++;
            src[at] = delta + i * k;
            value[at] = bag->value ? bag->value[j] : 1.0f;
        }
    struct gather_work w = { start, src, value, k, into };
    pool_run(p->pool, rows, grain(rows, pairs * k), gather_task, &w);
}

static int op_bag_grad(const struct hone_pass *pass, uint32_t tensor, const struct hone_bag *bag, const float *delta,
                       struct hone_err *err)
{
    struct passes *p = of(pass);
    if (tensor >= p->tensors->n || !(p->tensors->t[tensor].flags & HONE_W_SPARSE_ROWS))
        return hone_fail(err, ERR_PLUGIN, "the model gives a sparse gradient for tensor %u, which has no sparse rows", tensor);
    if (p->tensors->t[tensor].flags & HONE_W_FROZEN)
        return 0;
    if (p->requests == p->cap_requests) {
        int64_t cap = p->cap_requests ? p->cap_requests * 2 : 16;
        struct grad_request *grown = realloc(p->request, (size_t)cap * sizeof *grown);
        if (!grown)
            return hone_fail(err, HONE_ENOMEM, "memory ran out in a training step");
        p->request = grown;
        p->cap_requests = cap;
    }
    p->request[p->requests++] = (struct grad_request){ tensor, *bag, delta, p->tensors->t[tensor].width };
    return 0;
}

struct mat_work {
    int ta, tb, add;
    int64_t m, n, k, lda, ldb, ldc;
    const float *a, *b;
    float *c;
};

static void mat_task(void *arg, int64_t begin, int64_t end)
{
    const struct mat_work *w = arg;
    for (int64_t i = begin; i < end; i++) {
        const float *a = w->ta ? w->a + i : w->a + i * w->lda;
        float *c = w->c + i * w->ldc;
        if (!w->tb) {
            kernel_rows(w->k, a, w->ta ? w->lda : 1, w->b, w->ldb, w->n, c, w->add);
            continue;
        }
        for (int64_t j = 0; j < w->n; j++)
            c[j] = (w->add ? c[j] : 0) + kernel_dot(a, w->b + j * w->ldb, w->k);
    }
}

static void op_matmul(const struct hone_pass *pass, int ta, int tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                      const float *b, int64_t ldb, float *c, int64_t ldc, int add)
{
    struct passes *p = of(pass);
    if (ta && tb) { /* rows of op(a) laid out first, for the dot products */
        float *rows = passes_scratch(p, (size_t)(m * k) * sizeof *rows);
        if (!rows)
            return;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < k; j++)
                rows[i * k + j] = a[j * lda + i];
        a = rows;
        lda = k;
        ta = 0;
    }
    struct mat_work w = { ta, tb, add, m, n, k, lda, ldb, ldc, a, b, c };
    pool_run(p->pool, m, grain(m, m * n * k), mat_task, &w);
}

static const struct hone_ops ops = {
    .struct_size = sizeof ops, .bag = op_bag, .bag_transpose = op_bag_transpose, .bag_grad = op_bag_grad,
    .matmul = op_matmul, .scratch = op_scratch,
};

int passes_open(struct passes *p, struct pool *pool, struct tensors *tensors, const struct hone_host *host, int train,
                struct hone_err *err)
{
    *p = (struct passes){ .pool = pool, .tensors = tensors };
    p->grad = calloc((size_t)tensors->n + 1, sizeof *p->grad);
    p->touched = calloc((size_t)tensors->n + 1, sizeof *p->touched);
    int ok = p->grad && p->touched;
    for (int64_t i = 0; i < tensors->n && ok && train; i++) {
        const struct tensor *t = &tensors->t[i];
        if (t->flags & HONE_W_FROZEN)
            continue;
        if (t->flags & HONE_W_SPARSE_ROWS)
            ok = (p->touched[i].mark = calloc((size_t)t->rows + 1, sizeof(int32_t))) != NULL;
        else
            ok = (p->grad[i] = floats_new(t->n)) != NULL;
    }
    p->pass = (struct hone_pass){ .struct_size = sizeof p->pass, .host = host, .ops = &ops, .host_data = p,
                                  .tensor = tensors->param, .grad = p->grad };
    if (ok)
        return 0;
    passes_close(p);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the gradients");
}

void passes_close(struct passes *p)
{
    for (int64_t i = 0; p->tensors && i < p->tensors->n; i++) {
        if (p->grad)
            free(p->grad[i]);
        if (!p->touched)
            continue;
        struct touched *t = &p->touched[i];
        free(t->row);
        free(t->start);
        free(t->src);
        free(t->value);
        free(t->place);
        free(t->sum);
        free(t->mark);
    }
    free(p->grad);
    free(p->touched);
    free(p->request);
    while (p->scratch) {
        struct scratch_block *b = p->scratch;
        p->scratch = b->next;
        free(b);
    }
    *p = (struct passes){ 0 };
}

static void zero_task(void *arg, int64_t begin, int64_t end)
{
    memset((float *)arg + begin, 0, (size_t)(end - begin) * sizeof(float));
}

void passes_begin(struct passes *p)
{
    scratch_reset(p);
    p->requests = 0;
    p->out_of_memory = 0;
    for (int64_t i = 0; i < p->tensors->n; i++)
        if (p->grad[i])
            pool_run(p->pool, p->tensors->t[i].n, DENSE_GRAIN, zero_task, p->grad[i]);
}

static int passed(struct passes *p, const struct hone_model *model, int ret, struct hone_err *err)
{
    if (ret >= 0 && p->out_of_memory)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld rows", (long long)p->pass.rows);
    return ret < 0 ? err_prefix(err, "model '%s'", model->item.name) : 0;
}

int passes_forward(struct passes *p, const struct hone_model *model, void *self, struct hone_err *err)
{
    p->pass.tape = NULL;
    return passed(p, model, model->forward(self, &p->pass, err), err);
}

int passes_backward(struct passes *p, const struct hone_model *model, void *self, struct hone_err *err)
{
    return passed(p, model, model->backward(self, &p->pass, err), err);
}

/* Room for n touched rows at most and all pairs. */
static int touched_reserve(struct touched *t, int64_t rows, int64_t pairs)
{
    if (rows > t->cap_rows) {
        free(t->row);
        free(t->start);
        t->row = malloc((size_t)rows * 2 * sizeof *t->row);
        t->start = malloc(((size_t)rows * 2 + 2) * sizeof *t->start);
        t->cap_rows = t->row && t->start ? rows * 2 : 0;
    }
    if (pairs > t->cap_pairs) {
        free(t->src);
        free(t->value);
        free(t->place);
        t->src = malloc((size_t)pairs * 2 * sizeof *t->src);
        t->value = malloc((size_t)pairs * 2 * sizeof *t->value);
        t->place = malloc((size_t)pairs * 2 * sizeof *t->place);
        t->cap_pairs = t->src && t->value && t->place ? pairs * 2 : 0;
    }
    return t->cap_rows >= rows && t->cap_pairs >= pairs ? 0 : HONE_ENOMEM;
}

#define AHEAD 16 /* pairs that are fetched before they are looked at */
#define NARROW 8

static int grow_sum(struct touched *t, int64_t need)
{
    float *p = realloc(t->sum, (size_t)need * 2 * sizeof *p);
    if (!p)
        return HONE_ENOMEM;
    t->sum = p;
    t->cap_sum = need * 2;
    return 0;
}

/* Rows of at most NARROW floats are summed at once: cheaper than listing what to sum. In the order of the pairs, as kernel_gather()
 * would. 0 or HONE_ENOMEM. */
static inline __attribute__((always_inline)) int sum_rows(struct touched *t, const struct grad_request *request, int64_t n,
                                                          uint32_t tensor, int64_t width, float scale)
{
    t->n = 0;
    for (int64_t q = 0; q < n; q++) {
        const struct hone_bag *b = &request[q].bag;
        if (request[q].tensor != tensor)
            continue;
        int64_t end = b->start[b->n];
        for (int64_t i = 0; i < b->n; i++) {
            const float *restrict delta = request[q].delta + i * width;
            for (int64_t j = b->start[i]; j < b->start[i + 1]; j++) {
                int32_t *mark = &t->mark[b->index[j]];
                float v = (b->value ? b->value[j] : 1.0f) * scale;
                if (j + AHEAD < end)
                    __builtin_prefetch(&t->mark[b->index[j + AHEAD]], 1);
                if (!*mark) {
                    if ((t->n + 1) * width > t->cap_sum && grow_sum(t, (t->n + 1) * width))
                        return HONE_ENOMEM;
                    memset(t->sum + t->n * width, 0, (size_t)width * sizeof *t->sum);
                    t->row[t->n++] = b->index[j];
                    *mark = (int32_t)t->n;
                }
                float *restrict to = t->sum + (int64_t)(*mark - 1) * width;
                for (int64_t k = 0; k < width; k++)
                    to[k] += v * delta[k];
            }
        }
    }
    for (int64_t r = 0; r < t->n; r++)
        t->mark[t->row[r]] = 0;
    return 0;
}

static int touched_sum(struct touched *t, const struct grad_request *request, int64_t n, uint32_t tensor, int64_t width, float scale)
{
    return width == 4 ? sum_rows(t, request, n, tensor, 4, scale) : sum_rows(t, request, n, tensor, width, scale);
}

/* Counting sort of one tensor's pairs by row; rows in the order of their first appearance. */
static void touched_sort(struct touched *t, const struct grad_request *request, int64_t n, uint32_t tensor, float scale)
{
    int64_t *start = t->start, k = 0;
    t->n = 0;
    start[0] = start[1] = 0;
    for (int64_t q = 0; q < n; q++) {
        const struct hone_bag *b = &request[q].bag;
        if (request[q].tensor != tensor)
            continue;
        int64_t end = b->start[b->n];
        for (int64_t j = b->start[0]; j < end; j++) {
            int32_t *mark = &t->mark[b->index[j]];
            if (j + AHEAD < end)
                __builtin_prefetch(&t->mark[b->index[j + AHEAD]], 1);
            if (!*mark) {
                t->row[t->n++] = b->index[j];
                *mark = (int32_t)t->n;
                start[t->n + 1] = 0;
            }
            start[*mark + 1]++;
            t->place[k++] = *mark;
        }
    }
    for (int64_t r = 1; r <= t->n; r++)
        start[r + 1] += start[r];
    k = 0;
    for (int64_t q = 0; q < n; q++) {
        const struct hone_bag *b = &request[q].bag;
        if (request[q].tensor != tensor)
            continue;
        for (int64_t i = 0; i < b->n; i++)
            for (int64_t j = b->start[i]; j < b->start[i + 1]; j++) {
                int64_t at = start[t->place[k++]]++;
                t->src[at] = request[q].delta + i * request[q].width;
                t->value[at] = (b->value ? b->value[j] : 1.0f) * scale;
            }
    }
    for (int64_t r = 0; r < t->n; r++)
        t->mark[t->row[r]] = 0;
}

struct scaling {
    float *grad, scale;
};

static void scale_task(void *arg, int64_t begin, int64_t end)
{
    const struct scaling *s = arg;
    kernel_scale(end - begin, s->scale, s->grad + begin);
}

int passes_collect(struct passes *p, float scale, struct hone_err *err)
{
    for (int64_t i = 0; i < p->tensors->n; i++) {
        const struct tensor *t = &p->tensors->t[i];
        int64_t pairs = 0;
        struct scaling dense = { p->grad[i], scale };
        if (dense.grad)
            pool_run(p->pool, t->n, DENSE_GRAIN, scale_task, &dense);
        if (!p->touched[i].mark)
            continue;
        for (int64_t q = 0; q < p->requests; q++)
            if (p->request[q].tensor == i)
                pairs += p->request[q].bag.start[p->request[q].bag.n] - p->request[q].bag.start[0];
        int64_t most = pairs < t->rows ? pairs : t->rows;
        int narrow = t->width <= NARROW;
        if (touched_reserve(&p->touched[i], most + 1, narrow ? 1 : pairs + 1))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the gradient of tensor '%s'", t->name);
        if (narrow && touched_sum(&p->touched[i], p->request, p->requests, (uint32_t)i, t->width, scale))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the gradient of tensor '%s'", t->name);
        if (narrow)
            continue;
        touched_sort(&p->touched[i], p->request, p->requests, (uint32_t)i, scale);
    }
    return 0;
}
