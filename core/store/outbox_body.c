/* The bytes of the messages that webhooks get, and which of them tell of jobs. See outbox.h; docs/webhooks.md has the form. */
#include "core/store/outbox.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"

#define DATA_MEMBER_MAX 2048 /* bytes of what stands in `data` as well */

static size_t length(const cJSON *v)
{
    char *text = json_text(v, 0);
    size_t n = text ? strlen(text) : 0;
    free(text);
    return n;
}

/* The longest member of an object among the members of o, or one of those themselves where they are no objects. */
static cJSON *longest(cJSON *o, cJSON **owner)
{
    cJSON *hit = NULL, *v, *part;
    size_t most = 0;
    cJSON_ArrayForEach(v, o) {
        cJSON *in = cJSON_IsObject(v) && v->child ? v : o;
        for (part = in == v ? v->child : v; part; part = in == v ? part->next : NULL) {
            size_t n = length(part);
            if (n > most) {
                most = n;
                hit = part;
                *owner = in;
            }
        }
    }
    return hit;
}

static cJSON *short_ones(const cJSON *members)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *v;
    cJSON_ArrayForEach(v, members) {
        if (length(v) <= DATA_MEMBER_MAX)
            json_put(out, v->string, cJSON_Duplicate(v, 1));
    }
    return out;
}

static char *text_of(const char *type, int64_t at, const cJSON *members, int truncated)
{
    char when[25];
    const cJSON *v;
    cJSON *body = cJSON_CreateObject();
    clock_rfc3339(at, when);
    json_put_str(body, "type", type);
    json_put_str(body, "event", type);
    json_put_str(body, "timestamp", when);
    cJSON_ArrayForEach(v, members)
        json_put(body, v->string, cJSON_Duplicate(v, 1));
    if (truncated)
        json_put_bool(body, "truncated", 1);
    json_put(body, "data", short_ones(members));
    char *text = json_text(body, 0);
    cJSON_Delete(body);
    return text;
}

char *outbox_body(const char *type, int64_t at, const cJSON *members)
{
    cJSON *rest = cJSON_Duplicate(members, 1), *part, *owner;
    char *text = rest ? text_of(type, at, rest, 0) : NULL;
    while (text && strlen(text) > OUTBOX_BODY_MAX && (part = longest(rest, &owner))) {
        cJSON_Delete(cJSON_DetachItemViaPointer(owner, part));
        free(text);
        text = text_of(type, at, rest, 1);
    }
    cJSON_Delete(rest);
    return text;
}

/* ---- jobs ---- */

static cJSON *of_job(const char *job_id, const char *agent_id)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "job_id", job_id);
    json_put_str(o, "agent_id", agent_id);
    return o;
}

static cJSON *stored(const char *text)
{
    struct hone_err ignored;
    cJSON *v = text ? json_parse(text, strlen(text), "stored", &ignored) : NULL;
    return v ? v : cJSON_CreateNull();
}

static cJSON *error_of(const struct job_row *job)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "code", job->error_code);
    json_put_str(o, "message", job->error_text);
    json_put_str(o, "stage", job->error_stage);
    json_put_str(o, "cause", job->cause);
    json_put(o, "details", stored(job->error_details));
    return o;
}

static const char *type_of(const struct job_row *job, enum job_status to)
{
    if (to == JOB_RUNNING)
        return job->attempt == 1 ? "training.started" : NULL; /* not when it goes on */
    return to == JOB_COMPLETED ? "training.completed" : to == JOB_FAILED ? "training.failed" : to == JOB_CANCELLED ? "training.cancelled" : NULL;
}

int outbox_job(struct store *s, const char *job_id, enum job_status to, struct hone_err *err)
{
    struct job_row job;
    int rc = job_get(s, job_id, &job, err);
    const char *type = rc < 0 ? NULL : type_of(&job, to);
    if (!type) {
        job_free(&job);
        return rc;
    }
    cJSON *members = of_job(job.id, job.agent_id);
    json_put_str(members, "status", job_status_name(to));
    if (to == JOB_COMPLETED)
        json_put(members, "results", stored(job.results));
    else if (to == JOB_FAILED)
        json_put(members, "error", error_of(&job));
    rc = outbox_event(s, job.tenant, type, job.id, members, err);
    cJSON_Delete(members);
    job_free(&job);
    return rc;
}

int outbox_news(struct store *s, const char *tenant, const char *type, const char *job_id, const char *agent_id, const char *name,
                const cJSON *value, struct hone_err *err)
{
    cJSON *members = of_job(job_id, agent_id);
    json_put(members, name, cJSON_Duplicate(value, 1));
    int rc = outbox_event(s, tenant, type, job_id, members, err);
    cJSON_Delete(members);
    return rc;
}
