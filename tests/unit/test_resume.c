/* Whole runs, stopped after every one of their steps and resumed from the checkpoint, end in the weights of the run that was not
 * stopped: for every optimizer of the shelf, weight averaging, clipping and settings by tensor. The same bits for 1, 2, 4 and 8 threads. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/train/loop.h"
#include "tests/unit/suites.h"

static char dir[64], data[96];
static const char *dirs[] = { NULL, NULL };

static int make_data(void)
{
    static const char *const words[] = { "invoice", "parcel", "password", "kettle", "refund", "battery", "courier", "login" };
    static const char *const answers[] = { "billing", "delivery", "account" };
    snprintf(dir, sizeof dir, "/tmp/hone-resume-XXXXXX");
    dirs[0] = getenv("HONE_PLUGIN_PATH");
    if (!dirs[0] || !mkdtemp(dir))
        return -1;
    snprintf(data, sizeof data, "%s/rows.jsonl", dir);
    FILE *f = fopen(data, "w");
    for (int i = 0; f && i < 30; i++)
        fprintf(f, "{\"input\":\"my %s and the %s number %d\",\"expected_output\":\"%s\"}\n", words[i % 8], words[(i * 5 + i / 8) % 8], i,
                answers[i % 3]);
    return f && fclose(f) == 0 ? 0 : -1;
}

static int remove_data(void)
{
    char path[160];
    snprintf(path, sizeof path, "%s/weights.safetensors", dir);
    unlink(path);
    unlink(data);
    return rmdir(dir);
}

/* ---- one run ---- */

struct rig {
    struct run run;
    struct registry *registry;
    struct pool *pool;
    int64_t pause_at;            /* step, 0: never */
    char file[64];               /* the newest checkpoint */
};

static void no_beat(void *arg)
{
    (void)arg;
}

static int no_progress(void *arg, const struct loop_progress *p)
{
    (void)arg, (void)p;
    return 0;
}

static int no_epoch(void *arg, const struct loop_epoch *e)
{
    (void)arg, (void)e;
    return 0;
}

static int no_rollback(void *arg, int64_t step)
{
    (void)arg, (void)step;
    return 0;
}

static void no_warning(void *arg, const char *text)
{
    (void)arg, (void)text;
}

static int on_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    struct rig *rig = arg;
    (void)kind, (void)removed;
    snprintf(rig->file, sizeof rig->file, "%s", d->file);
    return 0;
}

static enum loop_stop never(void *arg)
{
    (void)arg;
    return LOOP_GO;
}

static int open_rig(struct rig *rig, const char *optimizer, const char *more, int threads, struct hone_err *err)
{
    char text[600];
    struct train_config config;
    struct config_fault fault[8];
    int n;
    *rig = (struct rig){ 0 };
    snprintf(text, sizeof text, "{\"optimizer\":\"%s\",\"epochs\":2,\"batchSize\":8,\"checkpointInterval\":0,\"validationSplit\":0.2%s%s}",
             optimizer, *more ? "," : "", more);
    cJSON *given = json_parse(text, strlen(text), "configuration", err);
    rig->pool = pool_new(threads, err);
    rig->registry = rig->pool ? registry_new(dirs, rig->pool, err) : NULL;
    int ret = rig->registry ? config_resolve(&config, given, fault, 8, &n, err) : -1;
    struct run_files files = { .data = data, .format = DATA_AUTO, .beat = no_beat };
    if (!ret)
        ret = run_open(&rig->run, &config, &files, rig->registry, rig->pool, NULL, err);
    cJSON_Delete(given);
    return ret;
}

static void close_rig(struct rig *rig)
{
    run_close(&rig->run);
    registry_free(rig->registry);
    pool_free(rig->pool);
}

/* Trains on; the weights' SHA-256 goes to sha when the run came to its end. */
static int train(struct rig *rig, const char *resumed, char sha[65], struct hone_err *err)
{
    struct loop_hooks hooks = { .arg = rig, .beat = no_beat, .progress = no_progress, .epoch = no_epoch, .checkpoint = on_checkpoint,
                                .rolled_back = no_rollback, .stop = never, .warn = no_warning, .pause_at = rig->pause_at };
    struct loop_result result;
    int64_t bytes;
    int ret = loop_train(&rig->run, dir, resumed, NULL, &hooks, &result, err);
    if (!ret && strcmp(result.status, "completed") == 0)
        ret = loop_weights(&rig->run, dir, sha, &bytes, err);
    return ret;
}

static int whole(const char *optimizer, const char *more, int threads, char sha[65], int64_t *steps, struct hone_err *err)
{
    struct rig rig;
    int ret = open_rig(&rig, optimizer, more, threads, err);
    if (!ret)
        ret = train(&rig, NULL, sha, err);
    *steps = rig.run.state.step;
    close_rig(&rig);
    return ret;
}

static int in_two(const char *optimizer, const char *more, int64_t at, char sha[65], struct hone_err *err)
{
    struct rig rig;
    char file[64] = "", path[160];
    int ret = open_rig(&rig, optimizer, more, 1, err);
    rig.pause_at = at;
    if (!ret)
        ret = train(&rig, NULL, sha, err);
    snprintf(file, sizeof file, "%s", rig.file);
    snprintf(path, sizeof path, "%s/%s", dir, file);
    close_rig(&rig);
    if (!ret)
        ret = open_rig(&rig, optimizer, more, 1, err);
    if (!ret)
        ret = checkpoint_load(&rig.run, path, err);
    if (!ret)
        ret = train(&rig, file, sha, err);
    close_rig(&rig);
    unlink(path);
    return ret;
}

/* ---- tests ---- */

static void complain(const char *optimizer, const char *more, const char *what, int64_t at, const char *text)
{
    printf("\n%s {%s}: %s %lld: %s\n", optimizer, more, what, (long long)at, text);
    CU_FAIL("a run does not end in the same weights");
}

/* sha: of the run in one go, with one thread. */
static void stop_everywhere(const char *optimizer, const char *more, char sha[65])
{
    struct hone_err err = { 0 };
    char other[65];
    int64_t steps = 0, ignored;
    if (whole(optimizer, more, 1, sha, &steps, &err) < 0) {
        complain(optimizer, more, "whole run, step", steps, err.text);
        return;
    }
    CU_ASSERT(steps >= 2);
    for (int64_t at = 1; at < steps; at++) {
        memset(other, 0, sizeof other);
        if (in_two(optimizer, more, at, other, &err) < 0 || strcmp(sha, other) != 0)
            complain(optimizer, more, "stopped at step", at, *err.text ? err.text : "other weights");
    }
    for (int threads = 2; threads <= 8; threads *= 2) {
        memset(other, 0, sizeof other);
        if (whole(optimizer, more, threads, other, &ignored, &err) < 0 || strcmp(sha, other) != 0)
            complain(optimizer, more, "threads", threads, *err.text ? err.text : "other weights");
    }
}

static void every_optimizer(void)
{
    struct hone_err err = { 0 };
    char sha[65];
    int tried = 0;
    cJSON *described = registry_describe(dirs, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(described);
    const cJSON *file, *item;
    cJSON_ArrayForEach(file, described) {
        const cJSON *items = json_get(file, "items");
        cJSON_ArrayForEach(item, items) {
            if (strcmp(json_str(item, "kind", ""), "optimizer") != 0)
                continue;
            stop_everywhere(json_str(item, "name", ""), "", sha);
            tried++;
        }
    }
    CU_ASSERT(tried >= 38);
    cJSON_Delete(described);
}

/* Each row differs from plain training with the optimizer, and from the others. */
static void features(void)
{
    static const struct {
        const char *optimizer, *more;
    } rows[] = {
        { "adam", "" },
        { "adam", "\"weightAveraging\":\"ema\",\"averagingDecay\":0.9" },
        { "adam", "\"weightAveraging\":\"ema\",\"averagingDecay\":0.5" },
        { "adam", "\"weightAveraging\":\"swa\",\"averagingStart\":0.1,\"restoreBest\":false" },
        { "adam", "\"tensorOptions\":{\"bias\":{\"learningRate\":0.1}}" },
        { "adam", "\"tensorOptions\":{\"bias\":{\"freeze\":true}}" },
        { "adamw", "\"tensorOptions\":{\"*\":{\"weightDecay\":0.5}}" },
        { "adamw", "\"weightDecay\":0" },
        { "sgd", "\"learningRate\":1" },
        { "sgd", "\"learningRate\":1,\"maxGradNorm\":0.01" },
        { "sgd", "\"learningRate\":1,\"maxGradValue\":0.001" },
        { "sgd", "\"learningRate\":1,\"maxTensorGradNorm\":0.01" },
        { "sgd", "\"learningRate\":1,\"adaptiveGradClip\":0.01" },
        { "sgd", "\"learningRate\":1,\"gradientAccumulation\":2" },
        { "lookahead", "\"tensorOptions\":{\"bias\":{\"learningRate\":0.1}},\"weightAveraging\":\"ema\"" },
        { "lbfgs", "\"maxTensorGradNorm\":0.001" },
        { "sgd", "\"schedulerType\":\"sequence\",\"schedulerOptions\":{\"schedulers\":[\"reduce_lr_on_plateau\",\"cosine\"],\"milestones\":[3]}" },
        { "keras:rmsprop", "" },
        { "rmsprop", "" },
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static char sha[ROWS][65];
    for (int i = 0; i < ROWS; i++) {
        stop_everywhere(rows[i].optimizer, rows[i].more, sha[i]);
        for (int k = 0; k < i; k++)
            if (strcmp(sha[i], sha[k]) == 0)
                complain(rows[i].optimizer, rows[i].more, "makes no difference to row", k, rows[k].more);
    }
}

int test_resume(void)
{
    CU_pSuite s = CU_add_suite("resume", make_data, remove_data);
    if (!s || !CU_add_test(s, "every optimizer, stopped at every step", every_optimizer) ||
        !CU_add_test(s, "averaging, clipping and settings by tensor", features))
        return -1;
    return 0;
}
