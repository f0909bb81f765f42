/* Every optimizer on three problems against the numbers of tests/parity/optimizers.golden: fifty steps, driven as training drives
 * it; the same bits for any number of threads and when the declared state alone is carried into a fresh optimizer. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/registry.h"
#include "core/train/optim.h"
#include "core/train/schedule.h"
#include "tests/unit/suites.h"

#define N 37
#define STEPS 50
#define TOLERANCE 1e-5
#define SLACK 20 /* times what rounding alone does to the reference, where that is more; see optimizers.py */

static struct registry *registry;

static int open_registry(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    registry = dirs[0] ? registry_new(dirs, NULL, &err) : NULL;
    return registry ? 0 : -1;
}

static int close_registry(void)
{
    registry_free(registry);
    return 0;
}

/* ---- problems, as in optimizers.py ---- */

typedef double problem(const double *x, int t, double *g); /* returns the loss */

static double quadratic(const double *x, int t, double *g)
{
    double along = 0, loss = 0;
    for (int i = 0; i < N; i++)
        along += 0.2 * sin(i + 1) * x[i];
    for (int i = 0; i < N; i++) {
        double d = 1 + 0.25 * (i % 9), line = 0.1 * sin(0.7 * i + 1.3 * t) - sin(i);
        g[i] = d * x[i] + 0.2 * sin(i + 1) * along + line;
        loss += d * x[i] * x[i] / 2 + line * x[i];
    }
    return loss + along * along / 2;
}

static double rosenbrock(const double *x, int t, double *g)
{
    double loss = 0;
    (void)t;
    memset(g, 0, N * sizeof *g);
    for (int i = 0; i + 1 < N; i += 2) {
        double b = x[i + 1] - x[i] * x[i];
        loss += b * b + (1 - x[i]) * (1 - x[i]) / 100;
        g[i] += (-400 * x[i] * b - 2 * (1 - x[i])) / 100;
        g[i + 1] += 2 * b;
    }
    return loss;
}

static double softmax(const double *x, int t, double *g)
{
    double f[6] = { 0 }, p[5], sum = 0, loss;
    f[t % 6] = 1;
    f[(t * 5 + 1) % 6] = 0.5;
    for (int k = 0; k < 5; k++) {
        p[k] = x[30 + k];
        for (int j = 0; j < 6; j++)
            p[k] += f[j] * x[5 * j + k];
        sum += p[k] = exp(p[k]);
    }
    loss = log(sum) - log(p[t * 7 % 5]);
    for (int k = 0; k < 5; k++)
        p[k] = p[k] / sum - (k == t * 7 % 5);
    for (int i = 0; i < N; i++)
        g[i] = i < 30 ? f[i / 5] * p[i % 5] : i < 35 ? p[i - 30] : 0;
    return loss;
}

/* ---- an optimizer on two tensors ---- */

struct rig {
    struct pool *pool;
    struct tensors tensors;
    struct tensor t[2];
    float param[N];
    struct passes passes;
    struct optim optim;
    double lr;
    problem *gradient;
    int step;
};

static void *settings(const struct hone_item *item, const cJSON *options)
{
    struct hone_err err = { 0 };
    void *conf = settings_new(item, options, &err);
    if (!conf && item->conf_size) {
        fprintf(stderr, "%s: %s\n", item->name, err.text);
        CU_FAIL_FATAL("settings");
    }
    return conf;
}

static double rate_of(const struct hone_item *item, const cJSON *options)
{
    const struct hone_param *lr = settings_param(item, "lr");
    return json_num(options, "lr", lr ? lr->dflt : 0);
}

static const struct hone_item *find(const char *name)
{
    struct hone_err err = { 0 };
    const struct hone_item *item = registry_find(registry, HONE_OPTIMIZER, name, NULL, &err);
    if (!item)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    return item;
}

static void open_rig(struct rig *r, const char *name, const char *text, problem *gradient, int threads)
{
    struct hone_err err = { 0 };
    const struct hone_item *item = find(name);
    cJSON *o = json_parse(text, strlen(text), name, &err), *base = cJSON_DetachItemFromObjectCaseSensitive(o, "base"),
          *inner = cJSON_DetachItemFromObjectCaseSensitive(o, "base_options");
    *r = (struct rig){ .pool = pool_new(threads, &err), .gradient = gradient, .lr = rate_of(item, o) };
    r->t[0] = (struct tensor){ .name = "w", .ndim = 2, .dims = { 6, 5 }, .n = 30, .rows = 6, .width = 5, .param = r->param };
    r->t[1] = (struct tensor){ .name = "b", .ndim = 1, .dims = { 7 }, .n = 7, .rows = 7, .width = 1, .param = r->param + 30 };
    r->tensors = (struct tensors){ .n = 2, .t = r->t, .total = N };
    for (int i = 0; i < N; i++)
        r->param[i] = (float)cos(0.3 * i);
    CU_ASSERT_EQUAL_FATAL(optim_open(&r->optim, (const struct hone_optimizer *)(const void *)item, settings(item, o), settings(item, o),
                                     &r->tensors, r->pool, &err), 0);
    if (base) {
        const struct hone_item *in = find(base->valuestring);
        CU_ASSERT_EQUAL_FATAL(optim_wrap(&r->optim, (const struct hone_optimizer *)(const void *)in, settings(in, inner),
                                         settings(in, inner), &err), 0);
    }
    CU_ASSERT_EQUAL_FATAL(optim_alloc(&r->optim, &err), 0);
    CU_ASSERT_EQUAL_FATAL(passes_open(&r->passes, r->pool, &r->tensors, registry_host(registry), 1, &err), 0);
    cJSON_Delete(o);
    cJSON_Delete(base);
    cJSON_Delete(inner);
}

static void close_rig(struct rig *r)
{
    optim_close(&r->optim);
    passes_close(&r->passes);
    pool_free(r->pool);
}

static int evaluate(void *arg, double *loss, struct hone_err *err)
{
    struct rig *r = arg;
    double x[N], g[N];
    (void)err;
    for (int i = 0; i < N; i++)
        x[i] = (double)r->param[i];
    *loss = r->gradient(x, r->step, g);
    for (int i = 0; i < N; i++)
        r->passes.grad[i / 30][i % 30] = (float)g[i];
    return 0;
}

static void take_steps(struct rig *r, int until)
{
    struct hone_err err = { 0 };
    double loss;
    int ret = 0;
    while (r->step < until && ret >= 0) {
        r->step++;
        passes_begin(&r->passes);
        if (r->optim.item->minimize) {
            ret = optim_minimize(&r->optim, &r->passes, r->lr, 0, evaluate, r, NULL, &err);
        } else {
            evaluate(r, &loss, &err);
            ret = optim_step(&r->optim, &r->passes, r->lr, 0, NULL, &err);
        }
    }
    CU_ASSERT(ret >= 0);
}

/* ---- comparisons ---- */

static double difference(const float *have, const double *want)
{
    double worst = 0, size = 0;
    for (int i = 0; i < N; i++) {
        worst = fmax(worst, fabs((double)have[i] - want[i]));
        size = fmax(size, fabs(want[i]));
    }
    return worst / size;
}

/* Carries parameters and declared state into a fresh optimizer, as a checkpoint does. */
static void carry(const struct optim *from, struct optim *to)
{
    to->step = from->step;
    memcpy(to->derived, from->derived, from->item->derived_size);
    for (int64_t i = 0; i < from->tensors->n * from->copies; i++) {
        const struct optim_slot *s = &from->slot[i];
        size_t size = s->dtype == HONE_F64 ? 8 : s->dtype == HONE_U8 ? 1 : 4;
        if (s->data && !(s->flags & HONE_SLOT_TRANSIENT))
            memcpy(to->slot[i].data, s->data, (size_t)s->n * size);
    }
    if (from->inner)
        carry(from->inner, to->inner);
}

/* The same case on so many threads, with spans of at most `cut` elements (0: whole). */
static void other_way(const struct rig *whole, const char *name, const char *options, problem *gradient, int threads, int64_t cut)
{
    struct rig r;
    open_rig(&r, name, options, gradient, threads);
    r.optim.cut = cut;
    take_steps(&r, STEPS);
    int same = memcmp(whole->param, r.param, sizeof r.param) == 0;
    if (!same)
        printf("%s %s: other bits with %d threads and spans of %d\n", name, options, threads, (int)cut);
    CU_ASSERT(same);
    close_rig(&r);
}

/* Stopped after each step and gone on with from what a checkpoint would hold. */
static void resumed(const struct rig *whole, const char *name, const char *options, problem *gradient)
{
    struct rig first, second;
    open_rig(&first, name, options, gradient, 1);
    for (int at = 1; at < STEPS; at++) {
        take_steps(&first, at);
        open_rig(&second, name, options, gradient, 1);
        memcpy(second.param, first.param, sizeof first.param);
        carry(&first.optim, &second.optim);
        second.step = at;
        take_steps(&second, STEPS);
        int same = memcmp(whole->param, second.param, sizeof second.param) == 0;
        if (!same)
            printf("%s %s: going on from step %d ends elsewhere\n", name, options, at);
        CU_ASSERT(same);
        close_rig(&second);
    }
    close_rig(&first);
}

static void one_case(const char *name, const char *options, const char *which, double sensitivity, const double *want)
{
    problem *gradient = which[0] == 'q' ? quadratic : which[0] == 'r' ? rosenbrock : softmax;
    static const int64_t cuts[] = { 1, 2, 3, 7, 16 };
    struct rig whole;
    open_rig(&whole, name, options, gradient, 1);
    take_steps(&whole, STEPS);
    float served[N], *const out[2] = { served, served + 30 };
    memcpy(served, whole.param, sizeof served);
    if (strstr(which, "served"))
        optim_serve(&whole.optim, out);
    double off = difference(served, want), allowed = fmax(TOLERANCE, SLACK * sensitivity);
    if (!(off <= allowed))
        printf("%s %s on %s: relative difference %.2g, allowed %.2g\n", name, options, which, off, allowed);
    CU_ASSERT(off <= allowed);
    for (int threads = 2; threads <= 8; threads *= 2)
        other_way(&whole, name, options, gradient, threads, 0);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
        other_way(&whole, name, options, gradient, i % 2 ? 2 : 1, cuts[i]);
    resumed(&whole, name, options, gradient);
    close_rig(&whole);
}

/* ---- what the golden files must cover ---- */

#define KINDS_MAX 64
struct coverage {
    const struct hone_item *item[KINDS_MAX];
    uint32_t problems[KINDS_MAX]; /* bits */
    uint64_t changed[KINDS_MAX];  /* bits of settings that have another value than the default in some case */
    int n;
};

static int covered(struct coverage *c, const struct hone_item *item)
{
    int i = 0;
    while (i < c->n && c->item[i] != item)
        i++;
    if (i == c->n) {
        CU_ASSERT_FATAL(c->n < KINDS_MAX);
        c->item[c->n++] = item;
    }
    return i;
}

static void note_case(struct coverage *c, const struct hone_item *item, const char *options, const char *which)
{
    struct hone_err err = { 0 };
    int at = covered(c, item);
    cJSON *o = json_parse(options, strlen(options), "options", &err);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "base");
    cJSON_DeleteItemFromObjectCaseSensitive(o, "base_options");
    void *conf = settings(item, o), *plain = settings(item, NULL);
    for (uint32_t k = 0; k < item->n_params; k++)
        if (cJSON_HasObjectItem(o, item->params[k].name) && memcmp((char *)conf + item->params[k].offset, (char *)plain + item->params[k].offset, 8) != 0)
            c->changed[at] |= (uint64_t)1 << k;
    c->problems[at] |= which[0] == 'q' ? 1 : which[0] == 'r' ? 2 : 4;
    settings_free(item, conf);
    settings_free(item, plain);
    cJSON_Delete(o);
}

/* Every plugin of the kind that is built is among them, on all problems of `problems`, with another value of each setting. */
static void check_coverage(const struct coverage *c, const char *kind, const char *const *elsewhere, uint32_t problems)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    cJSON *all = registry_describe(dirs, &err);
    const cJSON *p, *it;
    int n = 0;
    cJSON_ArrayForEach(p, all) {
        cJSON_ArrayForEach(it, json_get(p, "items")) {
            const char *name = json_str(it, "name", "");
            int at = 0, other = 0;
            if (strcmp(json_str(it, "kind", ""), kind) != 0)
                continue;
            n++;
            while (at < c->n && strcmp(c->item[at]->name, name) != 0)
                at++;
            for (int i = 0; elsewhere[i]; i++)
                other |= strcmp(elsewhere[i], name) == 0;
            if (at == c->n || (c->problems[at] & problems) != problems) {
                if (!other)
                    printf("%s: not in the golden file, or not on every problem\n", name);
                CU_ASSERT(other);
                continue;
            }
            for (uint32_t k = 0; k < c->item[at]->n_params; k++) {
                int changed = (c->changed[at] >> k) & 1;
                if (!changed)
                    printf("%s: no case has another value of %s than the default\n", name, c->item[at]->params[k].name);
                CU_ASSERT(changed);
            }
        }
    }
    CU_ASSERT(n >= 20);
    cJSON_Delete(all);
}

/* A golden file of tests/parity. */
static FILE *golden(const char *name)
{
    const char *srcdir = getenv("srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/parity/%s", srcdir ? srcdir : ".", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fprintf(stderr, "%s cannot be opened; set srcdir\n", path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    return f;
}

static void trajectories(void)
{
    char line[4096];
    static const char *const elsewhere[] = { NULL };
    struct coverage seen = { .n = 0 };
    int cases = 0;
    FILE *f = golden("optimizers.golden");
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        char *rest = line, *name = strsep(&rest, "|"), *options = strsep(&rest, "|"), *which = strsep(&rest, "|"),
             *sensitivity = strsep(&rest, "|");
        double want[N];
        CU_ASSERT_PTR_NOT_NULL_FATAL(rest);
        for (int i = 0; i < N; i++)
            want[i] = strtod(rest, &rest);
        one_case(name, options, which, strtod(sensitivity, NULL), want);
        note_case(&seen, find(name), options, which);
        cases++;
    }
    fclose(f);
    CU_ASSERT(cases >= 200);
    check_coverage(&seen, "optimizer", elsewhere, 7);
}

#define RATES 210

static void one_schedule(const char *name, const char *options, int64_t total, char *values)
{
    struct hone_err err = { 0 };
    struct schedule s = { 0 };
    const struct hone_item *item = registry_find(registry, HONE_SCHEDULER, name, NULL, &err);
    cJSON *o = json_parse(options, strlen(options), name, &err);
    double worst = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    CU_ASSERT_EQUAL_FATAL(schedule_add(&s, (const struct hone_scheduler *)(const void *)item, settings(item, o), NULL, 0, &err), 0);
        CU_ASSERT_EQUAL_FATAL(schedule_start(&s, 0.3, 0, total, &err), 0);
    for (int t = 0; t < RATES; t++)
        worst = fmax(worst, fabs(schedule_rate(&s, t, 0) - strtod(values, &values)));
    if (!(worst <= 1e-12))
        printf("%s %s: off by %g\n", name, options, worst);
    CU_ASSERT(worst <= 1e-12);
    schedule_close(&s);
    cJSON_Delete(o);
}

static void schedules(void)
{
    static char line[16384];
    static const char *const elsewhere[] = { "greedy", "reduce_lr_on_plateau", NULL }; /* follow a metric */
    struct hone_err err = { 0 };
    struct coverage seen = { .n = 0 };
    int cases = 0;
    FILE *f = golden("schedules.golden");
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        char *rest = line, *name = strsep(&rest, "|"), *options = strsep(&rest, "|"), *total = strsep(&rest, "|");
        CU_ASSERT_PTR_NOT_NULL_FATAL(rest);
        one_schedule(name, options, strtoll(total, NULL, 10), rest);
        note_case(&seen, registry_find(registry, HONE_SCHEDULER, name, NULL, &err), options, "r");
        cases++;
    }
    fclose(f);
    CU_ASSERT(cases >= 35);
    check_coverage(&seen, "scheduler", elsewhere, 0);
}

/* The value rises while the metric falls, falls while it does not, and stays within its bounds. */
static void greedy(void)
{
    struct hone_err err = { 0 };
    struct schedule s = { 0 };
    const struct hone_item *item = registry_find(registry, HONE_SCHEDULER, "greedy", NULL, &err);
    static const char options[] = "{\"factor\":0.5,\"max_lr\":1,\"min_lr\":0.1}";
    cJSON *o = json_parse(options, sizeof options - 1, "greedy", &err);
    const double metric[] = { 5, 4, 3, 3, 3, 3, 3, 2 }, want[] = { 0.3, 0.6, 1, 0.5, 0.25, 0.125, 0.1, 0.2 };
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    CU_ASSERT_EQUAL_FATAL(schedule_add(&s, (const struct hone_scheduler *)(const void *)item, settings(item, o), NULL, 0, &err), 0);
    CU_ASSERT_EQUAL_FATAL(schedule_start(&s, 0.3, 0, 100, &err), 0);
    for (int t = 0; t < 8; t++) {
        CU_ASSERT_EQUAL(schedule_observe(&s, t, t, metric[t], &err), 0);
        CU_ASSERT_DOUBLE_EQUAL(schedule_rate(&s, t, t), want[t], 1e-12);
    }
    schedule_close(&s);
    cJSON_Delete(o);
}

int test_parity(void)
{
    CU_pSuite s = CU_add_suite("parity", open_registry, close_registry);
    return s && CU_add_test(s, "trajectories", trajectories) && CU_add_test(s, "schedules", schedules)
           && CU_add_test(s, "greedy", greedy) ? 0 : -1;
}
