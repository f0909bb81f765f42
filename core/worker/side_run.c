#include "core/worker/side_run.h"

#include <string.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/loop.h"

struct hooked {
    struct task *task;
    const char *what;
};

static void on_beat(void *arg)
{
    task_beat(((struct hooked *)arg)->task);
}

static void warn(void *arg, const char *text)
{
    log_line(LOG_WARN, "%s: %s", ((struct hooked *)arg)->what, text);
}

/* A side run that is asked to stop is given up, whatever becomes of the job. */
static enum loop_stop stop(void *arg)
{
    return task_stop_asked(((struct hooked *)arg)->task) == TASK_RUN ? LOOP_GO : LOOP_STOP_CANCEL;
}

static int configure(const struct task *t, const struct side_run *s, struct train_config *c, struct hone_err *err)
{
    struct config_fault fault[1];
    int n = 0, ret = config_resolve(c, json_get(t->start, "config"), fault, 1, &n, err);
    if (ret < 0)
        return ret;
    c->checkpoint_interval = 0;
    if (s->blind)
        c->monitor = c->monitor && strstr(c->monitor, "accuracy") ? "accuracy" : "loss";
    return 0;
}

int side_run_answers(struct task *t, const struct side_run *s, struct held_rows *h, int64_t *rows, struct hone_err *err)
{
    struct hooked hooked = { t, s->what };
    const struct loop_hooks hooks = { .arg = &hooked, .beat = on_beat, .stop = stop, .warn = warn };
    struct train_config config;
    struct loop_result result;
    struct run r;
    int ret = configure(t, s, &config, err);
    if (!ret)
        ret = run_open(&r, &config, &s->files, t->registry, t->pool, NULL, err);
    if (ret < 0)
        return ret;
    if (rows)
        *rows = r.train.n;
    ret = loop_train(&r, s->dir, NULL, NULL, &hooks, &result, err);
    if (!ret && strcmp(result.status, "completed") != 0) {
        ret = 1;
    } else if (!ret) {
        float **weights = loop_served(&r, &ret, err);
        if (!ret)
            ret = held_add(h, &r, weights, s->unknown, err);
    }
    run_close(&r);
    return ret;
}
