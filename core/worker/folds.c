#include "core/worker/folds.h"

#include <string.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/calibration.h"
#include "core/train/loop.h"

static void on_beat(void *arg)
{
    task_beat(arg);
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

static int no_checkpoint(void *arg, const struct checkpoint_done *d, const char *kind, const char *removed)
{
    (void)arg, (void)d, (void)kind, (void)removed;
    return 0;
}

static int no_rollback(void *arg, int64_t step)
{
    (void)arg, (void)step;
    return 0;
}

static void warn(void *arg, const char *text)
{
    (void)arg;
    log_line(LOG_WARN, "calibration: %s", text);
}

/* A fold that is asked to stop is given up, whatever becomes of the job. */
static enum loop_stop stop(void *arg)
{
    return task_stop_asked(arg) == TASK_RUN ? LOOP_GO : LOOP_STOP_CANCEL;
}

/* The job's configuration, with the fold's rows kept out of what training follows: as in the job, training rows stand in. */
static int fold_config(const struct task *t, struct train_config *c, struct hone_err *err)
{
    struct config_fault fault[1];
    int n = 0, ret = config_resolve(c, json_get(t->start, "config"), fault, 1, &n, err);
    if (ret < 0)
        return ret;
    c->checkpoint_interval = 0;
    c->monitor = c->monitor && strstr(c->monitor, "accuracy") ? "accuracy" : "loss";
    return 0;
}

static int one_fold(struct task *t, const struct run_files *files, const char *dir, struct held_rows *h, struct hone_err *err)
{
    const struct loop_hooks hooks = { .arg = t, .beat = on_beat, .progress = no_progress, .epoch = no_epoch, .checkpoint = no_checkpoint,
                                      .rolled_back = no_rollback, .stop = stop, .warn = warn };
    struct train_config config;
    struct loop_result result;
    struct run r;
    int ret = fold_config(t, &config, err);
    if (!ret)
        ret = run_open(&r, &config, files, t->registry, t->pool, NULL, err);
    if (ret < 0)
        return ret;
    ret = loop_train(&r, dir, NULL, NULL, &hooks, &result, err);
    if (!ret && strcmp(result.status, "completed") != 0) {
        ret = 1;
    } else if (!ret) {
        float **weights = loop_served(&r, &ret, err);
        if (!ret)
            ret = held_add(h, &r, weights, 0, err);
    }
    run_close(&r);
    return ret;
}

int folds_calibrate(struct task *t, struct run *r, const struct run_files *files, const char *dir, struct hone_err *err)
{
    struct run_files fold = *files;
    struct held_rows h = { 0 };
    int ret = 0;
    fold.folds = r->config.calibration_folds;
    if (!fold.folds || r->valid.n || r->plan.flags & HONE_PLAN_LOGGED)
        return 0;
    for (fold.fold = 0; fold.fold < fold.folds && !ret; fold.fold++)
        ret = one_fold(t, &fold, dir, &h, err);
    if (!ret)
        ret = calibration_find(&h, r->config.target_precision, &r->calibration, err);
    r->calibration.folds = ret ? 0 : fold.folds;
    held_free(&h);
    return ret < 0 ? err_prefix(err, "calibrationFolds") : ret;
}
