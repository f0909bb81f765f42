/* Whole runs, stopped after every one of their steps and resumed from the checkpoint, end in the weights of the run that was not
 * stopped: for every optimizer of the shelf, weight averaging, clipping, settings by tensor, phases and references, answers that are drawn or come in
 * pairs. The same bits for 1, 2, 4 and 8 threads. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/train/loop.h"
#include "core/train/plan.h"
#include "tests/unit/suites.h"

static char dir[64], data[96], old[96];
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
    snprintf(old, sizeof old, "%s/old.jsonl", dir);
    FILE *o = fopen(old, "w");
    for (int i = 0; o && i < 40; i++)
        fprintf(o, "{\"input\":\"the %s of my %s\",\"expected_output\":\"%s\"}\n", words[i % 7], words[(i * 3 + i / 8) % 8], i % 4 ? answers[i % 2] : "other");
    if (!o || fclose(o) != 0)
        return -1;
    FILE *f = fopen(data, "w");
    for (int i = 0; f && i < 30; i++)
        fprintf(f, "{\"input\":\"my %s and the %s number %d\",\"expected_output\":\"%s\",\"rejected\":\"%s\",\"metadata\":{\"reward\":%d,\"propensity\":0.%d}}\n",
                words[i % 8], words[(i * 5 + i / 8) % 8], i, answers[i % 3], answers[(i + 1) % 3], i % 7 < 3, i % 9 + 1);
    return f && fclose(f) == 0 ? 0 : -1;
}

static int remove_data(void)
{
    char path[160];
    snprintf(path, sizeof path, "%s/weights.safetensors", dir);
    unlink(path);
    unlink(data);
    unlink(old);
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

static int on_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    struct rig *rig = arg;
    (void)kind, (void)removed;
    snprintf(rig->file, sizeof rig->file, "%s", d->file);
    return 0;
}

static const char *based; /* what runs start from, where not NULL */
static const struct hone_paradigm *instead; /* of the configured paradigm, where not NULL */

static int put_paradigm(struct run *r, struct hone_err *err)
{
    settings_free(&r->paradigm->item, r->paradigm_conf);
    r->paradigm_conf = NULL;
    r->paradigm = instead;
    int ret = plan_open(r, err);
    return ret ? ret : plan_start(r, err);
}

static int open_rig(struct rig *rig, const char *optimizer, const char *more, int threads, struct hone_err *err)
{
    char text[600];
    struct train_config config;
    struct config_fault fault[8];
    int n;
    *rig = (struct rig){ 0 };
    snprintf(text, sizeof text, "{\"optimizer\":\"%s\",%s%s\"checkpointInterval\":0,\"validationSplit\":0.2%s%s}",
             optimizer, strstr(more, "\"epochs\"") ? "" : "\"epochs\":2,", strstr(more, "\"batchSize\"") ? "" : "\"batchSize\":8,",
             *more ? "," : "", more);
    cJSON *given = json_parse(text, strlen(text), "configuration", err);
    rig->pool = pool_new(threads, err);
    rig->registry = rig->pool ? registry_new(dirs, rig->pool, err) : NULL;
    int ret = rig->registry ? config_resolve(&config, given, fault, 8, &n, err) : -1;
    struct run_files files = { .data = data, .format = DATA_AUTO, .beat = no_beat };
    if (based) {
        files.base = based;
        files.base_kind = "weights";
        files.past = (struct past){ .data = old, .format = DATA_AUTO, .split = 0.2, .seed = 42 };
    }
    if (!ret)
        ret = run_open(&rig->run, &config, &files, rig->registry, rig->pool, NULL, err);
    if (!ret && instead)
        ret = put_paradigm(&rig->run, err);
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
    struct loop_hooks hooks = { .arg = rig, .checkpoint = on_checkpoint, .pause_at = rig->pause_at };
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
        { "sgd", "\"learningRate\":1,\"trainingType\":\"few_shot\"" },
        { "sgd", "\"learningRate\":1,\"trainingType\":\"few_shot\",\"paradigmOptions\":{\"solve\":false}" },
        { "sgd", "\"trainingType\":\"few_shot\",\"epochs\":1,\"paradigmOptions\":{\"fine_tune\":false}" },
        { "adam", "\"trainingType\":\"few_shot\",\"model\":\"bow\",\"weightAveraging\":\"ema\"" },
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

/* ---- a paradigm that uses all of hone_plan ---- */

enum { REF_START, REF_EPOCHS, REF_STEPS, REF_PHASE, REFS };

/* What loss() and observe() saw; looked at with one thread only. */
static struct {
    int on, rows, full, wrong;
} seen;

static void look(const struct hone_rows *r)
{
    const float *first = r->reference[REF_START], *epoch = r->reference[REF_EPOCHS], *step = r->reference[REF_STEPS];
    int fresh = r->step % 3 == 0; /* three steps an epoch */
    for (int64_t k = 0; k < r->n * r->width; k++) {
        int restarted = r->step % 3 == 0 && r->epoch < 2;
        seen.wrong += first[k] != 0; /* the start of the model is zero */
        seen.wrong += restarted && r->scores[k] != 0;
        seen.wrong += fresh && epoch[k] != r->scores[k];
        seen.wrong += r->step % 3 % 2 == 0 && r->epoch < 2 && step[k] != r->scores[k]; /* every second step, from the start of a phase */
    }
    seen.wrong += (r->reference[REF_PHASE] != NULL) != (r->epoch > 0) || r->phase != r->epoch;
    seen.rows += (int)r->n;
}

/* Squared distances to one-hot targets and to the scores of the references. */
static int pulled_loss(const void *conf, const struct hone_rows *r, struct hone_loss *sum, float *d, struct hone_err *err)
{
    (void)conf, (void)err;
    if (seen.on && r->flags & HONE_ROWS_TRAIN)
        look(r);
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t k = 0; k < r->width; k++) {
            int64_t at = i * r->width + k;
            double slope = 0;
            for (int j = -1; j < (int)REFS; j++) {
                double want = j < 0 ? k == r->target[i] : r->reference[j] ? (double)r->reference[j][at] : (double)r->scores[at];
                double off = (double)r->scores[at] - want, share = j < 0 ? 1 : 0.05 * (j + 1);
                sum->loss += share * off * off;
                slope += 2 * share * off;
            }
            if (d)
                d[at] = (float)slope;
        }
    sum->weight += (double)r->n;
    sum->score += (double)r->n * 3;
    sum->scored += (double)r->n;
    return 0;
}

static int pulled_observe(const void *conf, const struct hone_rows *r, double *state, struct hone_err *err)
{
    (void)conf, (void)state, (void)err;
    seen.full += (int)r->n;
    for (int64_t k = 0; k < r->n * r->width && seen.on; k++)
        seen.wrong += r->reference[REF_START][k] != 0;
    return 0;
}

static int pulled_plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    (void)conf, (void)epochs, (void)err;
    p->phases = 3;
    p->phase[0].epochs = p->phase[1].epochs = 1;
    p->phase[1].flags = HONE_PHASE_RESTART;
    p->references = REFS;
    p->reference[REF_EPOCHS] = (struct hone_reference){ .source = HONE_REF_EPOCHS, .at = 1 };
    p->reference[REF_STEPS] = (struct hone_reference){ .source = HONE_REF_STEPS, .at = 2 };
    p->reference[REF_PHASE] = (struct hone_reference){ .source = HONE_REF_PHASE, .at = 0 };
    p->score_name = "three";
    return 0;
}

static const struct hone_paradigm pulled = {
    .item = HONE_ITEM_PLAIN(struct hone_paradigm, HONE_PARADIGM, "pulled", "pulled to references", NULL, 0),
    .loss = pulled_loss, .observe = pulled_observe, .plan = pulled_plan,
};

static void phases_and_references(void)
{
    static const struct {
        const char *optimizer, *more;
    } rows[] = {
        { "adam", "\"epochs\":3" },
        { "sgd", "\"epochs\":4,\"learningRate\":0.1,\"restoreBest\":false" },
        { "schedule_free_sgd", "\"epochs\":3,\"learningRate\":0.1" },
        { "adam", "\"epochs\":3,\"weightAveraging\":\"ema\",\"warmupRatio\":0.5" },
        { "sgd", "\"epochs\":3,\"learningRate\":0.1,\"schedulerType\":\"reduce_lr_on_plateau\",\"gradientAccumulation\":2" },
        { "sam", "\"epochs\":3,\"model\":\"bow\"" },
    };
    char sha[65];
    instead = &pulled;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        stop_everywhere(rows[i].optimizer, rows[i].more, sha);
    instead = NULL;
}

/* Each row ends in other weights than the ones before. */
static void every_algorithm(void)
{
    static const char *const options[] = {
        "\"algorithm\":\"reinforce\"", "\"algorithm\":\"reinforce\",\"baseline\":\"mean\",\"entropy_weight\":0.01",
        "\"algorithm\":\"reinforce\",\"kl_weight\":0.5", "\"algorithm\":\"ppo\"", "\"algorithm\":\"ppo\",\"rollout_epochs\":2,\"clip\":0.001",
        "\"algorithm\":\"ppo\",\"rollout_steps\":2", "\"algorithm\":\"ips\"", "\"algorithm\":\"ips\",\"objective\":\"log\"",
        "\"algorithm\":\"snips\"", "\"algorithm\":\"snips\",\"objective\":\"log\",\"kl_weight\":0.1", "\"algorithm\":\"dm\"",
        "\"algorithm\":\"dm\",\"reward_model\":\"independent\"", "\"algorithm\":\"dm\",\"reward_model\":\"linear\"", "\"algorithm\":\"mtr\"",
        "\"algorithm\":\"dr\"", "\"algorithm\":\"dr\",\"weight_clip\":2", "\"algorithm\":\"dm\",\"rewards\":\"labels\",\"explore\":\"squarecb\"",
        "\"algorithm\":\"mtr\",\"rewards\":\"labels\",\"explore\":\"epsilon_greedy\"",
        "\"algorithm\":\"dm\",\"rewards\":\"labels\",\"explore\":\"epsilon_greedy\",\"balance\":0.5",
    };
    enum { ROWS = sizeof options / sizeof options[0] };
    static char sha[ROWS][65];
    for (int i = 0; i < ROWS; i++) {
        char more[300];
        snprintf(more, sizeof more, "\"trainingType\":\"reinforcement\",\"learningRate\":0.05,\"restoreBest\":false,\"paradigmOptions\":{%s}", options[i]);
        stop_everywhere("adam", more, sha[i]);
        for (int k = 0; k < i; k++)
            if (strcmp(sha[i], sha[k]) == 0)
                complain("adam", more, "makes no difference to row", k, options[k]);
    }
}

static void what_is_seen(void)
{
    struct hone_err err = { 0 };
    char sha[65];
    int64_t steps = 0;
    instead = &pulled;
    memset(&seen, 0, sizeof seen);
    seen.on = 1;
    CU_ASSERT_EQUAL(whole("adam", "\"epochs\":3,\"batchSize\":4,\"gradientAccumulation\":2,\"model\":\"linear\"", 1, sha, &steps, &err), 0);
    CU_ASSERT_EQUAL(steps, 9); /* 24 training rows, 8 a step, 3 epochs */
    CU_ASSERT_EQUAL(seen.rows, 72);
    CU_ASSERT_EQUAL(seen.full, 72); /* once with all rows of a step */
    CU_ASSERT_EQUAL(seen.wrong, 0);
    CU_ASSERT(whole("adam", "\"epochs\":2", 1, sha, &steps, &err) < 0); /* three phases */
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "too few epochs"));
    seen.on = 0;
    instead = NULL;
}

/* ---- from a base ---- */

/* Weights of a run over `old`, in *path. */
static int make_base(const char *model, char path[160])
{
    struct hone_err err = { 0 };
    char from[160], sha[65], more[80], kept[96];
    int64_t steps;
    snprintf(kept, sizeof kept, "%s", data);
    snprintf(data, sizeof data, "%s", old);
    snprintf(more, sizeof more, "\"model\":\"%s\"", model);
    int ret = whole("adam", more, 1, sha, &steps, &err);
    snprintf(data, sizeof data, "%s", kept);
    snprintf(from, sizeof from, "%s/weights.safetensors", dir);
    snprintf(path, 160, "%s/base-%s.safetensors", dir, model);
    return ret ? ret : rename(from, path);
}

#define TRANSFER "\"trainingType\":\"transfer\",\"paradigmOptions\":"

/* Each row differs from those above of the same model. */
static void from_a_base(void)
{
    static const struct {
        const char *model, *optimizer, *more;
    } rows[] = {
        { "bow", "adam", "\"seed\":42" },
        { "bow", "adam", TRANSFER "{\"pull\":0.5}" },
        { "bow", "adam", TRANSFER "{\"unfreeze\":0.8}" },
        { "bow", "adam", TRANSFER "{\"distill\":2}" },
        { "bow", "adam", TRANSFER "{\"replay\":12}" },
        { "bow", "sgd", TRANSFER "{\"pull\":0.5},\"learningRate\":0.5,\"maxGradNorm\":1" },
        { "linear", "adam", TRANSFER "{\"replay\":12,\"distill\":1,\"pull\":0.1},\"weightAveraging\":\"ema\"" },
        { "linear", "sgd", TRANSFER "{\"pull\":0.1,\"unfreeze\":0.5},\"learningRate\":1" },
        { "linear", "lamb", TRANSFER "{\"pull\":0.1},\"tensorOptions\":{\"bias\":{\"learningRate\":0.1}}" },
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static char sha[ROWS][65];
    char path[2][160];
    CU_ASSERT_EQUAL_FATAL(make_base("bow", path[0]), 0);
    CU_ASSERT_EQUAL_FATAL(make_base("linear", path[1]), 0);
    for (int i = 0; i < ROWS; i++) {
        based = path[strcmp(rows[i].model, "linear") == 0];
        stop_everywhere(rows[i].optimizer, rows[i].more, sha[i]);
        for (int k = 0; k < i; k++)
            if (strcmp(sha[i], sha[k]) == 0)
                complain(rows[i].optimizer, rows[i].more, "makes no difference to row", k, rows[k].more);
    }
    struct hone_err err = { 0 };
    char ignored[65];
    int64_t steps;
    CU_ASSERT(whole("lbfgs", TRANSFER "{\"pull\":0.1}", 1, ignored, &steps, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "set pull to 0"));
    based = NULL;
    CU_ASSERT(whole("adam", TRANSFER "{}", 1, ignored, &steps, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "needs a base"));
    unlink(path[0]);
    unlink(path[1]);
}

#define WRITER "\"model\":\"transformer\",\"modelOptions\":{\"layers\":1,\"width\":16,\"heads\":2,\"context\":48,\"vocab\":258}"

/* Whole answers of a model that writes; each row differs from those above. */
static void whole_answers(void)
{
    static const char *const rows[] = {
        "\"trainingType\":\"supervised\"", "\"trainingType\":\"dpo\",\"batchSize\":6", "\"trainingType\":\"dpo\",\"batchSize\":3,\"gradientAccumulation\":2",
        "\"trainingType\":\"dpo\",\"paradigmOptions\":{\"beta\":1,\"flipped\":0.2}",
        "\"trainingType\":\"reinforcement\",\"paradigmOptions\":{\"algorithm\":\"reinforce\",\"answer_tokens\":6}",
        "\"trainingType\":\"reinforcement\",\"paradigmOptions\":{\"algorithm\":\"reinforce\",\"answer_tokens\":6,\"baseline\":\"others\",\"kl_weight\":0.1}",
        "\"trainingType\":\"supervised\",\"modelOptions\":{\"dropout\":0.2},\"batchSize\":3,\"gradientAccumulation\":2",
        ("\"trainingType\":\"reinforcement\",\"modelOptions\":{\"dropout\":0.2},\"paradigmOptions\":{\"algorithm\":\"reinforce\",\"answer_tokens\":6,"
         "\"reward\":\"edit_similarity\"}"),
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static char sha[ROWS][65];
    struct hone_err err = { 0 };
    char from[160], path[160], more[400];
    int64_t steps;
    snprintf(from, sizeof from, "%s/weights.safetensors", dir);
    snprintf(path, sizeof path, "%s/writer.safetensors", dir);
    CU_ASSERT_EQUAL_FATAL(whole("adam", WRITER ",\"learningRate\":0.01,\"epochs\":6", 1, sha[0], &steps, &err), 0);
    CU_ASSERT_EQUAL_FATAL(rename(from, path), 0);
    based = path;
    for (int i = 0; i < ROWS; i++) {
        snprintf(more, sizeof more, "\"learningRate\":0.002,\"restoreBest\":false,%s", rows[i]);
        stop_everywhere("adamw", more, sha[i]);
        for (int k = 0; k < i; k++)
            if (strcmp(sha[i], sha[k]) == 0)
                complain("adamw", more, "makes no difference to row", k, rows[k]);
    }
    based = NULL;
    CU_ASSERT(whole("adam", WRITER ",\"trainingType\":\"dpo\"", 1, sha[0], &steps, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "needs a base"));
    CU_ASSERT(whole("adam", "\"trainingType\":\"dpo\",\"model\":\"linear\"", 1, sha[0], &steps, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "whole answers"));
    unlink(path);
}

static struct { float score[8]; int n; } drops;

static int dropped_loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    (void)conf, (void)err;
    out->weight = 1;
    if (!d_scores)
        return 0;
    memset(d_scores, 0, (size_t)(r->n * r->width) * sizeof *d_scores);
    if (drops.n < 8)
        drops.score[drops.n++] = r->scores[0];
    return 0;
}

static const struct hone_paradigm dropped = {
    .item = HONE_ITEM_PLAIN(struct hone_paradigm, HONE_PARADIGM, "dropped", "looks at scores and learns nothing", NULL, 0), .loss = dropped_loss,
};

/* One text, again and again, with weights that stand still: each batch of each step leaves out other numbers, the same ones in each run. */
static void dropout_by_batch(void)
{
    struct hone_err err = { 0 };
    char kept[96], sha[65];
    float first[8];
    int64_t steps;
    snprintf(kept, sizeof kept, "%s", data);
    snprintf(data, sizeof data, "%s/same.jsonl", dir);
    FILE *f = fopen(data, "w");
    for (int i = 0; f && i < 6; i++)
        fprintf(f, "{\"input\":\"is it here\",\"expected_output\":\"no\"}\n");
    CU_ASSERT_FATAL(f && fclose(f) == 0);
    instead = &dropped;
    for (int run = 0; run < 2; run++) {
        drops.n = 0;
        CU_ASSERT_EQUAL(whole("sgd", "\"model\":\"transformer\",\"epochs\":1,\"batchSize\":1,\"gradientAccumulation\":2,"
                              "\"modelOptions\":{\"layers\":1,\"width\":16,\"heads\":2,\"context\":48,\"vocab\":258,\"dropout\":0.3}",
                              1 + run, sha, &steps, &err), 0);
        CU_ASSERT(drops.n >= 4 && steps * 2 >= drops.n);
        for (int i = 0; i < drops.n; i++)
            for (int k = 0; k < i; k++)
                CU_ASSERT_NOT_EQUAL(drops.score[i], drops.score[k]);
        if (run)
            CU_ASSERT(memcmp(first, drops.score, sizeof first) == 0);
        memcpy(first, drops.score, sizeof first);
    }
    instead = NULL;
    unlink(data);
    snprintf(data, sizeof data, "%s", kept);
}

int test_resume(void)
{
    CU_pSuite s = CU_add_suite("resume", make_data, remove_data);
    if (!s || !CU_add_test(s, "every optimizer, stopped at every step", every_optimizer) ||
        !CU_add_test(s, "averaging, clipping and settings by tensor", features) ||
        !CU_add_test(s, "from a base", from_a_base) || !CU_add_test(s, "whole answers", whole_answers) ||
        !CU_add_test(s, "dropout by batch", dropout_by_batch) ||
        !CU_add_test(s, "phases and references", phases_and_references) || !CU_add_test(s, "reinforcement", every_algorithm) || !CU_add_test(s, "what a planned loss sees", what_is_seen))
        return -1;
    return 0;
}
