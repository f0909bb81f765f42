/* Every optimizer and scheduler plugin that is built, driven as training drives it, against PyTorch's numbers; and that the
 * number of threads, and rows instead of whole tensors, change nothing. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/registry.h"
#include "core/train/optim.h"
#include "core/train/schedule.h"
#include "tests/unit/optimizers_reference.h"
#include "tests/unit/suites.h"

#define N 37
#define STEPS 20

static struct registry *registry;

static int open_registry(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    if (!dirs[0]) {
        fprintf(stderr, "HONE_PLUGIN_PATH must name the folder of the built plugins\n");
        return -1;
    }
    registry = registry_new(dirs, NULL, &err);
    return registry ? 0 : -1;
}

static int close_registry(void)
{
    registry_free(registry);
    return 0;
}

/* An item with a settings block; NULL fails the test. */
static const struct hone_item *find(uint32_t kind, const char *name, const char *options, void **conf)
{
    struct hone_err err = { 0 };
    const struct hone_item *item = registry_find(registry, kind, name, NULL, &err);
    cJSON *values = json_parse(options, strlen(options), name, &err);
    *conf = item && values ? settings_new(item, values, &err) : NULL;
    cJSON_Delete(values);
    if (!item || (!*conf && item->conf_size))
        fprintf(stderr, "%s %s: %s\n", name, options, err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    return item;
}

/* Two dense tensors of 6 x 5 and 7 numbers, with an optimizer on them. */
struct bench {
    struct pool *pool;
    struct tensors tensors;
    struct tensor t[2];
    float param[N];
    struct passes passes;
    struct optim optim;
};

static double open_bench(struct bench *b, const char *name, const char *options, int threads)
{
    struct hone_err err = { 0 };
    void *conf, *second;
    const struct hone_item *item = find(HONE_OPTIMIZER, name, options, &conf);
    find(HONE_OPTIMIZER, name, options, &second);
    b->pool = pool_new(threads, &err);
    b->t[0] = (struct tensor){ .name = "w", .ndim = 2, .dims = { 6, 5 }, .n = 30, .rows = 6, .width = 5, .param = b->param };
    b->t[1] = (struct tensor){ .name = "b", .ndim = 1, .dims = { 7 }, .n = 7, .rows = 7, .width = 1, .param = b->param + 30 };
    b->tensors = (struct tensors){ .n = 2, .t = b->t, .total = N };
    for (int i = 0; i < N; i++)
        b->param[i] = (float)cos(0.3 * i);
    memset(&b->optim, 0, sizeof b->optim);
    const struct hone_param *lr = NULL;
    for (uint32_t i = 0; i < item->n_params; i++)
        lr = strcmp(item->params[i].name, "lr") == 0 ? &item->params[i] : lr;
    double rate = *(const double *)(const void *)((const char *)conf + lr->offset);
    CU_ASSERT_EQUAL_FATAL(optim_open(&b->optim, (const struct hone_optimizer *)(const void *)item, conf, second, &b->tensors, b->pool,
                                     &err), 0);
    CU_ASSERT_EQUAL_FATAL(optim_alloc(&b->optim, &err), 0);
    CU_ASSERT_EQUAL_FATAL(passes_open(&b->passes, b->pool, &b->tensors, registry_host(registry), 1, &err), 0);
    return rate;
}

static void close_bench(struct bench *b)
{
    optim_close(&b->optim);
    passes_close(&b->passes);
    pool_free(b->pool);
}

static void take_step(struct bench *b, int t, double lr)
{
    struct hone_err err = { 0 };
    passes_begin(&b->passes);
    for (int i = 0; i < N; i++)
        b->passes.grad[i / 30][i % 30] = (float)(sin(0.7 * i + 1.3 * t) * (1 + 0.1 * i));
    CU_ASSERT_EQUAL(optim_step(&b->optim, &b->passes, lr, 0, NULL, &err), 0);
}

/* The greatest difference beyond a float's own rounding, in units of the greatest movement. */
static double deviation(const struct bench *b, const double *want)
{
    double worst = 0, moved = 0;
    for (int i = 0; i < N; i++) {
        worst = fmax(worst, fabs((double)b->param[i] - want[i]));
        moved = fmax(moved, fabs(want[i] - cos(0.3 * i)));
    }
    return fmax(0, worst - 2.4e-7) / moved;
}

static void optimizers(void)
{
    for (size_t k = 0; k < sizeof optimizer_reference / sizeof optimizer_reference[0]; k++) {
        struct bench b;
        float kept[N];
        for (int threads = 3; threads > 0; threads -= 2) {
            double lr = open_bench(&b, optimizer_reference[k].name, optimizer_reference[k].options, threads), first = 0;
            for (int t = 1; t <= STEPS; t++) {
                take_step(&b, t, lr);
                first = t == 1 ? deviation(&b, optimizer_reference[k].one) : first;
            }
            double last = deviation(&b, optimizer_reference[k].all);
            if (first > 2e-5 || last > 2e-5)
                printf("%s %s: %g after one step, %g after %d\n", optimizer_reference[k].name, optimizer_reference[k].options, first,
                       last, STEPS);
            CU_ASSERT(first <= 2e-5);
            CU_ASSERT(last <= 2e-5);
            if (threads == 3)
                memcpy(kept, b.param, sizeof kept);
            else
                CU_ASSERT_EQUAL(memcmp(kept, b.param, sizeof kept), 0);
            close_bench(&b);
        }
    }
}

/* sum a (x - c)^2 / 2, as in optimizers_reference.py. */
static int bowl(void *arg, double *loss, struct hone_err *err)
{
    struct bench *b = arg;
    (void)err;
    *loss = 0;
    for (int i = 0; i < N; i++) {
        double a = 1 + 0.25 * (i % 9), d = (double)b->param[i] - sin(i);
        *loss += a * d * d / 2;
        b->passes.grad[i / 30][i % 30] = (float)(a * d);
    }
    return 0;
}

static void closures(void)
{
    for (size_t k = 0; k < sizeof lbfgs_reference / sizeof lbfgs_reference[0]; k++) {
        struct bench b;
        struct hone_err err = { 0 };
        double lr = open_bench(&b, "lbfgs", lbfgs_reference[k].options, 2), norm;
        passes_begin(&b.passes);
        CU_ASSERT_EQUAL(optim_minimize(&b.optim, &b.passes, lr, 0, bowl, &b, &norm, &err), 0);
        double off = deviation(&b, lbfgs_reference[k].x);
        if (off > 1e-4)
            printf("lbfgs %s: %g\n", lbfgs_reference[k].options, off);
        CU_ASSERT(off <= 1e-4);
        close_bench(&b);
    }
}

/* A gradient whose norm is above the bound is scaled to it, one below is left alone. */
static void clipping(void)
{
    struct bench b;
    struct hone_err err = { 0 };
    for (int clip = 0; clip < 2; clip++) {
        double norm, square = 0;
        open_bench(&b, "sgd", "{\"lr\":1}", 1);
        passes_begin(&b.passes);
        b.passes.grad[0][3] = 3;
        b.passes.grad[1][2] = -4;
        CU_ASSERT_EQUAL(optim_step(&b.optim, &b.passes, 1, clip ? 2.5 : 5.5, &norm, &err), 0);
        CU_ASSERT_DOUBLE_EQUAL(norm, 5, 1e-12);
        for (int i = 0; i < N; i++)
            square += pow((double)b.param[i] - cos(0.3 * i), 2);
        CU_ASSERT_DOUBLE_EQUAL(sqrt(square), clip ? 2.5 : 5, 1e-5);
        close_bench(&b);
    }
    open_bench(&b, "sgd", "{}", 1);
    passes_begin(&b.passes);
    b.passes.grad[0][0] = NAN;
    double norm;
    CU_ASSERT_EQUAL(optim_step(&b.optim, &b.passes, 1, 0, &norm, &err), HONE_EDIVERGED);
    close_bench(&b);
}

static void schedules(void)
{
    for (size_t k = 0; k < sizeof schedule_reference / sizeof schedule_reference[0]; k++) {
        void *conf;
        struct schedule s = { 0 };
        struct hone_err err = { 0 };
        const struct hone_item *item = find(HONE_SCHEDULER, schedule_reference[k].name, schedule_reference[k].options, &conf);
        CU_ASSERT_EQUAL_FATAL(schedule_add(&s, (const struct hone_scheduler *)(const void *)item, conf, NULL, 0, &err), 0);
        CU_ASSERT_EQUAL_FATAL(schedule_start(&s, 0.3, 0, 20, &err), 0);
        double worst = 0;
        for (int t = 0; t < 23; t++)
            worst = fmax(worst, fabs(schedule_rate(&s, t, 0) - schedule_reference[k].rate[t]));
        if (worst > 1e-12)
            printf("%s: off by %g\n", schedule_reference[k].name, worst);
        CU_ASSERT(worst <= 1e-12);
        /* warm-up: a line from 0, then the same curve */
        s.warmup = 4;
        s.total = 24;
        CU_ASSERT_EQUAL(schedule_rate(&s, 0, 0), 0);
        CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, 1, 0), 0.075, 1e-12);
        for (int t = 0; t < 20; t++)
            CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, t + 4, 0), schedule_reference[k].rate[t], 1e-12);
        schedule_close(&s);
    }
}

static void plateau(void)
{
    for (size_t k = 0; k < sizeof plateau_reference / sizeof plateau_reference[0]; k++) {
        void *conf;
        struct schedule s = { 0 };
        struct hone_err err = { 0 };
        const struct hone_item *item = find(HONE_SCHEDULER, "reduce_lr_on_plateau", plateau_reference[k].options, &conf);
        CU_ASSERT_EQUAL_FATAL(schedule_add(&s, (const struct hone_scheduler *)(const void *)item, conf, NULL, 0, &err), 0);
        CU_ASSERT_EQUAL_FATAL(schedule_start(&s, 0.3, 0, 20, &err), 0);
        for (int t = 0; t < 20; t++) {
            CU_ASSERT_EQUAL(schedule_observe(&s, t + 1, t, plateau_metric[t], &err), 0);
            CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, t + 1, t), plateau_reference[k].rate[t], 1e-12);
        }
        schedule_close(&s);
    }
}

/* Constant for 4 steps behind 2 of warm-up, then a line down over 10 more, then half a cosine over the last 6. */
static void sequence(void)
{
    static const char text[] = "{\"schedulers\":[\"constant\",\"linear\",\"cosine\"],\"milestones\":[4,14]}";
    struct hone_err err = { 0 };
    struct schedule s = { 0 };
    cJSON *options = json_parse(text, strlen(text), "options", &err);
    CU_ASSERT_EQUAL_FATAL(schedule_choose(&s, registry, "sequence", options, &err), 0);
    CU_ASSERT_EQUAL_FATAL(schedule_start(&s, 0.5, 2, 22, &err), 0);
    for (int t = 0; t < 22; t++) {
        double want = t < 2 ? 0.25 * t : t < 6 ? 0.5 : t < 16 ? 0.5 * (16 - t) / 10 : 0.25 * (1 + cos(acos(-1.0) * (t - 16) / 6));
        CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, t, 0), want, 1e-12);
    }
    schedule_close(&s);
    cJSON_Delete(options);
}

int test_optim(void)
{
    CU_pSuite s = CU_add_suite("optim", open_registry, close_registry);
    return s && CU_add_test(s, "optimizers", optimizers) && CU_add_test(s, "closures", closures)
           && CU_add_test(s, "clipping", clipping) && CU_add_test(s, "schedules", schedules) && CU_add_test(s, "plateau", plateau)
                   && CU_add_test(s, "sequence", sequence) ? 0
                                                                                                                                   : -1;
}
