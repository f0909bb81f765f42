/* Nanoseconds a parameter of an optimizer's step on one dense tensor, through the plugin as training drives it, beside a plain fused loop
 * over the same arrays on the same threads; and the machine's stream bandwidth. Run by speed.sh: speed NAME THREADS FLOATS STEPS. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/host/registry.h"
#include "core/train/optim.h"
#include "hone/wide.h"

#define GRAIN 4096

static struct {
    float *p, *g, *a, *b;
    float lr, b1, b2, eps, c1, c2, keep;
} w;

HONE_WIDE static void loop_sgd(void *arg, int64_t from, int64_t to)
{
    float *restrict p = w.p, *restrict a = w.a, *restrict g = w.g, lr = w.lr;
    (void)arg;
    for (int64_t i = from; i < to; i++) {
        a[i] = 0.9f * a[i] + g[i];
        p[i] -= lr * a[i];
    }
}

HONE_WIDE static void loop_adam(void *arg, int64_t from, int64_t to)
{
    float *restrict p = w.p, *restrict a = w.a, *restrict b = w.b, *restrict g = w.g;
    float b1 = w.b1, b2 = w.b2, c1 = w.c1, c2 = w.c2, eps = w.eps, keep = w.keep;
    (void)arg;
    for (int64_t i = from; i < to; i++) {
        a[i] = b1 * a[i] + (1 - b1) * g[i];
        b[i] = b2 * b[i] + (1 - b2) * g[i] * g[i];
        p[i] = keep * p[i] - c1 * a[i] / (sqrtf(b[i]) * c2 + eps);
    }
}

HONE_WIDE static void loop_rmsprop(void *arg, int64_t from, int64_t to)
{
    float *restrict p = w.p, *restrict a = w.a, *restrict g = w.g, lr = w.lr, eps = w.eps;
    (void)arg;
    for (int64_t i = from; i < to; i++) {
        a[i] = 0.99f * a[i] + 0.01f * g[i] * g[i];
        p[i] -= lr * g[i] / (sqrtf(a[i]) + eps);
    }
}

HONE_WIDE static void loop_adagrad(void *arg, int64_t from, int64_t to)
{
    float *restrict p = w.p, *restrict a = w.a, *restrict g = w.g, lr = w.lr, eps = w.eps;
    (void)arg;
    for (int64_t i = from; i < to; i++) {
        a[i] += g[i] * g[i];
        p[i] -= lr * g[i] / (sqrtf(a[i]) + eps);
    }
}

/* Reads two arrays and writes one of them: what is written was read, so that a cache fetches nothing more than is counted. */
HONE_WIDE static void loop_stream(void *arg, int64_t from, int64_t to)
{
    float *restrict p = w.p, *restrict g = w.g;
    (void)arg;
    for (int64_t i = from; i < to; i++)
        p[i] = 0.5f * p[i] + g[i];
}

static const struct {
    const char *name, *options;
    hone_task *loop;
    int bytes; /* that a step moves a parameter: each float read and, where it is written, written */
} rules[] = {
    { "adam", "{}", loop_adam, 28 }, { "adamw", "{}", loop_adam, 28 }, { "sgd", "{\"momentum\":0.9}", loop_sgd, 20 },
    { "rmsprop", "{}", loop_rmsprop, 20 }, { "adagrad", "{}", loop_adagrad, 20 },
};

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return v[n / 2];
}

/* Times plugin, loop and stream in turn, so that what else the machine does meets all three. */
static int measure(struct optim *o, struct passes *passes, struct pool *pool, int rule, int64_t n, int steps, struct hone_err *err)
{
    double took[3][64];
    for (int k = -1; k < steps; k++) {
        passes_begin(passes);
        memcpy(passes->grad[0], w.g, (size_t)n * sizeof(float));
        int64_t t0 = clock_mono_us();
        if (optim_step(o, passes, 0.001, 0, NULL, err) < 0)
            return err->code;
        int64_t t1 = clock_mono_us();
        pool_run(pool, n, GRAIN, rules[rule].loop, NULL);
        int64_t t2 = clock_mono_us();
        pool_run(pool, n, GRAIN, loop_stream, NULL);
        int64_t t3 = clock_mono_us();
        if (k < 0)
            continue; /* the first touches new pages */
        took[0][k] = (double)(t1 - t0) * 1000 / (double)n;
        took[1][k] = (double)(t2 - t1) * 1000 / (double)n;
        took[2][k] = (double)(t3 - t2) * 1000 / (double)n;
    }
    double plugin = median(took[0], steps), loop = median(took[1], steps), stream = 12 / median(took[2], steps);
    printf("%s %d %.3f %.3f %.1f %.3f\n", rules[rule].name, pool_threads(pool), plugin, loop, stream, rules[rule].bytes / plugin / stream);
    return 0;
}

int main(int argc, char **argv)
{
    struct hone_err err = { 0 };
    int rule = 0, rules_n = (int)(sizeof rules / sizeof rules[0]), threads = argc == 5 ? (int)strtol(argv[2], NULL, 10) : 0, steps = argc == 5 ? (int)strtol(argv[4], NULL, 10) : 0;
    while (argc == 5 && rule < rules_n && strcmp(rules[rule].name, argv[1]) != 0)
        rule++;
    int64_t n = argc == 5 ? strtoll(argv[3], NULL, 10) / 1000 * 1000 : 0;
    if (argc != 5 || rule == rules_n || threads < 1 || steps < 1 || steps > 64 || n < 1000) {
        fprintf(stderr, "usage: speed adam|adamw|sgd|rmsprop|adagrad THREADS FLOATS STEPS\n");
        return 2;
    }
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct pool *pool = pool_new(threads, &err);
    struct registry *registry = pool ? registry_new(dirs, pool, &err) : NULL;
    const struct hone_item *item = registry ? registry_find(registry, HONE_OPTIMIZER, rules[rule].name, NULL, &err) : NULL;
    cJSON *options = json_parse(rules[rule].options, strlen(rules[rule].options), "options", &err);
    float *x = floats_new(n);
    w.p = floats_new(n), w.g = floats_new(n), w.a = floats_new(n), w.b = floats_new(n);
    w.lr = 0.001f, w.b1 = 0.9f, w.b2 = 0.999f, w.eps = 1e-8f, w.c1 = 0.001f, w.c2 = 1, w.keep = 1;
    struct tensor tensor = { .name = "w", .ndim = 2, .dims = { n / 1000, 1000 }, .n = n, .rows = n / 1000, .width = 1000, .param = x };
    struct tensors tensors = { .n = 1, .t = &tensor, .total = n };
    struct passes passes = { 0 };
    struct optim optim = { 0 };
    int ret = item && x && w.p && w.g && w.a && w.b ? 0 : -1;
    for (int64_t i = 0; ret == 0 && i < n; i++) {
        x[i] = w.p[i] = (float)(i % 251 - 125) / 125;
        w.g[i] = (float)(i % 241 - 120) / 12000;
    }
    if (ret == 0)
        ret = optim_open(&optim, (const struct hone_optimizer *)(const void *)item, settings_new(item, options, &err), settings_new(item, options, &err),
                         &tensors, pool, &err);
    if (ret == 0)
        ret = optim_alloc(&optim, &err);
    if (ret == 0)
        ret = passes_open(&passes, pool, &tensors, registry_host(registry), 1, &err);
    if (ret == 0)
        ret = measure(&optim, &passes, pool, rule, n, steps, &err);
    if (ret < 0)
        fprintf(stderr, "speed: %s\n", err.text[0] ? err.text : "memory ran out");
    return ret < 0;
}
