/* See follow.h. What the daemon tells, states of the job, becomes what a worker would have told: "started", "progress", "epoch". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/base/json.h"
#include "core/cli/follow.h"

struct watch {
    const struct api_hooks *hooks;
    int running;             /* seen to run */
    int64_t epoch, step;     /* of the last one that was told; -1: none */
    int ended;
    int asked;               /* to pause, or to stop watching */
    enum api_wish wish;
};

static cJSON *call(struct cli *c, struct remote *r, const char *function, const char *job_id, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", job_id, NULL), *details = NULL, *out = remote_call(r, function, in, &details, err);
    cJSON_Delete(in);
    cJSON_Delete(details);
    (void)c;
    return out;
}

/* Progress and, when there is a new evaluation, an epoch. */
static void tell(struct watch *w, const cJSON *state)
{
    const cJSON *p = json_get(state, "progress"), *m = json_get(state, "metrics");
    int64_t step = json_int(p, "current_step", 0), epoch = json_int(p, "current_epoch", 0);
    cJSON *f = cJSON_Duplicate(m, 1);
    json_put_int(f, "epoch", epoch);
    json_put_int(f, "step", step);
    if (step != w->step)
        w->hooks->event(w->hooks->arg, "progress", f);
    if (cJSON_IsNumber(json_get(m, "accuracy")) && epoch != w->epoch)
        w->hooks->event(w->hooks->arg, "epoch", f);
    if (cJSON_IsNumber(json_get(m, "accuracy")))
        w->epoch = epoch;
    w->step = step;
    cJSON_Delete(f);
}

/* 0: enough. */
static int on_state(void *arg, const cJSON *state)
{
    struct watch *w = arg;
    const char *status = json_str(state, "status", "");
    enum api_wish wish = w->hooks->wish(w->hooks->arg);
    if (wish != w->wish) {
        w->wish = wish;
        return 0;
    }
    if (!state)
        return 1;
    if (strcmp(status, "preparing") == 0)
        return 1;
    if (!w->running) { /* the caller tells what it is that runs */
        w->running = 1;
        return 0;
    }
    tell(w, state);
    w->ended = strcmp(status, "running") != 0;
    return !w->ended;
}

/* What a look at the job says, between two streams: 1 it has ended. */
static int look(struct cli *c, struct remote *r, struct watch *w, int *started, cJSON **job, struct hone_err *err)
{
    cJSON_Delete(*job);
    if (!(*job = call(c, r, "getTrainingJob", c->job_id, err)))
        return err->code;
    const char *status = json_str(*job, "status", "");
    int active = strcmp(status, "preparing") == 0 || strcmp(status, "running") == 0;
    if (!*started && strcmp(status, "preparing") != 0 && json_str(json_get(*job, "model"), "name", NULL)) {
        *started = 1;
        w->running = 1;
        w->hooks->event(w->hooks->arg, "started", *job);
    }
    return !active;
}

/* The end of a job as api_train() tells it. */
static int judge(struct cli *c, cJSON *job, struct hone_err *err)
{
    const cJSON *error = json_get(job, "error");
    const char *status = json_str(job, "status", ""), *code = json_str(error, "code", "");
    if (strcmp(status, "completed") == 0)
        return 0;
    if (strcmp(status, "cancelled") == 0)
        return hone_fail(err, ERR_CANCELLED, "job %s was cancelled", c->job_id);
    if (strcmp(status, "paused") == 0)
        return hone_fail(err, ERR_INTERRUPTED, "job %s is paused; its checkpoint is written", c->job_id);
    api_clear(&c->api);
    if (cJSON_IsArray(json_get(error, "details")))
        c->api.details = cJSON_Duplicate(json_get(error, "details"), 1);
    int invalid = strcmp(code, "VALIDATION_ERROR") == 0 && strcmp(json_str(error, "stage", ""), "preparing") == 0;
    return hone_fail(err, invalid ? HONE_EINVAL : ERR_JOB_FAILED, "%s", json_str(error, "message", "the job failed"));
}

static int heed(struct cli *c, struct remote *r, struct watch *w, struct hone_err *err)
{
    struct hone_err ignored;
    if (w->wish == API_GO)
        return 0;
    if (w->asked++ == 0) {
        cJSON_Delete(call(c, r, "pauseTrainingJob", c->job_id, &ignored));
        return 0;
    }
    return hone_fail(err, ERR_INTERRUPTED, "no longer watching job %s", c->job_id);
}

/* Until the job has ended: its last state. */
static cJSON *watch(struct cli *c, struct remote *r, const struct api_hooks *hooks, struct hone_err *err)
{
    struct watch w = { .hooks = hooks, .epoch = -1, .step = -1 };
    cJSON *job = NULL;
    int started = 0, told = API_GO, rc = 0;
    while (rc == 0) {
        rc = look(c, r, &w, &started, &job, err);
        if (rc == 0 && (int)w.wish != told) {
            told = (int)w.wish;
            rc = heed(c, r, &w, err);
        }
        if (rc == 0)
            rc = remote_follow(r, c->job_id, on_state, &w, err);
    }
    if (rc == 1 && (rc = judge(c, job, err)) == 0)
        return job;
    cJSON_Delete(job);
    return NULL;
}

/* The agent, made when there is none; a daemon of this machine makes it itself. */
static int need_agent(struct remote *r, cJSON *in, struct hone_err *err)
{
    if (remote_is_local(r)) {
        json_put_bool(in, "create_agent", 1);
        return 0;
    }
    cJSON *query = cli_query("agent_id", json_str(in, "agent_id", ""), NULL), *agent = remote_call(r, "getAgent", query, NULL, err);
    cJSON_Delete(query);
    if (!agent && err->code == ERR_NOT_FOUND) {
        query = cli_query("name", json_str(in, "agent_id", ""), NULL);
        agent = remote_call(r, "createAgent", query, NULL, err);
        cJSON_Delete(query);
    }
    int ok = agent != NULL;
    cJSON_Delete(agent);
    return ok ? 0 : err->code;
}

cJSON *follow_job(struct cli *c, struct remote *r, const char *function, cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    cJSON *data = cJSON_GetObjectItemCaseSensitive(in, "training_data"), *details = NULL;
    int rc = data ? need_agent(r, in, err) : 0;
    if (rc == 0)
        rc = cli_share_member(c, data, "file", "dataset_id", err);
    if (rc == 0)
        rc = cli_share_member(c, data, "validation_file", "validation_dataset_id", err);
    cJSON *job = rc == 0 ? remote_call(r, function, in, &details, err) : NULL;
    api_clear(&c->api);
    c->api.details = details;
    if (!job)
        return NULL;
    snprintf(c->job_id, sizeof c->job_id, "%s", json_str(job, "job_id", ""));
    if (strcmp(json_str(job, "status", ""), "completed") == 0)
        return job;
    cJSON_Delete(job);
    return watch(c, r, hooks, err);
}
