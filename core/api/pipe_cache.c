/* What a step's result depends on, as a hash, and results of earlier runs that still hold; see pipe.h. The hash covers the kind of the step, its whole
 * request with the bytes of files and datasets in the place of their names, the version of the program, the bytes of its worker, and the bytes of all
 * plugins that workers find. Ids of jobs stand for themselves: a completed job does not change. */
#include <stdlib.h>
#include <string.h>
#include "core/api/pipe.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/dataset.h"

/* ---- the program ---- */

static int read_identity(struct pipe_run *r, struct hone_err *err)
{
    char sha256[65];
    cJSON *all = cJSON_CreateObject(), *plugins = cJSON_CreateArray();
    const cJSON *p;
    char *worker = worker_find(err);
    int rc = worker ? file_sha256(worker, sha256, err) : err->code;
    cJSON *found = rc == 0 ? pipe_call(r, "listPlugins", NULL, NULL, err) : NULL;
    if (rc == 0 && !found)
        rc = err->code;
    json_put_str(all, "version", HONE_VERSION);
    json_put_str(all, "worker", rc == 0 ? sha256 : "");
    cJSON_ArrayForEach(p, json_get(found, "plugins"))
        cJSON_AddItemToArray(plugins, cJSON_CreateString(json_str(p, "sha256", json_str(p, "file", ""))));
    json_put(all, "plugins", plugins);
    char *text = rc == 0 ? json_text(all, 0) : NULL;
    if (text)
        bytes_sha256(text, strlen(text), r->identity);
    else if (rc == 0)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(text);
    free(worker);
    cJSON_Delete(found);
    cJSON_Delete(all);
    return rc;
}

/* ---- inputs ---- */

/* The member at a dotted path, to be replaced. */
static cJSON *at_path(cJSON *in, const char *path, cJSON **parent, const char **name)
{
    const char *dot = strchr(path, '.');
    char head[64];
    if (!dot) {
        *parent = in;
        *name = path;
        return cJSON_GetObjectItemCaseSensitive(in, path);
    }
    memcpy(head, path, (size_t)(dot - path));
    head[dot - path] = '\0';
    cJSON *next = cJSON_GetObjectItemCaseSensitive(in, head);
    return cJSON_IsObject(next) ? at_path(next, dot + 1, parent, name) : NULL;
}

static int put_hash(struct pipe_run *r, cJSON *in, const char *path, int stored, enum dataset_kind kind, struct hone_err *err)
{
    char sha256[65] = "";
    cJSON *parent;
    const char *name;
    struct dataset_row row = { 0 };
    cJSON *v = at_path(in, path, &parent, &name);
    if (!cJSON_IsString(v))
        return 0;
    if (!stored && !r->row.local)
        return 0; /* the function refuses the server's files; whether they are there is not told before that */
    if (!stored) {
        int rc = file_sha256(v->valuestring, sha256, err);
        if (rc == 0)
            json_put_str(parent, name, sha256);
        return rc;
    }
    struct store *s = books_open(&r->a, err);
    int rc = s ? dataset_get(s, kind, v->valuestring, &row, err) : err->code;
    books_close(&r->a, s);
    if (rc >= 0)
        json_put_str(parent, name, row.sha256);
    dataset_free(&row);
    return rc < 0 ? rc : 0;
}

int pipe_inputs(struct pipe_run *r, const struct pipe_kind *kind, const cJSON *request, char hex[65], struct hone_err *err)
{
    cJSON *all = cJSON_CreateObject(), *in = cJSON_Duplicate(request, 1);
    int rc = *r->identity ? 0 : read_identity(r, err);
    *hex = '\0';
    for (const struct pipe_param *p = kind->params; p->name && rc == 0; p++) {
        if (p->type != PIPE_PLAIN)
            rc = put_hash(r, in, p->path, 0, 0, err);
        if (rc == 0 && p->dataset)
            rc = put_hash(r, in, p->dataset, 1, DATASET_DATA, err);
        if (rc == 0 && p->module)
            rc = put_hash(r, in, p->module, 1, DATASET_MODULE, err);
    }
    json_put_str(all, "program", r->identity);
    json_put_str(all, "do", kind->name);
    json_put(all, "in", in);
    char *text = rc == 0 ? json_text(all, 0) : NULL;
    if (text)
        bytes_sha256(text, strlen(text), hex);
    else if (rc == 0)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(text);
    cJSON_Delete(all);
    return rc;
}

/* ---- earlier results ---- */

/* Whether the job of an earlier training is there, completed, with the weights that it wrote. */
static int job_holds(struct pipe_run *r, const char *job_id)
{
    struct job_row job = { 0 };
    struct hone_err ignored;
    char have[65];
    struct store *s = books_open(&r->a, &ignored);
    int good = s && job_id && job_get(s, job_id, &job, &ignored) == 0 && job.status == JOB_COMPLETED && job.weights_file && job.weights_sha256;
    books_close(&r->a, s);
    char *path = good ? state_path(&r->a, job.weights_file) : NULL;
    good = path && file_sha256(path, have, &ignored) == 0 && strcmp(have, job.weights_sha256) == 0;
    free(path);
    job_free(&job);
    return good;
}

int pipe_take_same(struct pipe_run *r, const struct pipe_kind *kind, struct step_row *row, struct hone_err *err)
{
    struct step_row same = { 0 };
    struct store *s = books_open(&r->a, err);
    int rc = s ? step_same(s, kind->name, row->inputs, &same, err) : err->code;
    books_close(&r->a, s);
    if (rc == 1 && (kind->flags & PIPE_TRAINS) && !job_holds(r, same.job_id))
        rc = 0;
    if (rc == 1 && (kind->flags & PIPE_TRAINS)) { /* what answers now is another matter than what was trained */
        cJSON *result = stored_json(same.result);
        rc = pipe_put_active(r, result, err) < 0 ? err->code : 1;
        free(same.result);
        same.result = json_text(result, 0);
        cJSON_Delete(result);
    }
    if (rc == 1) {
        free(row->result);
        free(row->job_id);
        free(row->same_as);
        row->result = same.result;
        row->job_id = same.job_id;
        row->same_as = same.run_id;
        same.result = same.job_id = same.run_id = NULL;
    }
    step_free(&same);
    return rc;
}

int pipe_put_active(struct pipe_run *r, cJSON *result, struct hone_err *err)
{
    struct version_row version = { 0 };
    struct store *s = books_open(&r->a, err);
    int rc = s ? version_active(s, json_str(result, "agent_id", ""), &version, err) : err->code, was = 0;
    if (rc == ERR_PRECONDITION || rc == ERR_NOT_FOUND)
        rc = 0;
    if (rc >= 0)
        rc = was = version_was_deployed(s, json_str(result, "job_id", ""), err);
    books_close(&r->a, s);
    json_put_str(result, "active_job_id", version.job_id);
    json_put_bool(result, "was_deployed", was > 0);
    version_free(&version);
    return rc < 0 ? rc : 0;
}
