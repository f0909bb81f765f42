/* How often tests find a difference where there is none: the same configuration trained again and again, by the loop that jobs run, with other seeds
 * on rows drawn anew (with replacement) from the same pool, judged on rows that none was trained on. Two numbers a test: how often it is below
 * 0.05, and its bounds by chance alone. Use: null DATA TRIALS [RUNS-A-SIDE [TRAIN-ROWS [TEST-ROWS [FIRST-TRIAL]]]]. Called by null.sh. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/judge/difference.h"
#include "core/train/calibration.h"
#include "core/train/loop.h"

#define MAX_RUNS 8
#define SEED 20261126

struct world {
    struct examples all;
    struct registry *registry;
    struct pool *pool;
    int64_t runs, train, test;
    char path[64];                 /* of the test rows of a trial */
};

struct answers {
    uint8_t *right;
    double *loss;
    double accuracy;
};

static void nothing(void *arg)
{
    (void)arg;
}
static int no_progress(void *arg, const struct loop_progress *p)
{
    return (void)arg, (void)p, 0;
}
static int no_epoch(void *arg, const struct loop_epoch *e)
{
    return (void)arg, (void)e, 0;
}
static int no_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    return (void)arg, (void)d, (void)kind, (void)removed, 0;
}
static int no_rollback(void *arg, int64_t step)
{
    return (void)arg, (void)step, 0;
}
static enum loop_stop go(void *arg)
{
    return (void)arg, LOOP_GO;
}
static void warn(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

static struct example_row row_of(const struct examples *e, int64_t i)
{
    return (struct example_row){ .input = e->input[i], .answer = e->outputs.name[e->output[i]], .weight = 1, .reward = (float)NAN, .propensity = (float)NAN };
}

static void put_text(cJSON *o, const char *key, const struct hone_string *s)
{
    char *text = strndup(s->bytes, (size_t)s->len);
    json_put_str(o, key, text);
    free(text);
}

static int write_test(const struct world *w, const int64_t *row)
{
    FILE *f = fopen(w->path, "w");
    for (int64_t i = 0; f && i < w->test; i++) {
        cJSON *o = cJSON_CreateObject();
        put_text(o, "input", &w->all.input[row[i]]);
        put_text(o, "expected_output", &w->all.outputs.name[w->all.output[row[i]]]);
        char *text = json_text(o, 0);
        fprintf(f, "%s\n", text);
        free(text);
        cJSON_Delete(o);
    }
    return f && fclose(f) == 0 ? 0 : -1;
}

/* Trains on rows drawn from pool[0..n) and answers the test rows. */
static int run_one(const struct world *w, const int64_t *from, int64_t n, uint64_t seed, struct answers *a, struct hone_err *err)
{
    const struct loop_hooks hooks = { .beat = nothing, .progress = no_progress, .epoch = no_epoch, .checkpoint = no_checkpoint, .rolled_back = no_rollback,
                                      .stop = go, .warn = warn };
    struct examples rows = { 0 };
    struct held_rows h = { 0 };
    struct train_config config;
    struct config_fault fault[1];
    struct loop_result result;
    struct run r;
    char text[200];
    int faults = 0, rc = 0;
    for (int64_t i = 0; i < w->train && rc == 0; i++) {
        struct example_row row = row_of(&w->all, from[rng_below(seed, RNG_SYNTH, (uint64_t)i, (uint64_t)n)]);
        rc = examples_add(&rows, &row, err);
    }
    examples_end(&rows);
    snprintf(text, sizeof text, "{\"epochs\":3,\"seed\":%llu,\"checkpointInterval\":0,\"validationSplit\":0,\"monitor\":\"loss\",\"model\":\"linear\",\"learningRate\":0.003}", (unsigned long long)(seed & 0xffffff));
    cJSON *given = json_parse(text, strlen(text), "configuration", err);
    if (rc == 0)
        rc = config_resolve(&config, given, fault, 1, &faults, err);
    const struct run_files files = { .data = "rows", .rows = &rows, .validation = w->path, .beat = nothing };
    if (rc == 0)
        rc = run_open(&r, &config, &files, w->registry, w->pool, NULL, err);
    cJSON_Delete(given);
    examples_free(&rows);
    if (rc < 0)
        return rc;
    rc = loop_train(&r, "", NULL, NULL, &hooks, &result, err);
    float **weights = rc == 0 ? loop_served(&r, &rc, err) : NULL;
    if (rc == 0)
        rc = held_add(&h, &r, weights, 1, err);
    a->accuracy = 0;
    for (int64_t i = 0; i < h.n && rc == 0; i++) {
        double share, mass = 0;
        const float *s = h.score + h.start[i];
        int64_t width = h.start[i + 1] - h.start[i], top = calibration_top(s, width, 1, &share);
        a->right[i] = h.target[i] >= 0 && top == h.target[i];
        for (int64_t k = 0; k < width; k++)
            mass += exp((double)(s[k] - s[top]));
        a->loss[i] = h.target[i] >= 0 ? log(mass) - (double)(s[h.target[i]] - s[top]) : 10;
        a->accuracy += (double)a->right[i] / (double)h.n;
    }
    held_free(&h);
    run_close(&r);
    return rc;
}

/* Welch's test is about configurations: chance in training is part of its noise. The others are about two trained models, which do differ when
 * they learned from other rows: their null holds when each row gives its two answers (and losses) to the models by a coin. */
enum { WELCH, MCNEMAR_COIN, PERMUTATION_COIN, MCNEMAR, PERMUTATION, TESTS };
static const char *const names[] = { "Welch over runs of one configuration", "exact McNemar of two models, answers swapped by a coin",
                                     "permutation of two models' losses, swapped by a coin", "(exact McNemar of two runs as they are",
                                     "(permutation of two runs' losses as they are" };

static int trial(const struct world *w, uint64_t t, int64_t *order, struct answers *a, int found[TESTS], double *between, struct hone_err *err)
{
    double accuracy[2][MAX_RUNS], stat, df, p;
    int64_t b = 0, c = 0;
    double *d = malloc((size_t)w->test * sizeof *d);
    int rc = 0;
    for (int64_t i = 0; i < w->all.n; i++)
        order[i] = i;
    rng_shuffle(SEED + t, RNG_SYNTH, 0, order, w->all.n);
    if (!d || write_test(w, order) < 0)
        rc = hone_fail(err, HONE_EIO, "cannot write %s", w->path);
    for (int64_t r = 0; r < 2 * w->runs && rc == 0; r++) {
        rc = run_one(w, order + w->test, w->all.n - w->test, SEED + t * 100 + (uint64_t)r, &a[r % 2], err);
        accuracy[r % 2][r / 2] = a[r % 2].accuracy;
        if (r != 1)
            continue;
        for (int swap = 0; swap < 2 && rc == 0; swap++) {
            b = c = 0;
            for (int64_t i = 0; i < w->test; i++) {
                int coin = swap && rng_u64(SEED + t, RNG_PERMUTE, (uint64_t)i) & 1;
                b += a[coin].right[i] && !a[!coin].right[i];
                c += a[!coin].right[i] && !a[coin].right[i];
                d[i] = a[coin].loss[i] - a[!coin].loss[i];
            }
            found[swap ? MCNEMAR_COIN : MCNEMAR] += difference_mcnemar(b, c) < 0.05;
            rc = difference_permutation(d, w->test, 999, SEED + t, NULL, &p, err);
            found[swap ? PERMUTATION_COIN : PERMUTATION] += p < 0.05;
        }
        *between += (double)(b + c) / (double)w->test;
    }
    if (rc == 0 && w->runs > 1)
        found[WELCH] += difference_welch(accuracy[0], w->runs, accuracy[1], w->runs, &stat, &df) < 0.05;
    free(d);
    return rc;
}

/* Counts that 99.9 % of fair tests would give: 3.29 standard errors about 5 %. */
static int fair(int found, int64_t trials, double *low, double *high)
{
    double half = 3.29 * sqrt(0.05 * 0.95 / (double)trials);
    *low = fmax(0.05 - half, 0);
    *high = 0.05 + half;
    return (double)found / (double)trials >= *low && (double)found / (double)trials <= *high;
}

int main(int argc, char **argv)
{
    const char *const dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct hone_err err = { 0 };
    struct world w = { .runs = argc > 3 ? strtol(argv[3], NULL, 10) : 4, .train = argc > 4 ? strtol(argv[4], NULL, 10) : 500,
                       .test = argc > 5 ? strtol(argv[5], NULL, 10) : 300 };
    const struct read_options options = { .format = DATA_AUTO };
    int64_t trials = argc > 2 ? strtol(argv[2], NULL, 10) : 0, first = argc > 6 ? strtol(argv[6], NULL, 10) : 0, began = clock_mono_us();
    int found[TESTS] = { 0 }, bad = 0;
    double between = 0, low, high;
    if (trials < 1 || w.runs < 1 || w.runs > MAX_RUNS || examples_read(&w.all, argv[1], &options, &err) < 0 || w.all.n <= w.test) {
        fprintf(stderr, "use: null DATA TRIALS [RUNS [TRAIN [TEST]]]; %s\n", err.text);
        return 2;
    }
    snprintf(w.path, sizeof w.path, "/tmp/hone-null-%ld.jsonl", (long)getpid());
    w.pool = pool_new(1, &err);
    w.registry = w.pool ? registry_new(dirs, w.pool, &err) : NULL;
    int64_t *order = malloc((size_t)w.all.n * sizeof *order);
    struct answers a[2];
    for (int i = 0; i < 2; i++)
        a[i] = (struct answers){ malloc((size_t)w.test), malloc((size_t)w.test * sizeof(double)), 0 };
    int rc = w.registry && order ? 0 : -1;
    for (int64_t t = 0; t < trials && rc == 0; t++)
        rc = trial(&w, (uint64_t)(first + t), order, a, found, &between, &err);
    unlink(w.path);
    for (int i = 0; i < 2; i++) {
        free(a[i].right);
        free(a[i].loss);
    }
    free(order);
    registry_free(w.registry);
    pool_free(w.pool);
    examples_free(&w.all);
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    for (int k = 0; k < TESTS; k++) {
        int ok = fair(found[k], trials, &low, &high);
        if (k == WELCH && w.runs < 2)
            continue;
        printf("%s: %d of %lld below 0.05, %.3f%s\n", names[k], found[k], (long long)trials, (double)found[k] / (double)trials,
               k >= MCNEMAR ? "; they differ in truth)" : ok ? "" : ": not fair");
        bad |= k < MCNEMAR && !ok;
    }
    printf("fair tests would be within %.3f and %.3f\n", low, high);
    printf("%lld trials of 2 x %lld runs, %lld training and %lld test rows, seed %d; %.3f of the rows answered differently; %.1f s\n", (long long)trials, (long long)w.runs,
           (long long)w.train, (long long)w.test, SEED, between / (double)trials, (double)(clock_mono_us() - began) / 1e6);
    return bad;
}
