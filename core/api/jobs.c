/* Jobs in the books: watching, listing, showing, stopping, removing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/lock.h"
#include "core/store/checkpoint.h"
#include "core/store/history.h"

#define MAX_HISTORY 1000

/* Opens the books and finds the job. */
static struct store *open_job(struct api *a, const cJSON *in, struct job_row *row, struct hone_err *err)
{
    const char *id = need_text(in, "job_id", err);
    api_clear(a);
    if (!id)
        return NULL;
    struct store *s = books_open(a, err);
    if (!s && err->code == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no job '%.80s': %.200s holds no state yet", id, a->state_dir);
    if (s && find_job(s, id, row, err) < 0) {
        books_close(a, s);
        s = NULL;
    }
    return s;
}

/* ---- monitor ---- */

static int put_checkpoints(cJSON *out, struct store *s, const char *id, struct hone_err *err)
{
    struct checkpoint_list list;
    cJSON *v = cJSON_CreateArray();
    int rc = checkpoint_list(s, id, 0, &list, err);
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        const struct checkpoint_row *c = &list.v[i];
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "id", c->id);
        json_put_int(o, "epoch", c->epoch);
        json_put_int(o, "step", c->step);
        json_put_str(o, "kind", c->kind);
        json_put_str(o, "file", c->file);
        json_put_int(o, "bytes", c->bytes);
        json_put_str(o, "sha256", c->sha256);
        json_put(o, "metrics", stored_json(c->metrics));
        put_time(o, "created_at", c->created_at);
        cJSON_AddItemToArray(v, o);
    }
    json_put(out, "checkpoints", v);
    if (rc >= 0)
        checkpoint_list_free(&list);
    return rc;
}

/* One row an epoch, thinned evenly to at most MAX_HISTORY, the last one kept. */
static int put_history(cJSON *out, struct store *s, const char *id, struct hone_err *err)
{
    struct history_list list;
    cJSON *v = cJSON_CreateArray();
    int rc = history_list(s, id, -1, 0, &list, err);
    size_t every = rc >= 0 ? (list.n + MAX_HISTORY - 1) / MAX_HISTORY : 1;
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        if ((list.n - 1 - i) % (every ? every : 1) == 0)
            cJSON_AddItemToArray(v, stored_json(list.v[i].row));
    }
    json_put(out, "history", v);
    if (rc >= 0)
        history_list_free(&list);
    return rc;
}

cJSON *monitor_json(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct job_row row;
    struct store *s = open_job(a, in, &row, err);
    if (!s)
        return NULL;
    cJSON *out = cJSON_CreateObject();
    int rc = 0;
    put_job_state(out, &row);
    json_put(out, "results", stored_json(row.results));
    if (json_bool(in, "include_checkpoints", 0))
        rc = put_checkpoints(out, s, row.id, err);
    if (rc >= 0 && json_bool(in, "include_history", 0))
        rc = put_history(out, s, row.id, err);
    job_free(&row);
    books_close(a, s);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

/* ---- list and show ---- */

static cJSON *summary(const struct job_row *row, const char *agent)
{
    cJSON *o = cJSON_CreateObject();
    put_job_state(o, row);
    json_put_str(o, "agent_name", agent);
    json_put_str(o, "model", row->model);
    json_put_str(o, "data", row->data_name);
    put_time(o, "created_at", row->created_at);
    return o;
}

static int list_jobs(struct store *s, const struct job_filter *f, cJSON *out, struct hone_err *err)
{
    struct job_list list;
    int rc = job_list(s, f, &list, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        struct agent_row agent = { 0 };
        rc = settle_job(s, &list.v[i], err);
        int known = rc < 0 ? rc : agent_get(s, list.v[i].agent_id, &agent, err);
        rc = known < 0 && known != ERR_NOT_FOUND ? known : rc;
        known = known >= 0;
        if (rc >= 0)
            cJSON_AddItemToArray(out, summary(&list.v[i], known ? agent.name : NULL));
        if (known)
            agent_free(&agent);
    }
    job_list_free(&list);
    return rc;
}

cJSON *api_job_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *agent_name = json_str(in, "agent_id", NULL), *status = json_str(in, "status", NULL);
    struct agent_row agent = { 0 };
    struct job_filter f = { .limit = json_int(in, "most", json_int(in, "limit", 50)) };
    cJSON *out, *jobs = cJSON_CreateArray();
    api_clear(a);
    int known = status ? job_status_by_name(status) : 0, rc = 0;
    if (known < 0)
        rc = hone_fail(err, HONE_EINVAL, "status: there is no status '%.40s'; known are preparing, running, paused, completed, failed, "
                       "cancelled", status);
    struct store *s = rc == 0 ? books_open(a, err) : NULL;
    if (rc == 0 && !s && err->code != ERR_NOT_FOUND)
        rc = err->code;
    if (s && agent_name && (rc = find_agent(s, agent_name, &agent, err)) >= 0)
        f.agent_id = agent.id;
    else if (rc == 0 && !s && agent_name)
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.80s'", agent_name);
    f.status = status && known >= 0 ? INT64_C(1) << known : 0;
    if (s && rc >= 0)
        rc = list_jobs(s, &f, jobs, err);
    agent_free(&agent);
    books_close(a, s);
    if (rc < 0) {
        cJSON_Delete(jobs);
        return NULL;
    }
    out = cJSON_CreateObject();
    json_put(out, "jobs", jobs);
    return out;
}

cJSON *api_job_show(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct job_row row;
    struct job_steps steps = { 0 };
    struct store *s = open_job(a, in, &row, err);
    if (!s)
        return NULL;
    cJSON *out = job_with_agent(s, &row, err);
    if (out && job_steps(s, row.id, &steps, err) < 0) {
        cJSON_Delete(out);
        out = NULL;
    }
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < steps.n; i++) {
        cJSON *o = cJSON_CreateObject();
        put_time(o, "at", steps.v[i].at);
        json_put_str(o, "status", job_status_name((enum job_status)steps.v[i].to));
        json_put_str(o, "reason", steps.v[i].reason);
        cJSON_AddItemToArray(list, o);
    }
    json_put(out, "transitions", list);
    job_steps_free(&steps);
    job_free(&row);
    books_close(a, s);
    return out;
}

/* ---- stopping ---- */

static cJSON *stop_job(struct api *a, const cJSON *in, enum job_stop how, struct hone_err *err)
{
    struct job_row row;
    struct store *s = open_job(a, in, &row, err);
    if (!s)
        return NULL;
    int rc;
    if ((row.status == JOB_PAUSED || row.queue == JOB_WAITING) && how == JOB_STOP_CANCEL)
        rc = job_finish(s, row.id, &(struct job_end){ .status = JOB_CANCELLED, .reason = "cancelled", .stop_reason = "cancelled" }, err);
    else if (row.queue == JOB_WAITING)
        rc = job_finish(s, row.id, &(struct job_end){ .status = JOB_PAUSED, .reason = "paused before it ran" }, err);
    else if (row.status == JOB_RUNNING || row.status == JOB_PREPARING)
        rc = job_request_stop(s, row.id, how, err);
    else
        rc = hone_fail(err, ERR_CONFLICT, "job %s is %s; there is nothing to stop", row.id,
                       job_status_name((enum job_status)row.status));
    char *id = strdup(row.id);
    job_free(&row);
    cJSON *out = NULL;
    if (rc >= 0 && !id)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0 && id && job_get(s, id, &row, err) >= 0) {
        out = job_json(&row, NULL);
        json_put_bool(out, "stop_requested", row.stop_requested != JOB_STOP_NONE);
        job_free(&row);
    }
    books_close(a, s);
    if (out && a->daemon)
        queue_hurry(a->daemon, id, how);
    free(id);
    return out;
}

cJSON *api_job_cancel(struct api *a, const cJSON *in, struct hone_err *err)
{
    return stop_job(a, in, JOB_STOP_CANCEL, err);
}

cJSON *api_job_pause(struct api *a, const cJSON *in, struct hone_err *err)
{
    return stop_job(a, in, JOB_STOP_PAUSE, err);
}

/* ---- removing ---- */

cJSON *api_job_delete(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct job_row row;
    struct store *s = open_job(a, in, &row, err);
    if (!s)
        return NULL;
    int rc = job_delete(s, row.id, json_bool(in, "with_versions", 0), err);
    books_close(a, s);
    cJSON *out = NULL;
    if (rc >= 0) {
        struct hone_err why = { 0 };
        out = cJSON_CreateObject();
        json_put_str(out, "job_id", row.id);
        json_put_bool(out, "deleted", 1);
        discard_job(a, &row, &why);
        if (why.code < 0)
            json_put_str(out, "warning", why.text);
    }
    job_free(&row);
    return out;
}
