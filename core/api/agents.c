/* Agents in the books: listing and showing. */
#include <string.h>
#include "core/api/priv.h"
#include "core/base/json.h"
#include "core/store/version.h"

cJSON *version_json(const struct version_row *v, const char *active)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "version_id", v->id);
    json_put_int(o, "number", v->number);
    json_put_str(o, "job_id", v->job_id);
    json_put_str(o, "weights_file", v->weights_file);
    json_put_str(o, "weights_sha256", v->weights_sha256);
    json_put_int(o, "weights_bytes", v->weights_bytes);
    json_put(o, "settings", stored_json(v->settings));
    json_put_bool(o, "active", active && strcmp(active, v->id) == 0);
    put_time(o, "created_at", v->created_at);
    return o;
}

cJSON *agent_json(const struct agent_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "agent_id", row->id);
    json_put_str(o, "name", row->name);
    json_put_str(o, "description", row->description ? row->description : "");
    json_put(o, "metadata", stored_json(row->metadata));
    json_put_str(o, "active_version_id", row->active_version);
    json_put_str(o, "canary_version_id", row->canary_version);
    json_put_num(o, "canary_share", row->canary_share);
    put_time(o, "created_at", row->created_at);
    put_time(o, "updated_at", row->updated_at);
    return o;
}

static int put_counts(cJSON *o, struct store *s, const struct agent_row *row, struct hone_err *err)
{
    struct version_list versions;
    struct job_list jobs;
    int rc = version_list(s, row->id, 0, 0, &versions, err);
    if (rc < 0)
        return rc;
    json_put_int(o, "versions", (int64_t)versions.n);
    json_put(o, "active_version", cJSON_CreateNull());
    for (size_t i = 0; i < versions.n; i++) {
        if (row->active_version && strcmp(versions.v[i].id, row->active_version) == 0)
            json_put_int(o, "active_version", versions.v[i].number);
    }
    version_list_free(&versions);
    rc = job_list(s, &(struct job_filter){ .agent_id = row->id }, &jobs, err);
    if (rc < 0)
        return rc;
    json_put_int(o, "jobs", (int64_t)jobs.n);
    job_list_free(&jobs);
    return 0;
}

cJSON *api_agent_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_list list = { 0 };
    struct agent_filter f = { .name_part = json_str(in, "name_contains", NULL), .limit = json_int(in, "most", json_int(in, "limit", 50)) };
    cJSON *agents = cJSON_CreateArray(), *out = cJSON_CreateObject();
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? agent_list(s, &f, &list, err) : err->code == ERR_NOT_FOUND ? 0 : err->code;
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        cJSON *o = agent_json(&list.v[i]);
        rc = put_counts(o, s, &list.v[i], err);
        cJSON_AddItemToArray(agents, o);
    }
    agent_list_free(&list);
    books_close(a, s);
    json_put(out, "agents", agents);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

static int put_all(cJSON *out, struct store *s, const struct agent_row *row, struct hone_err *err)
{
    struct version_list versions;
    struct job_list jobs;
    cJSON *list = cJSON_CreateArray();
    int rc = version_list(s, row->id, 0, 0, &versions, err);
    for (size_t i = 0; rc >= 0 && i < versions.n; i++)
        cJSON_AddItemToArray(list, version_json(&versions.v[i], row->active_version));
    json_put(out, "versions", list);
    if (rc < 0)
        return rc;
    version_list_free(&versions);
    list = cJSON_CreateArray();
    rc = job_list(s, &(struct job_filter){ .agent_id = row->id }, &jobs, err);
    for (size_t i = 0; rc >= 0 && i < jobs.n; i++) {
        cJSON *o = cJSON_CreateObject();
        rc = settle_job(s, &jobs.v[i], err);
        json_put_str(o, "job_id", jobs.v[i].id);
        json_put_str(o, "status", job_status_name((enum job_status)jobs.v[i].status));
        put_time(o, "created_at", jobs.v[i].created_at);
        cJSON_AddItemToArray(list, o);
    }
    json_put(out, "jobs", list);
    job_list_free(&jobs);
    return rc;
}

cJSON *api_agent_show(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row;
    const char *name = need_text(in, "agent_id", err);
    api_clear(a);
    if (!name)
        return NULL;
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, name, &row, err) : err->code;
    if (!s && rc == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.80s': %.200s holds no state yet", name, a->state_dir);
    cJSON *out = NULL;
    if (rc >= 0) {
        out = agent_json(&row);
        rc = put_all(out, s, &row, err);
        agent_free(&row);
    }
    books_close(a, s);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}
