/* The task "bench": trains with several optimizers on the same data and measures their speed. Keeps nothing. Called by main.c for
 * `hone plugin bench`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/loop.h"
#include "core/worker/bench_speed.h"
#include "core/worker/task.h"

struct bench {
    struct task *task;
    cJSON *losses, *accuracies;  /* of the run that is being trained, one an epoch */
};

static cJSON *real(double v)
{
    return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull();
}

/* ---- hooks of the loop ---- */

static void on_beat(void *arg)
{
    task_beat(((struct bench *)arg)->task);
}

static int on_progress(void *arg, const struct loop_progress *p)
{
    (void)arg, (void)p;
    return 0;
}

static int on_epoch(void *arg, const struct loop_epoch *e)
{
    struct bench *b = arg;
    cJSON_AddItemToArray(b->losses, real(isfinite(e->valid_loss) ? e->valid_loss : e->loss));
    cJSON_AddItemToArray(b->accuracies, real(isfinite(e->valid_accuracy) ? e->valid_accuracy : e->accuracy));
    return 0;
}

static int on_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    (void)arg, (void)d, (void)kind, (void)removed;
    return 0;
}

static int on_rolled_back(void *arg, int64_t step)
{
    (void)arg, (void)step;
    return 0;
}

static enum loop_stop on_stop(void *arg)
{
    return task_stop_asked(((struct bench *)arg)->task) == TASK_RUN ? LOOP_GO : LOOP_STOP_CANCEL;
}

static void on_warn(void *arg, const char *text)
{
    (void)arg, (void)text;
}

/* ---- one optimizer ---- */

/* The run's configuration: that of all, the optimizer's name, and for the first what was set for it alone. No checkpoints. */
static cJSON *config_of(const struct task *t, const char *name, int first)
{
    cJSON *c = cJSON_Duplicate(json_get(t->start, "config"), 1);
    const cJSON *v, *own = first ? json_get(t->start, "own") : NULL;
    json_put_str(c, "optimizer", name);
    json_put_int(c, "checkpointInterval", 0);
    cJSON_ArrayForEach(v, own)
        json_put(c, v->string, cJSON_Duplicate(v, 1));
    return c;
}

static int open_run(struct task *t, const char *name, int first, struct run *r, struct hone_err *err)
{
    struct train_config config;
    struct config_fault fault[4];
    int n = 0;
    cJSON *given = config_of(t, name, first);
    struct run_files files = { .data = json_str(t->start, "data", ""), .format = DATA_AUTO };
    int ret = config_resolve(&config, given, fault, 4, &n, err);
    cJSON_Delete(given);
    return ret < 0 ? ret : run_open(r, &config, &files, t->registry, t->pool, NULL, err);
}

static void put_best(cJSON *row, const struct run *r, const struct bench *b)
{
    int n = cJSON_GetArraySize(b->losses), at = r->stopper.best_epoch > 0 ? (int)r->stopper.best_epoch - 1 : n - 1;
    const cJSON *loss = cJSON_GetArrayItem(b->losses, at), *accuracy = cJSON_GetArrayItem(b->accuracies, at);
    json_put(row, "loss", loss ? cJSON_Duplicate(loss, 1) : cJSON_CreateNull());
    json_put(row, "accuracy", accuracy ? cJSON_Duplicate(accuracy, 1) : cJSON_CreateNull());
    json_put_int(row, "best_epoch", at + 1);
}

/* Trains once; a run that fails is a row with "error". ERR_CANCELLED when the supervisor asks to stop. */
static int bench_one(struct task *t, const char *name, int first, cJSON *row, struct hone_err *err)
{
    struct run r;
    struct hone_err why = { 0 };
    struct loop_result result = { 0 };
    struct bench b = { .task = t, .losses = cJSON_CreateArray(), .accuracies = cJSON_CreateArray() };
    struct loop_hooks hooks = { .arg = &b, .beat = on_beat, .progress = on_progress, .epoch = on_epoch, .checkpoint = on_checkpoint,
                                .rolled_back = on_rolled_back, .stop = on_stop, .warn = on_warn };
    int ret = open_run(t, name, first, &r, &why);
    if (ret >= 0) {
        json_put_str(row, "optimizer", r.optim.item->item.name);
        json_put_num(row, "learning_rate", r.config.learning_rate);
        ret = loop_train(&r, ".", NULL, NULL, &hooks, &result, &why);
        json_put_num(row, "memory_bytes_per_parameter", (double)optim_bytes(&r.optim) / (double)r.learner.tensors.total);
        json_put_int(row, "epochs", r.state.epoch);
        json_put_int(row, "steps", r.state.step);
        json_put_num(row, "seconds", result.seconds);
        json_put_str(row, "stop_reason", result.stop_reason);
        put_best(row, &r, &b);
        if (ret >= 0)
            json_put(row, "ns_per_parameter", real(bench_speed(t, r.optim.item, r.optim.conf)));
        run_close(&r);
    }
    json_put(row, "losses", b.losses);
    json_put(row, "accuracies", b.accuracies);
    if (ret < 0)
        json_put_str(row, "error", why.text);
    if (result.status && strcmp(result.status, "cancelled") == 0)
        return hone_fail(err, ERR_CANCELLED, "stopped");
    return ret < 0 && first ? hone_fail(err, ret, "%s", why.text) : 0;
}

int task_bench(struct task *t, struct hone_err *err)
{
    const cJSON *names = json_get(t->start, "optimizers"), *name;
    cJSON *rows = json_put(t->result, "optimizers", cJSON_CreateArray());
    int ret = 0, first = 1;
    t->stage = "training";
    cJSON_ArrayForEach(name, names) {
        cJSON *row = cJSON_CreateObject();
        json_put_str(row, "name", name->valuestring);
        json_put_bool(row, "given", first);
        cJSON_AddItemToArray(rows, row);
        ret = bench_one(t, name->valuestring, first, row, err);
        if (ret < 0)
            return ret;
        if ((ret = task_send(t, "row", cJSON_Duplicate(row, 1), err)) < 0)
            return ret;
        first = 0;
    }
    return 0;
}
