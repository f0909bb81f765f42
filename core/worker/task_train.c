/* The task "train": opens a run, waits for "go", trains it, and reports on the way. What travels is described in
 * docs/architecture.md. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/calibration.h"
#include "core/train/loop.h"
#include "core/worker/folds.h"
#include "core/worker/task.h"

static void put_real(cJSON *o, const char *key, double v)
{
    json_put(o, key, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static double memory_mb(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (double)u.ru_maxrss / 1024 : NAN;
}

/* ---- hooks of the loop ---- */

struct hook {
    struct task *task;
    const struct run *run;
};

static void on_beat(void *arg)
{
    task_beat(((struct hook *)arg)->task);
}

static void on_warn(void *arg, const char *text)
{
    (void)arg;
    log_line(LOG_WARN, "%s", text);
}

static int on_progress(void *arg, const struct loop_progress *p)
{
    struct hone_err err = { 0 };
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "epoch", p->epoch);
    json_put_int(f, "step", p->step);
    json_put_int(f, "total_steps", p->total_steps);
    put_real(f, "loss", p->loss);
    put_real(f, "learning_rate", p->rate);
    put_real(f, "gradient_norm", p->norm);
    put_real(f, "examples_per_second", p->examples_per_second);
    put_real(f, "memory_usage_mb", memory_mb());
    json_put_int(f, "token_usage", p->tokens);
    return task_send(((struct hook *)arg)->task, "progress", f, &err);
}

static int on_epoch(void *arg, const struct loop_epoch *e)
{
    struct hone_err err = { 0 };
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "epoch", e->epoch);
    json_put_int(f, "step", e->step);
    put_real(f, "loss", e->loss);
    put_real(f, "accuracy", e->accuracy);
    put_real(f, "validation_loss", e->valid_loss);
    put_real(f, "validation_accuracy", e->valid_accuracy);
    if (((struct hook *)arg)->run->writes)
        put_real(f, "nats_per_character", e->nats);
    if (e->score_name) {
        json_put_str(f, "score_name", e->score_name);
        put_real(f, "score", e->score);
        put_real(f, "validation_score", e->valid_score);
    }
    json_put_int(f, "phase", e->phase);
    put_real(f, "learning_rate", e->rate);
    put_real(f, "gradient_norm", e->norm);
    put_real(f, "examples_per_second", e->examples_per_second);
    json_put_int(f, "token_usage", e->tokens);
    put_real(f, "elapsed_ms", e->elapsed_ms);
    json_put_bool(f, "best", e->best);
    return task_send(((struct hook *)arg)->task, "epoch", f, &err);
}

static int on_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    struct hone_err err = { 0 };
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "file", d->file);
    json_put_int(f, "bytes", d->bytes);
    json_put_str(f, "sha256", d->sha256);
    json_put_int(f, "epoch", d->epoch);
    json_put_int(f, "step", d->step);
    json_put_str(f, "kind", kind);
    json_put_str(f, "removed", removed);
    return task_send(((struct hook *)arg)->task, "checkpoint", f, &err);
}

static int on_rolled_back(void *arg, int64_t step)
{
    struct hone_err err = { 0 };
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "step", step);
    return task_send(((struct hook *)arg)->task, "rollback", f, &err);
}

static enum loop_stop on_stop(void *arg)
{
    switch (task_stop_asked(((struct hook *)arg)->task)) {
    case TASK_STOP_CANCEL:
        return LOOP_STOP_CANCEL;
    case TASK_STOP_CHECKPOINT:
        return LOOP_STOP_CHECKPOINT;
    default:
        return LOOP_GO;
    }
}

/* ---- start and end ---- */

/* Fills t->details with the faults of the configuration. */
static void fault_details(struct task *t, const struct config_fault *fault, int n)
{
    t->details = cJSON_CreateArray();
    for (int i = 0; i < n; i++) {
        cJSON *d = cJSON_CreateObject();
        json_put_str(d, "path", fault[i].path);
        json_put_str(d, "message", fault[i].text);
        json_put_str(d, "fix", fault[i].fix);
        cJSON_AddItemToArray(t->details, d);
    }
}

static void beat_task(void *arg)
{
    task_beat(arg);
}

/* What the start frame knows of the base's data. */
static struct past past_of(const cJSON *base)
{
    const cJSON *d = json_get(base, "data");
    int format = data_format_of_name(json_str(d, "format", "auto")), valid = data_format_of_name(json_str(d, "validation_format", "auto"));
    return (struct past){ .data = json_str(d, "path", NULL), .validation = json_str(d, "validation", NULL),
                          .format = format < 0 ? DATA_AUTO : (enum data_format)format,
                          .validation_format = valid < 0 ? DATA_AUTO : (enum data_format)valid, .split = json_num(d, "split", 0),
                          .seed = (uint64_t)json_int(d, "seed", 0) };
}

/* Of a job that started from weights: how well its new weights answer what the base was held out from. */
static int put_forgetting(struct task *t, const char *weights, struct hone_err *err)
{
    const cJSON *base = json_get(t->start, "base");
    struct past past = past_of(base);
    struct forgetting f;
    if (!cJSON_IsObject(base) || strcmp(json_str(base, "kind", ""), "weights") != 0)
        return 0;
    t->stage = "forgetting";
    int ret = forgetting_measure(&past, t->registry, t->pool, json_str(base, "path", ""), weights, &f, err);
    cJSON *o = ret < 0 ? NULL : cJSON_CreateObject();
    if (!o)
        return ret;
    json_put_int(o, "rows", f.rows);
    json_put_int(o, "outputs", f.outputs);
    put_real(o, "before", f.why ? NAN : f.before);
    put_real(o, "after", f.why ? NAN : f.after);
    put_real(o, "change", f.why ? NAN : f.after - f.before);
    json_put_str(o, "why", f.why);
    json_put(t->result, "forgetting", o);
    return 0;
}

static struct run_files files_of(struct task *t)
{
    const cJSON *data = json_get(t->start, "data"), *base = json_get(t->start, "base");
    return (struct run_files){ .data = json_str(data, "path", NULL), .validation = json_str(data, "validation", NULL),
                               .format = (enum data_format)data_format_of_name(json_str(data, "format", "auto")),
                               .single_output = json_bool(data, "single_output", 0),
                               .base = json_str(base, "path", NULL), .base_kind = json_str(base, "kind", "weights"),
                               .base_name = json_str(base, "name", NULL), .beat = beat_task, .beat_arg = t, .past = past_of(base) };
}

static int open_run(struct task *t, struct run *r, struct hone_err *err)
{
    enum { FAULTS = 100 };
    static struct config_fault fault[FAULTS];
    struct train_config config;
    struct run_files files = files_of(t);
    int n = 0;
    t->stage = "configuration";
    int ret = config_resolve(&config, json_get(t->start, "config"), fault, FAULTS, &n, err);
    if (ret < 0) {
        fault_details(t, fault, n);
        return ret;
    }
    if (!files.data || (int)files.format < 0) {
        config_free(&config);
        return hone_fail(err, HONE_EINVAL, "the start frame names no data file, or a format that does not exist");
    }
    return run_open(r, &config, &files, t->registry, t->pool, &t->stage, err);
}

/* Puts r into the state of the checkpoint that the start frame names. *name gets the file's name. */
static int resume(struct task *t, struct run *r, const char *dir, const char **name, struct hone_err *err)
{
    const cJSON *from = json_get(t->start, "resume");
    const char *file = json_str(from, "file", NULL), *want = json_str(from, "sha256", NULL);
    char path[4200], have[65];
    *name = NULL;
    if (!file)
        return 0;
    t->stage = "checkpoint";
    snprintf(path, sizeof path, "%s/%s", dir, file);
    int ret = file_sha256(path, have, err);
    if (ret < 0)
        return ret;
    if (want && strcmp(want, have) != 0)
        return hone_fail(err, ERR_CORRUPT, "%s: its SHA-256 is %.12s..., not the %.12s... that was written", path, have, want);
    *name = file;
    return checkpoint_load(r, path, err);
}

static cJSON *metrics(double loss, double accuracy, double valid_loss, double valid_accuracy)
{
    cJSON *m = cJSON_CreateObject();
    put_real(m, "loss", loss);
    put_real(m, "accuracy", accuracy);
    put_real(m, "validation_loss", valid_loss);
    put_real(m, "validation_accuracy", valid_accuracy);
    return m;
}

/* What a paradigm chose when it learned from all rows at once. */
static void put_solved(cJSON *out, const struct run *r)
{
    const char *const *names = r->paradigm->state_names;
    if (!r->solved.weight || !names)
        return;
    cJSON *o = cJSON_CreateObject();
    for (int64_t i = 0; names[i]; i++)
        put_real(o, names[i], r->solved.state[i]);
    json_put(out, "solved", o);
}

static int report(struct task *t, struct run *r, const struct loop_result *result, const char *dir, struct hone_err *err)
{
    const struct run_state *s = &r->state;
    cJSON *out = t->result, *w = cJSON_CreateObject(), *best = cJSON_CreateObject();
    int completed = strcmp(result->status, "completed") == 0, served_best = result->served_epoch == r->stopper.best_epoch;
    char sha256[65];
    int64_t bytes;
    json_put_str(out, "status", result->status);
    json_put_str(out, "stop_reason", result->stop_reason);
    best = json_put(out, "best", best);
    json_put(out, "weights", completed ? w : cJSON_CreateNull());
    if (r->stopper.best_epoch) {
        json_put_int(best, "epoch", r->stopper.best_epoch);
        json_put(best, "metrics", metrics(s->best[0], s->best[1], s->best[2], s->best[3]));
    }
    json_put(out, "metrics", served_best && r->stopper.best_epoch
                                 ? metrics(s->best[0], s->best[1], s->best[2], s->best[3])
                                 : metrics(result->last.loss, result->last.accuracy, result->last.valid_loss,
                                           result->last.valid_accuracy));
    json_put_int(out, "served_epoch", result->served_epoch);
    json_put_int(out, "epochs_run", s->epoch);
    json_put_int(out, "steps", s->step);
    json_put_int(out, "token_usage", s->tokens);
    json_put_int(out, "divergences", s->divergences);
    json_put_num(out, "duration_ms", round(result->seconds * 1000));
    put_real(out, "memory_usage_mb", round(memory_mb() * 10) / 10);
    if (!completed) {
        cJSON_Delete(w);
        return 0;
    }
    t->stage = "weights";
    int ret = loop_weights(r, dir, sha256, &bytes, err);
    if (ret < 0)
        return ret;
    json_put_str(w, "file", "weights.safetensors");
    json_put_int(w, "bytes", bytes);
    json_put_str(w, "sha256", sha256);
    json_put(out, "calibration", calibration_json(&r->calibration));
    put_solved(out, r);
    if (r->calibration.rows && !r->calibration.reached)
        log_line(LOG_WARN, "no confidence reaches the targetPrecision %g on the %lld held-out rows; the agent refuses only what is less sure "
                 "than nearly all of its right answers", r->calibration.target, (long long)r->calibration.rows);
    char path[4200];
    snprintf(path, sizeof path, "%s/weights.safetensors", dir);
    return put_forgetting(t, path, err);
}

/* What the job keeps of the start frame's base. */
static cJSON *base_told(const struct task *t)
{
    cJSON *o = cJSON_Duplicate(json_get(t->start, "base"), 1);
    cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
    cJSON_DeleteItemFromObjectCaseSensitive(o, "path");
    cJSON_DeleteItemFromObjectCaseSensitive(data, "path");
    cJSON_DeleteItemFromObjectCaseSensitive(data, "validation");
    return o;
}

/* What follows the training of a run without held-out rows. A wish to stop ends it: paused with a checkpoint, or cancelled. */
static int calibrate(struct task *t, struct run *r, const char *dir, const struct loop_hooks *hooks, struct loop_result *result,
                     struct hone_err *err)
{
    struct run_files files = files_of(t);
    if (strcmp(result->status, "completed") != 0)
        return 0;
    t->stage = "calibration";
    int ret = folds_calibrate(t, r, &files, dir, err);
    if (ret <= 0)
        return ret;
    if (task_stop_asked(t) == TASK_STOP_CANCEL) {
        result->status = result->stop_reason = "cancelled";
        return 0;
    }
    result->status = "paused";
    result->stop_reason = NULL;
    return loop_interrupt(r, dir, hooks, err);
}

static int train(struct task *t, struct run *r, const char *dir, struct hone_err *err)
{
    struct hook hook = { .task = t, .run = r };
    struct loop_hooks hooks = { .arg = &hook, .beat = on_beat, .progress = on_progress, .epoch = on_epoch, .checkpoint = on_checkpoint,
                                .rolled_back = on_rolled_back, .stop = on_stop, .warn = on_warn };
    struct loop_result result;
    const char *resumed;
    cJSON *ready = NULL;
    int ret = resume(t, r, dir, &resumed, err);
    if (ret < 0)
        return ret;
    t->stage = "ready";
    double step = -1;
    if (!resumed && (ret = loop_probe(r, &step, err)) < 0)
        return ret;
    ready = run_describe(r);
    if (step >= 0)
        json_put_num(cJSON_GetObjectItemCaseSensitive(ready, "estimates"), "estimated_duration_ms",
                     ceil(step * 1000 * (double)r->total_steps));
    else
        json_put(cJSON_GetObjectItemCaseSensitive(ready, "estimates"), "estimated_duration_ms", cJSON_CreateNull());
    if (cJSON_IsObject(json_get(t->start, "base")))
        json_put(cJSON_GetObjectItemCaseSensitive(ready, "data"), "base", base_told(t));
    ret = task_ready(t, ready, err);
    if (ret < 0)
        return ret;
    t->stage = "training";
    ret = loop_train(r, dir, resumed, json_str(json_get(t->start, "resume"), "older", NULL), &hooks, &result, err);
    if (!ret)
        ret = calibrate(t, r, dir, &hooks, &result, err);
    return ret < 0 ? ret : report(t, r, &result, dir, err);
}

int task_train(struct task *t, struct hone_err *err)
{
    struct run r;
    const char *dir = json_str(t->start, "job_dir", NULL);
    if (!dir)
        return hone_fail(err, HONE_EINVAL, "the start frame names no job_dir");
    int ret = open_run(t, &r, err);
    if (ret < 0)
        return ret;
    ret = train(t, &r, dir, err);
    run_close(&r);
    return ret;
}
