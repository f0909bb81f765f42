#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "core/base/rng.h"
#include "core/base/text.h"
#include "core/train/tensors.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define START_GRAIN 1024 /* start values are drawn one by one: a few dozen nanoseconds each */

void *pages_new(size_t bytes)
{
    size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 64;
    bytes = (bytes + align - 1) / align * align;
    void *p = aligned_alloc(align, bytes);
    if (p && align == HUGE_PAGE)
        madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

float *floats_new(int64_t n)
{
    size_t bytes = (size_t)(n > 0 ? n : 1) * sizeof(float);
    float *p = pages_new(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

struct declaring {
    struct tensors *ts;
};

static int add_tensor(struct hone_builder *b, const char *name, uint32_t ndim, const int64_t *dims, uint32_t init, double scale,
                      uint32_t flags, struct hone_err *err)
{
    struct tensors *ts = ((struct declaring *)b->host_data)->ts;
    struct tensor t = { .ndim = ndim, .init = init, .flags = flags, .scale = scale, .n = 1 };
    if (!name || !*name || strlen(name) >= sizeof t.name || strchr(name, '/'))
        return hone_fail(err, ERR_PLUGIN, "the model declares a tensor with the name '%.80s' (1 to 63 characters without '/')",
                         name ? name : "");
    if (ndim < 1 || ndim > TENSOR_DIMS || init > HONE_INIT_ONE || tensors_find(ts, name) >= 0)
        return hone_fail(err, ERR_PLUGIN, "the model declares tensor '%s' twice, or with %u dimensions or start values of kind %u",
                         name, ndim, init);
    for (uint32_t i = 0; i < ndim; i++) {
        if (dims[i] < 0 || (dims[i] && t.n > ((int64_t)1 << 40) / dims[i]))
            return hone_fail(err, ERR_PLUGIN, "the model declares tensor '%s' with an impossible size", name);
        t.dims[i] = dims[i];
        t.n *= dims[i];
    }
    if ((flags & HONE_W_SPARSE_ROWS) && ndim != 2)
        return hone_fail(err, ERR_PLUGIN, "tensor '%s' has sparse rows and %u dimensions instead of 2", name, ndim);
    t.rows = dims[0];
    t.width = dims[0] ? t.n / dims[0] : 0;
    memcpy(t.name, name, strlen(name) + 1);
    struct tensor *grown = realloc(ts->t, (size_t)(ts->n + 1) * sizeof *grown);
    if (!grown)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    ts->t = grown;
    ts->t[ts->n++] = t;
    ts->total += t.n;
    return (int)(ts->n - 1);
}

static void set_width(struct hone_builder *b, int64_t width)
{
    ((struct declaring *)b->host_data)->ts->width = width;
}

int tensors_declare(struct tensors *ts, const struct hone_model *model, void *self, int64_t outputs, struct hone_err *err)
{
    struct declaring d = { ts };
    struct hone_builder b = { .struct_size = sizeof b, .host_data = &d, .tensor = add_tensor, .width = set_width };
    *ts = (struct tensors){ .width = outputs };
    int ret = model->declare(self, &b, err);
    if (ret >= 0 && (ts->width < 1 || (ts->width != outputs && !(model->item.flags & HONE_MODEL_WRITES))))
        ret = hone_fail(err, ERR_PLUGIN, "model '%s' declares rows of scores of width %lld; a model that chooses among %lld outputs has "
                        "that many", model->item.name, (long long)ts->width, (long long)outputs);
    if (ret < 0)
        tensors_free(ts);
    return ret < 0 ? ret : 0;
}

struct starting {
    const struct tensor *t;
    uint64_t seed, stream;
};

static void start_task(void *arg, int64_t begin, int64_t end)
{
    const struct starting *s = arg;
    const struct tensor *t = s->t;
    for (int64_t i = begin; i < end; i++) {
        uint64_t at = s->stream << 40 | (uint64_t)i;
        double v = t->init == HONE_INIT_ONE ? 1 : t->init == HONE_INIT_NORMAL ? rng_normal(s->seed, RNG_INIT, at)
                                                                              : 2 * rng_unit(s->seed, RNG_INIT, at) - 1;
        t->param[i] = (float)(v * t->scale);
    }
}

void tensors_start(struct tensors *ts, uint64_t seed, struct pool *pool)
{
    for (int64_t i = 0; i < ts->n; i++) {
        struct starting s = { &ts->t[i], seed, (uint64_t)i };
        if (ts->t[i].init == HONE_INIT_ZERO)
            memset(ts->t[i].param, 0, (size_t)ts->t[i].n * sizeof *ts->t[i].param);
        else if (pool)
            pool_run(pool, ts->t[i].n, START_GRAIN, start_task, &s);
        else
            start_task(&s, 0, ts->t[i].n);
    }
}

void tensors_place(struct tensors *ts, int64_t i, float *at)
{
    ts->t[i].param = at;
}

int tensors_alloc(struct tensors *ts, struct hone_err *err)
{
    ts->param = calloc((size_t)ts->n + 1, sizeof *ts->param);
    for (int64_t i = 0; i < ts->n && ts->param; i++) {
        struct tensor *t = &ts->t[i];
        if (!t->param && !(t->param = floats_new(t->n)))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for tensor '%s' (%.0f MB)", t->name, (double)t->n * 4e-6);
        ts->param[i] = t->param;
    }
    return ts->param ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

int tensors_init(struct tensors *ts, uint64_t seed, struct pool *pool, struct hone_err *err)
{
    int ret = tensors_alloc(ts, err);
    if (!ret)
        tensors_start(ts, seed, pool);
    return ret;
}

static int is_mapped(const struct tensors *ts, int64_t i)
{
    uintptr_t at = (uintptr_t)ts->t[i].param, map = (uintptr_t)ts->map;
    return ts->map && at >= map && at < map + ts->map_bytes;
}

void tensors_free(struct tensors *ts)
{
    for (int64_t i = 0; i < ts->n; i++)
        if (!is_mapped(ts, i))
            free(ts->t[i].param);
    if (ts->map)
        munmap(ts->map, ts->map_bytes);
    free(ts->t);
    free(ts->param);
    *ts = (struct tensors){ 0 };
}

int64_t tensors_find(const struct tensors *ts, const char *name)
{
    for (int64_t i = 0; i < ts->n; i++)
        if (strcmp(ts->t[i].name, name) == 0)
            return i;
    return -1;
}

int tensors_room(const struct tensors *ts, float ***room, const char *what, struct hone_err *err)
{
    if (!*room && !(*room = calloc((size_t)ts->n + 1, sizeof **room)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %s", what);
    for (int64_t i = 0; i < ts->n; i++)
        if (!(*room)[i] && !((*room)[i] = floats_new(ts->t[i].n)))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for %s", what);
    return 0;
}

void tensors_room_free(const struct tensors *ts, float ***room)
{
    for (int64_t i = 0; *room && i < ts->n; i++)
        free((*room)[i]);
    free(*room);
    *room = NULL;
}
