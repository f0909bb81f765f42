/* What several functions of the program need: finding agents and jobs, showing jobs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/lock.h"

#define MIN_PREFIX 10 /* "agent_" and 4 characters */

void api_clear(struct api *a)
{
    cJSON_Delete(a->details);
    a->details = NULL;
}

const char *need_text(const cJSON *in, const char *key, struct hone_err *err)
{
    const char *s = json_str(in, key, NULL);
    if (s && *s)
        return s;
    hone_fail(err, HONE_EINVAL, "%s: expected a string that is not empty", key);
    return NULL;
}

cJSON *stored_json(const char *text)
{
    struct hone_err err;
    cJSON *v = text ? json_parse(text, strlen(text), "stored", &err) : NULL;
    return v ? v : cJSON_CreateNull();
}

void put_time(cJSON *o, const char *key, int64_t ms)
{
    char text[25];
    if (ms > 0)
        clock_rfc3339(ms, text);
    json_put_str(o, key, ms > 0 ? text : NULL);
}

char *state_path(const struct api *a, const char *rel)
{
    return path_join(a->state_dir, rel);
}

/* ---- finding ---- */

int find_agent(struct store *s, const char *name, struct agent_row *row, struct hone_err *err)
{
    struct agent_list list;
    struct hone_err other;
    const struct agent_row *hit = NULL;
    int rc = agent_find(s, name, row, err), n = 0;
    size_t len = strlen(name);
    if (rc != ERR_NOT_FOUND || strncmp(name, "agent_", 6) != 0 || len < MIN_PREFIX ||
        agent_list(s, &(struct agent_filter){ .limit = 0 }, &list, &other) < 0)
        return rc;
    for (size_t i = 0; i < list.n; i++) {
        if (strncmp(list.v[i].id, name, len) == 0) {
            hit = &list.v[i];
            n++;
        }
    }
    if (n == 1)
        rc = agent_get(s, hit->id, row, err);
    else if (n > 1)
        rc = hone_fail(err, ERR_NOT_FOUND, "%d agents have ids that begin with '%.80s'; give more of it", n, name);
    agent_list_free(&list);
    return rc;
}

int settle_job(struct store *s, struct job_row *row, struct hone_err *err)
{
    struct hone_err ignored;
    if (row->status != JOB_RUNNING && row->status != JOB_PREPARING)
        return 0;
    if (row->queue != JOB_LOCAL || job_lock_is_free(store_dir(s), row->id, &ignored) != 1)
        return 0;
    int rc = job_transition(s, row->id, JOB_PAUSED, "the process that ran it is gone", err);
    if (rc < 0)
        return rc;
    char *id = strdup(row->id);
    job_free(row);
    rc = id ? job_get(s, id, row, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(id);
    return rc;
}

/* The newest job of the agent with that name; *row is left alone without one. */
static int job_of_agent(struct store *s, const char *name, struct job_row *row, struct hone_err *err)
{
    struct agent_row agent;
    struct job_list list = { 0 };
    struct hone_err other;
    if (find_agent(s, name, &agent, &other) < 0)
        return err->code;
    int rc = job_list(s, &(struct job_filter){ .agent_id = agent.id, .limit = 1 }, &list, err);
    if (rc >= 0 && list.n == 1)
        rc = job_get(s, list.v[0].id, row, err);
    else if (rc >= 0)
        rc = hone_fail(err, ERR_NOT_FOUND, "agent '%.80s' has no job", agent.name);
    job_list_free(&list);
    agent_free(&agent);
    return rc;
}

int find_job(struct store *s, const char *name, struct job_row *row, struct hone_err *err)
{
    int rc = job_find(s, name, row, err);
    if (rc == ERR_NOT_FOUND)
        rc = job_of_agent(s, name, row, err);
    if (rc < 0)
        return rc;
    rc = settle_job(s, row, err);
    if (rc < 0)
        job_free(row);
    return rc;
}

/* ---- showing ---- */

static void put_known(cJSON *o, const char *key, double v)
{
    json_put(o, key, isnan(v) ? cJSON_CreateNull() : cJSON_CreateNumber(v));
}

static double left_ms(const struct job_row *row)
{
    const struct job_progress *p = &row->progress;
    cJSON *config = stored_json(row->config);
    double rows = json_num(config, "batchSize", 0) * json_num(config, "gradientAccumulation", 1);
    cJSON_Delete(config);
    if (row->status != JOB_RUNNING)
        return row->status == JOB_COMPLETED ? 0 : NAN;
    return p->examples_per_second > 0 ? round((double)(p->total_steps - p->step) * rows / p->examples_per_second * 1000) : NAN;
}

static cJSON *progress_json(const struct job_row *row)
{
    const struct job_progress *p = &row->progress;
    cJSON *o = cJSON_CreateObject();
    double percent = p->total_steps > 0 ? 100 * (double)p->step / (double)p->total_steps : 0;
    json_put_int(o, "current_epoch", p->epoch);
    json_put_int(o, "total_epochs", p->total_epochs);
    json_put_int(o, "current_step", p->step);
    json_put_int(o, "total_steps", p->total_steps);
    json_put_num(o, "percent_complete", row->status == JOB_COMPLETED ? 100 : round(percent * 10) / 10);
    put_known(o, "estimated_time_remaining_ms", left_ms(row));
    return o;
}

/* The newest evaluation; before the first one what the last step told. */
static cJSON *metrics_json(const struct job_row *row)
{
    static const char *const keys[] = { "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "gradient_norm",
                                        "examples_per_second" };
    const struct job_progress *p = &row->progress;
    cJSON *o = cJSON_CreateObject(), *m = stored_json(row->metrics);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        put_known(o, keys[i], json_num(m, keys[i], NAN));
    if (json_get(m, "nats_per_character"))
        put_known(o, "nats_per_character", json_num(m, "nats_per_character", NAN));
    if (cJSON_IsNull(m) || row->status == JOB_RUNNING) {
        if (!isnan(p->loss))
            put_known(o, "loss", p->loss);
        put_known(o, "learning_rate", p->learning_rate);
        put_known(o, "gradient_norm", p->gradient_norm);
        put_known(o, "examples_per_second", p->examples_per_second);
    }
    json_put_int(o, "token_usage", p->token_usage);
    cJSON_Delete(m);
    return o;
}

static cJSON *error_json(const struct job_row *row)
{
    if (!row->error_text)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "code", row->error_code);
    json_put_str(o, "message", row->error_text);
    json_put_str(o, "stage", row->error_stage);
    json_put_str(o, "cause", row->cause);
    json_put(o, "details", stored_json(row->error_details));
    return o;
}

/* What the status alone does not say. */
static void put_detail(cJSON *o, const struct job_row *row)
{
    char text[160] = "";
    if (row->queue == JOB_WAITING && row->run_after > 0 && row->cause && strcmp(row->cause, JOB_CAUSE_FULL) == 0)
        snprintf(text, sizeof text, "waits for space on the disk");
    else if (row->queue == JOB_WAITING && row->deaths > 0)
        snprintf(text, sizeof text, "waits to be tried again, since its worker died (%.40s)", row->cause ? row->cause : "unknown");
    else if (row->queue == JOB_WAITING)
        snprintf(text, sizeof text, "queued");
    else if (row->status == JOB_PREPARING)
        snprintf(text, sizeof text, "a worker reads the data");
    else if (row->stop_requested != JOB_STOP_NONE)
        snprintf(text, sizeof text, row->stop_requested == JOB_STOP_CANCEL ? "is being cancelled" : "is being paused");
    json_put_str(o, "detail", *text ? text : NULL);
}

void put_job_state(cJSON *o, const struct job_row *row)
{
    json_put_str(o, "job_id", row->id);
    json_put_str(o, "agent_id", row->agent_id);
    json_put_str(o, "status", job_status_name((enum job_status)row->status));
    put_detail(o, row);
    json_put(o, "progress", progress_json(row));
    json_put(o, "metrics", metrics_json(row));
    json_put(o, "best", stored_json(row->best));
    put_known(o, "memory_usage_mb", row->progress.memory_mb);
    json_put_str(o, "stop_reason", row->stop_reason);
    json_put(o, "error", error_json(row));
    put_time(o, "started_at", row->started_at ? row->started_at : row->created_at); /* asked for, while it waits for its turn */
    put_time(o, "completed_at", row->completed_at);
}

static cJSON *file_json(const char *name, const char *file, const char *format, const char *sha256)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "name", name);
    json_put_str(o, "file", file);
    json_put_str(o, "format", format);
    json_put_str(o, "sha256", sha256);
    return o;
}

cJSON *job_json(const struct job_row *row, const char *agent_name)
{
    cJSON *o = cJSON_CreateObject(), *model = cJSON_CreateObject(), *data = file_json(row->data_name, row->data_file, row->data_format,
                                                                                       row->data_sha256);
    put_job_state(o, row);
    if (agent_name)
        json_put_str(o, "agent_name", agent_name);
    json_put(o, "config", stored_json(row->config));
    json_put_str(model, "name", row->model);
    json_put_str(model, "reason", row->model_reason);
    json_put(o, "model", model);
    json_put(o, "plugins", stored_json(row->plugins));
    if (row->validation_file)
        json_put(data, "validation", file_json(row->validation_name, row->validation_file, row->validation_format, row->validation_sha256));
    cJSON *counts = stored_json(row->data_counts), *base = cJSON_DetachItemFromObjectCaseSensitive(counts, "base"),
          *transfer = cJSON_DetachItemFromObjectCaseSensitive(counts, "transfer");
    json_put(data, "counts", counts);
    json_put(o, "training_data", data);
    json_put(o, "base", base ? base : cJSON_CreateNull());
    json_put(o, "transfer", transfer ? transfer : cJSON_CreateNull());
    json_put(o, "estimates", stored_json(row->estimates));
    json_put(o, "results", stored_json(row->results));
    json_put_str(o, "weights_file", row->weights_file);
    json_put_str(o, "weights_sha256", row->weights_sha256);
    json_put_int(o, "attempt", row->attempt);
    json_put_int(o, "priority", row->priority);
    json_put_int(o, "deaths", row->deaths);
    json_put_str(o, "cause", row->cause);
    put_time(o, "created_at", row->created_at);
    put_time(o, "updated_at", row->updated_at);
    return o;
}

cJSON *job_with_agent(struct store *s, const struct job_row *row, struct hone_err *err)
{
    struct agent_row agent;
    struct hone_err why;
    int rc = agent_get(s, row->agent_id, &agent, &why);
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = why;
        return NULL;
    }
    cJSON *out = job_json(row, rc < 0 ? NULL : agent.name);
    if (rc >= 0)
        agent_free(&agent);
    return out;
}

cJSON *show_job(struct api *a, const char *id, struct hone_err *err)
{
    struct job_row row;
    struct store *s = books_open(a, err);
    cJSON *out = NULL;
    if (s && find_job(s, id, &row, err) >= 0) {
        out = job_with_agent(s, &row, err);
        job_free(&row);
    }
    books_close(a, s);
    return out;
}
