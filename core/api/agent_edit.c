/* Making, changing and removing agents. What answers for them is in versions.c. */
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/lock.h"

static int set_text(char **slot, const char *text, struct hone_err *err)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(*slot);
    *slot = copy;
    return 0;
}

/* What the request says of the agent; the rest stays. */
static int take_members(struct agent_row *row, const cJSON *in, struct hone_err *err)
{
    const cJSON *metadata = json_get(in, "metadata");
    const char *name = json_str(in, "name", NULL), *description = json_str(in, "description", NULL);
    int rc = name ? check_agent_name(name, err) : 0;
    if (rc == ERR_NOT_FOUND)
        rc = hone_fail(err, HONE_EINVAL, "name: names do not begin with agent_, as ids do");
    if (rc == 0 && name)
        rc = set_text(&row->name, name, err);
    if (rc == 0 && description)
        rc = set_text(&row->description, description, err);
    if (rc == 0 && metadata) {
        free(row->metadata);
        if (!(row->metadata = json_text(metadata, 0)))
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    return rc;
}

static cJSON *shown(struct agent_row *row, int rc)
{
    cJSON *out = rc >= 0 ? agent_json(row) : NULL;
    agent_free(row);
    return out;
}

cJSON *api_agent_create(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row = { 0 };
    api_clear(a);
    int rc = take_members(&row, in, err);
    struct store *s = rc == 0 ? books_make(a, err) : NULL;
    if (rc == 0)
        rc = s ? agent_insert(s, &row, err) : err->code;
    books_close(a, s);
    return shown(&row, rc);
}

cJSON *api_agent_update(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row = { 0 };
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, json_str(in, "agent_id", ""), &row, err) : err->code;
    if (rc >= 0)
        rc = take_members(&row, in, err);
    if (rc >= 0)
        rc = agent_update(s, &row, err);
    if (rc >= 0) {
        char *id = row.id;
        row.id = NULL;
        agent_free(&row);
        rc = agent_get(s, id, &row, err);
        free(id);
    }
    books_close(a, s);
    return shown(&row, rc);
}

/* The files of jobs that are gone from the books. What cannot be removed is told. */
static void remove_files(struct api *a, const struct job_list *jobs, cJSON *out)
{
    for (size_t i = 0; i < jobs->n; i++) {
        struct hone_err why = { 0 };
        discard_job(a, &jobs->v[i], &why);
        if (why.code < 0)
            json_put_str(out, "warning", why.text);
    }
}

cJSON *api_agent_delete(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row = { 0 };
    struct job_list jobs = { 0 };
    cJSON *out = NULL;
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, json_str(in, "agent_id", ""), &row, err) : err->code;
    if (rc >= 0)
        rc = job_list(s, &(struct job_filter){ .agent_id = row.id }, &jobs, err);
    for (size_t i = 0; rc >= 0 && i < jobs.n; i++)
        rc = settle_job(s, &jobs.v[i], err);
    if (rc >= 0)
        rc = agent_delete(s, row.id, err);
    books_close(a, s);
    if (rc >= 0) {
        out = cJSON_CreateObject();
        json_put_str(out, "agent_id", row.id);
        json_put_bool(out, "deleted", 1);
        remove_files(a, &jobs, out);
    }
    job_list_free(&jobs);
    agent_free(&row);
    return out;
}
