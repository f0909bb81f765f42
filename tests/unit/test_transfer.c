/* The paradigm transfer: its loss against differences, the pull against differences of its penalty, what is released when, and which
 * rows of the base are drawn. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/pool.h"
#include "core/data/split.h"
#include "core/train/plan.h"
#include "core/train/run.h"
#include "tests/unit/suites.h"

enum { ROWS = 4, WIDTH = 5 };

static float noise(int i)
{
    return (float)sin(12.9898 * i) * 2;
}

static struct hone_loss loss_of(const struct hone_paradigm *p, const void *conf, const float *scores, const float *base, const uint8_t *known,
                                float *d)
{
    static const int32_t target[ROWS] = { 2, 0, -1, 4 };
    static const float weight[ROWS] = { 1, 0.5f, 1, 2 };
    static const uint8_t feedback[ROWS] = { HONE_CORRECT, HONE_PARTIAL, HONE_CORRECT, HONE_INCORRECT };
    static const int64_t example[ROWS] = { 0, 1, 2, 3 };
    const float *reference[1] = { base };
    struct hone_rows r = { .struct_size = sizeof r, .n = ROWS, .width = WIDTH, .scores = scores, .target = target, .weight = weight,
                           .feedback = feedback, .example = example, .reference = reference, .known = known };
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(p->loss(conf, &r, &sum, d, &err), 0);
    return sum;
}

/* The gradient of the loss with these options; *distilled gets what distillation adds to the loss. */
static void check_loss(struct registry *registry, const char *options, const uint8_t *known)
{
    struct hone_err err = { 0 };
    const struct registry_plugin *from;
    const struct hone_item *item = registry_find(registry, HONE_PARADIGM, "transfer", &from, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    const struct hone_paradigm *p = (const struct hone_paradigm *)(const void *)item;
    cJSON *o = json_parse(options, strlen(options), "options", &err);
    void *conf = settings_new(item, o, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
    float scores[ROWS * WIDTH], base[ROWS * WIDTH], d[ROWS * WIDTH];
    for (int i = 0; i < ROWS * WIDTH; i++) {
        scores[i] = noise(i);
        base[i] = noise(i + 40);
    }
    struct hone_loss at = loss_of(p, conf, scores, base, known, d), told = loss_of(p, conf, scores, base, known, NULL);
    CU_ASSERT(at.loss == told.loss && at.weight == told.weight);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        const float h = 1e-2f;
        float kept = scores[i];
        scores[i] = kept + h;
        double above = loss_of(p, conf, scores, base, known, NULL).loss;
        scores[i] = kept - h;
        double below = loss_of(p, conf, scores, base, known, NULL).loss;
        scores[i] = kept;
        if (fabs((above - below) / (2 * (double)h) - (double)d[i]) > 1e-3)
            printf("\n%s: element %d: slope %g, gradient %g\n", options, i, (above - below) / (2 * (double)h), (double)d[i]);
        CU_ASSERT(fabs((above - below) / (2 * (double)h) - (double)d[i]) <= 1e-3);
    }
    settings_free(item, conf);
    cJSON_Delete(o);
}

/* Distillation towards scores that are the present ones has no gradient, and the loss is T^2 times their entropy. */
static void at_rest(struct registry *registry)
{
    struct hone_err err = { 0 };
    const struct registry_plugin *from;
    const struct hone_item *item = registry_find(registry, HONE_PARADIGM, "transfer", &from, &err);
    const struct hone_paradigm *p = (const struct hone_paradigm *)(const void *)item;
    static const uint8_t known[WIDTH] = { 1, 1, 0, 0, 0 };
    float scores[ROWS * WIDTH] = { 0 }, with[ROWS * WIDTH], without[ROWS * WIDTH];
    double loss[2];
    for (int k = 0; k < 2; k++) {
        const char *options = k ? "{\"distill\":3,\"temperature\":2}" : "{}";
        cJSON *o = json_parse(options, strlen(options), "options", &err);
        void *conf = settings_new(item, o, &err);
        loss[k] = loss_of(p, conf, scores, scores, known, k ? with : without).loss;
        settings_free(item, conf);
        cJSON_Delete(o);
    }
    CU_ASSERT(memcmp(with, without, sizeof with) == 0);
    CU_ASSERT_DOUBLE_EQUAL(loss[1] - loss[0], 4.5 * 3 * 4 * log(2), 1e-5); /* 4.5: the rows' weights */
}

static void losses(void)
{
    static const uint8_t some[WIDTH] = { 1, 0, 1, 1, 0 }, one[WIDTH] = { 0, 0, 1, 0, 0 };
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct pool *pool = pool_new(1, &err);
    struct registry *registry = registry_new(dirs, pool, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(registry);
    check_loss(registry, "{}", some);
    check_loss(registry, "{\"distill\":1}", some);
    check_loss(registry, "{\"distill\":2.5,\"temperature\":0.7,\"label_smoothing\":0}", some);
    check_loss(registry, "{\"distill\":1,\"temperature\":5}", one);
    check_loss(registry, "{\"distill\":1}", NULL);
    at_rest(registry);
    registry_free(registry);
    pool_free(pool);
}

/* ---- the pull ---- */

static void pull(void)
{
    enum { R = 3, W = 4 };
    static uint8_t some_rows[R] = { 1, 0, 1 }, columns[W] = { 1, 1, 0, 1 };
    float param[R * W], start[R * W], *starts[1] = { start };
    uint8_t *rows[1] = { some_rows };
    struct tensor t = { .ndim = 2, .dims = { R, W }, .n = R * W, .rows = R, .width = W, .param = param, .flags = HONE_W_OUTPUT_COLS };
    struct tensors ts = { .n = 1, .t = &t };
    struct optim o = { .tensors = &ts, .pull = { 0.3, starts, rows, columns } };
    for (int i = 0; i < R * W; i++) {
        param[i] = noise(i);
        start[i] = noise(i + 30);
    }
    for (int64_t r = 0; r < R; r++) {
        float g[W] = { 1, 1, 1, 1 };
        optim_pull_row(&o, 0, r, g);
        for (int k = 0; k < W; k++) {
            double off = (double)param[r * W + k] - (double)start[r * W + k], h = 1e-4;
            double slope = some_rows[r] && columns[k] ? 0.3 / 2 * ((off + h) * (off + h) - (off - h) * (off - h)) / (2 * h) : 0;
            CU_ASSERT_DOUBLE_EQUAL((double)g[k], 1 + slope, 1e-5);
        }
    }
    rows[0] = NULL;
    float g[W] = { 1, 1, 1, 1 };
    optim_pull_row(&o, 0, 0, g);
    CU_ASSERT(g[0] == 1 && g[3] == 1);
}

/* ---- release ---- */

static void release(void)
{
    struct run r = { .steps_per_epoch = 10 };
    struct tensor t[3] = { { .n = 1 }, { .n = 1 }, { .n = 1 } };
    uint8_t one = 1, *rows[3] = { &one, &one, NULL };
    r.learner.tensors = (struct tensors){ .n = 3, .t = t };
    r.start = (struct start){ .n = 3, .row = rows };
    r.plan = (struct hone_plan){ .phases = 1, .unfreeze = 0.5 };
    r.plan.phase[0].epochs = 2;
    for (r.state.step = 0; r.state.step < 20; r.state.step++) {
        plan_hold(&r);
        CU_ASSERT_EQUAL((t[0].flags & TENSOR_HELD) != 0, r.state.step < 10);
        CU_ASSERT_EQUAL((t[1].flags & TENSOR_HELD) != 0, r.state.step < 5);
        CU_ASSERT_EQUAL(t[2].flags & TENSOR_HELD, 0);
    }
    r.plan.unfreeze = 0;
    r.state.step = 0;
    plan_hold(&r);
    CU_ASSERT_EQUAL(t[0].flags & TENSOR_HELD, 0);
}

/* ---- replay ---- */

static void replay(void)
{
    char path[] = "/tmp/hone-replay-XXXXXX";
    struct hone_err err = { 0 };
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    for (int i = 0; i < 60; i++)
        fprintf(f, "{\"input\":\"text %d\",\"expected_output\":\"%c\",\"feedback\":\"%s\"}\n", i, 'a' + i % 3, i % 10 == 9 ? "incorrect" : "correct");
    fclose(f);
    struct past p = { .data = path, .format = DATA_JSONL, .split = 0.25, .seed = 5 }, unknown = { 0 };
    struct examples e, all;
    int64_t *row, n, *train, *valid, n_train, n_valid, before = -1, wrong = 0, other = 0;
    CU_ASSERT_EQUAL_FATAL(examples_read(&all, path, &(struct read_options){ .format = DATA_JSONL }, &err), 0);
    CU_ASSERT_EQUAL_FATAL(split_examples(&all, 0, 0.25, 5, &train, &n_train, &valid, &n_valid, &err), 0);
    CU_ASSERT_EQUAL_FATAL(replay_draw(&p, 20, 1, &e, &row, &n, &err), 0);
    CU_ASSERT_EQUAL(n, 20);
    for (int64_t i = 0; i < n; i++) {
        int learned = 0;
        for (int64_t k = 0; k < n_train; k++)
            learned |= train[k] == row[i];
        wrong += !learned || row[i] <= before || e.feedback[row[i]] == HONE_INCORRECT;
        before = row[i];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    int64_t *first = row;
    examples_free(&e);
    CU_ASSERT_EQUAL_FATAL(replay_draw(&p, 20, 2, &e, &row, &n, &err), 0);
    for (int64_t i = 0; i < n; i++)
        other += row[i] != first[i];
    CU_ASSERT(other > 0);
    free(row);
    free(first);
    examples_free(&e);
    CU_ASSERT_EQUAL_FATAL(replay_draw(&p, 1000, 1, &e, &row, &n, &err), 0);
    CU_ASSERT(n > 35 && n <= n_train);
    free(row);
    examples_free(&e);
    CU_ASSERT_EQUAL(replay_draw(&unknown, 5, 1, &e, &row, &n, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "are not known"));
    free(train);
    free(valid);
    examples_free(&all);
    unlink(path);
}

int test_transfer(void)
{
    CU_pSuite s = CU_add_suite("transfer", NULL, NULL);
    return s && CU_add_test(s, "losses", losses) && CU_add_test(s, "pull", pull) && CU_add_test(s, "release", release) &&
                   CU_add_test(s, "replay", replay)
               ? 0
               : -1;
}
