/* See bench_speed.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/train/optim.h"
#include "core/worker/bench_speed.h"

#define WIDTH 2048
#define ROWS 1024
#define N ((int64_t)WIDTH * ROWS)
#define STEPS 15
#define MOST_US 1000000 /* then the steps so far count, at least one */

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* A settings block of its own with the same values. */
static void *copy_of(const struct hone_optimizer *item, const void *conf)
{
    struct hone_err err;
    cJSON *values = settings_json(&item->item, conf);
    void *copy = settings_new(&item->item, values, &err);
    cJSON_Delete(values);
    return copy;
}

static double median_of_steps(struct optim *o, struct passes *p, float *x, double lr, struct hone_err *err)
{
    int64_t took[STEPS], start = clock_mono_us();
    int n = 0;
    while (n < STEPS && (n < 1 || clock_mono_us() - start < MOST_US)) {
        passes_begin(p);
        for (int64_t k = 0; k < N; k++)
            p->grad[0][k] = x[k] * 0.01f;
        int64_t begin = clock_mono_us();
        if (optim_step(o, p, lr, 0, NULL, err) < 0)
            return NAN;
        took[n++] = (clock_mono_us() - begin) * 1000;
    }
    qsort(took, (size_t)n, sizeof took[0], ascending);
    return (double)took[n / 2] / (double)N;
}

double bench_speed(struct task *t, const struct hone_optimizer *item, const void *conf)
{
    struct hone_err err = { 0 };
    const struct hone_param *rate = settings_param(&item->item, "lr");
    struct passes passes = { 0 };
    struct optim optim = { 0 };
    float *x = floats_new(N);
    struct tensor tensor = { .name = "w", .ndim = 2, .dims = { ROWS, WIDTH }, .n = N, .rows = ROWS, .width = WIDTH, .param = x };
    struct tensors tensors = { .n = 1, .t = &tensor, .total = N };
    double ns = NAN;
    if (item->minimize || !x) {
        free(x);
        return NAN;
    }
    for (int64_t i = 0; i < N; i++)
        x[i] = (float)(i % 251 - 125) / 125;
    int ret = optim_open(&optim, item, copy_of(item, conf), copy_of(item, conf), &tensors, t->pool, &err);
    if (!ret)
        ret = optim_alloc(&optim, &err);
    if (!ret)
        ret = passes_open(&passes, t->pool, &tensors, registry_host(t->registry), 1, &err);
    if (!ret)
        ns = median_of_steps(&optim, &passes, x, rate ? fmin(rate->dflt, 1e-3) : 0, &err);
    passes_close(&passes);
    if (optim.item)
        optim_close(&optim);
    free(x);
    return ns;
}
