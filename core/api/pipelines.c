/* runTrainingPipeline, getPipelineRun and their like: runs in the books, and driving them where there is no daemon. See pipe.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/pipe.h"
#include "core/api/settings.h"
#include "core/api/sweep.h"
#include "core/base/buf.h"
#include "core/base/json.h"

/* ---- showing ---- */

static cJSON *step_json(const struct step_row *row, int results)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "step", row->name);
    json_put_int(o, "part", row->part);
    json_put_str(o, "do", row->kind);
    json_put_str(o, "status", step_status_name((enum step_status)row->status));
    json_put_str(o, "reason", row->reason);
    json_put_int(o, "attempts", row->attempts);
    json_put_str(o, "job_id", row->job_id);
    json_put_str(o, "same_as", row->same_as);
    json_put_num(o, "duration_ms", row->completed_at ? (double)(row->completed_at - row->started_at) : 0);
    put_time(o, "started_at", row->started_at);
    put_time(o, "completed_at", row->completed_at);
    if (results)
        json_put(o, "result", stored_json(row->result));
    return o;
}

cJSON *pipe_run_json(const struct run_row *row, const struct step_list *steps, int results)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray(), *def = stored_json(row->definition), *error = NULL;
    json_put_str(o, "pipeline_run_id", row->id);
    json_put_str(o, "kind", row->kind);
    json_put_str(o, "name", row->name);
    json_put_str(o, "status", run_status_name((enum run_status)row->status));
    if (row->error_text) {
        error = cJSON_CreateObject();
        json_put_str(error, "code", row->error_code);
        json_put_str(error, "message", row->error_text);
    }
    json_put(o, "error", error ? error : cJSON_CreateNull());
    json_put(o, "result", stored_json(row->result));
    json_put(o, "parameters", cJSON_IsObject(json_get(def, "parameters")) ? cJSON_Duplicate(json_get(def, "parameters"), 1) : cJSON_CreateObject());
    for (size_t i = 0; steps && i < steps->n; i++)
        cJSON_AddItemToArray(list, step_json(&steps->v[i], results));
    json_put(o, "steps", list);
    if (results)
        json_put(o, "definition", cJSON_Duplicate(def, 1));
    json_put_int(o, "elapsed_ms", row->elapsed_ms);
    put_time(o, "created_at", row->created_at);
    put_time(o, "updated_at", row->updated_at);
    put_time(o, "completed_at", row->completed_at);
    cJSON_Delete(def);
    return o;
}

/* A run that nobody drives rests. */
static void settle(struct api *a, struct run_row *row)
{
    struct hone_err ignored;
    int fd = !a->daemon && row->status == RUN_RUNNING ? pipe_lock(a, row->id, &ignored) : -1;
    if (fd >= 0) {
        row->status = RUN_PAUSED;
        close(fd);
    }
}

static cJSON *show(struct api *a, const char *id, int results, struct hone_err *err)
{
    struct run_row row = { 0 };
    struct step_list steps = { 0 };
    struct store *s = books_open(a, err);
    int rc = s ? run_find(s, id, &row, err) : err->code;
    if (rc >= 0)
        rc = step_list(s, row.id, &steps, err);
    books_close(a, s);
    if (rc >= 0)
        settle(a, &row);
    cJSON *out = rc >= 0 ? pipe_run_json(&row, &steps, results) : NULL;
    step_list_free(&steps);
    run_free(&row);
    return out;
}

cJSON *api_run_show(struct api *a, const cJSON *in, struct hone_err *err)
{
    api_clear(a);
    return show(a, json_str(in, "pipeline_run_id", ""), json_bool(in, "include_results", 1), err);
}

cJSON *api_run_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct run_list list = { 0 };
    const char *status = json_str(in, "status", NULL);
    cJSON *out = cJSON_CreateObject(), *runs = cJSON_CreateArray();
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? run_list(s, json_str(in, "kind", NULL), status ? run_status_by_name(status) : -1, json_int(in, "most", json_int(in, "limit", 50)), &list, err)
               : err->code == ERR_NOT_FOUND ? 0 : err->code;
    books_close(a, s);
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        settle(a, &list.v[i]);
        cJSON *o = pipe_run_json(&list.v[i], NULL, 0);
        cJSON_DeleteItemFromObjectCaseSensitive(o, "steps");
        cJSON_AddItemToArray(runs, o);
    }
    run_list_free(&list);
    json_put(out, "runs", runs);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_pipeline_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    cJSON *all = settings_files("pipelines", err), *out = all ? cJSON_CreateObject() : NULL, *p;
    (void)in;
    cJSON_ArrayForEach(p, all) {
        if (!a->call || !a->call->local)
            cJSON_DeleteItemFromObjectCaseSensitive(p, "file");
    }
    json_put(out, "pipelines", all);
    return out;
}

/* ---- beginning ---- */

/* The rows of a pipeline's steps; a sweep adds its own as it goes. */
static int insert_steps(struct store *s, const struct run_row *run, const struct pipe_plan *p, struct hone_err *err)
{
    int rc = 0;
    for (int i = 0; i < p->n && rc >= 0; i++) {
        for (int k = 0; k < p->step[i].n_parts && rc >= 0; k++) {
            struct step_row row = { .run_id = run->id, .seq = p->step[i].first + k, .name = (char *)(intptr_t)p->step[i].name, .part = k,
                                    .kind = (char *)(intptr_t)p->step[i].kind->name };
            rc = step_put(s, &row, err);
        }
    }
    return rc;
}

/* A definition that was checked, into the books. id has 64 bytes. */
static int book(struct api *a, const char *kind, const struct pipe_plan *p, char id[64], struct hone_err *err)
{
    char *text = json_text(p->def, 0);
    struct run_row row = { .kind = (char *)(intptr_t)kind, .name = (char *)(intptr_t)json_str(p->def, "name", kind), .definition = text,
                           .local = a->call && a->call->local, .status = RUN_RUNNING, .token_id = (char *)(intptr_t)quota_token(a),
                           .trace_id = (char *)(intptr_t)(a->call ? a->call->trace_id : NULL) };
    struct store *s = text ? books_make(a, err) : NULL;
    int rc = s ? store_begin(s, err) : text ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = run_insert(s, &row, err);
    if (rc >= 0)
        rc = insert_steps(s, &row, p, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    if (rc >= 0)
        snprintf(id, 64, "%s", row.id);
    free(row.id);
    free(row.tenant);
    free(text);
    return rc;
}

/* Drives a run to its end in this process and shows it. */
static cJSON *drive(struct api *a, const char *id, int workers, struct hone_err *err)
{
    struct pipe_run r;
    struct hone_err why = { 0 };
    int rc = pipe_open(&r, a, id, a->call ? a->call->hooks : NULL, err);
    if (rc < 0)
        return NULL;
    r.workers = workers;
    cJSON *begun = pipe_run_json(&r.row, &r.steps, 1);
    r.inner.event(r.inner.arg, "run", begun);
    cJSON_Delete(begun);
    rc = strcmp(r.row.kind, "sweep") == 0 ? sweep_drive(&r, &why) : pipe_drive(&r, &why);
    pipe_close(&r);
    if (rc < 0 && rc != ERR_JOB_FAILED && rc != ERR_CANCELLED) {
        *err = why;
        err->code = rc;
        return NULL;
    }
    return show(a, id, 1, err);
}

static cJSON *start(struct api *a, const char *id, const cJSON *in, struct hone_err *err)
{
    if (!a->daemon)
        return drive(a, id, (int)json_int(in, "workers", 1), err);
    queue_wake(a->daemon);
    return show(a, id, 0, err);
}

/* The definition that a request names or brings, with its lines. */
static cJSON *definition_of(struct api *a, const cJSON *in, cJSON **lines, char **file, struct hone_err *err)
{
    const char *name = json_str(in, "pipeline", NULL);
    const cJSON *given = json_get(in, "definition");
    *lines = NULL;
    *file = NULL;
    if (!name == !given) {
        hone_fail(err, HONE_EINVAL, "give either pipeline, a name, or definition");
        return NULL;
    }
    return given ? cJSON_Duplicate(given, 1) : pipe_read(name, a->call && a->call->local, lines, file, err);
}

/* Keys of a sweep that are given for this run. A text that reads as a number, true or false is that. */
static void lay_keys(cJSON *def, const cJSON *given)
{
    const cJSON *v;
    struct hone_err ignored;
    cJSON_ArrayForEach(v, given) {
        cJSON *value = cJSON_IsString(v) ? json_parse(v->valuestring, strlen(v->valuestring), v->string, &ignored) : NULL;
        if (!cJSON_IsNumber(value) && !cJSON_IsBool(value)) {
            cJSON_Delete(value);
            value = cJSON_Duplicate(v, 1);
        }
        json_put(def, v->string, value);
    }
}

/* Checks what a request asks for. kind: "pipeline" or "sweep". On success p holds the definition. */
static int check_request(struct api *a, const cJSON *in, const char **kind, struct pipe_plan *p, struct hone_err *err)
{
    cJSON *lines, *faults = cJSON_CreateArray();
    char *file;
    cJSON *def = definition_of(a, in, &lines, &file, err);
    int sweep = json_get(def, "search") != NULL || json_get(def, "space") != NULL, rc = def ? 0 : err->code;
    *p = (struct pipe_plan){ 0 };
    *kind = sweep ? "sweep" : "pipeline";
    if (rc == 0 && a->call && a->call->local && json_str(in, "directory", NULL))
        json_put_str(def, "directory", json_str(in, "directory", NULL));
    else if (rc == 0)
        cJSON_DeleteItemFromObjectCaseSensitive(def, "directory");
    if (rc == 0 && sweep) {
        lay_keys(def, json_get(in, "parameters"));
        rc = sweep_check(def, lines, file, faults, err);
        p->def = def;
    } else if (rc == 0) {
        struct hone_err other = { 0 };
        int bad = json_bool(in, "check_only", 0) && !json_get(in, "parameters") ? 0 : pipe_give(def, json_get(in, "parameters"), faults, &other);
        rc = pipe_plan_make(p, def, lines, file, faults, err);
        if (rc == 0 && bad < 0) {
            *err = other;
            rc = bad;
        }
    }
    if (cJSON_GetArraySize(faults) > 0) {
        api_clear(a);
        a->details = faults;
        faults = NULL;
    }
    cJSON_Delete(faults);
    cJSON_Delete(lines);
    free(file);
    return rc;
}

/* What check_only answers: the definition with its steps in the order in which they can be run. */
static cJSON *checked_json(const char *kind, const struct pipe_plan *p)
{
    cJSON *o = cJSON_CreateObject(), *steps = cJSON_CreateArray();
    json_put_str(o, "pipeline_run_id", NULL);
    json_put_str(o, "kind", kind);
    json_put_str(o, "name", json_str(p->def, "name", ""));
    json_put_str(o, "status", "checked");
    json_put(o, "definition", cJSON_Duplicate(p->def, 1));
    for (int i = 0; i < p->n; i++) {
        for (int k = 0; k < p->step[i].n_parts; k++) {
            struct step_row row = { .name = (char *)(intptr_t)p->step[i].name, .part = k, .kind = (char *)(intptr_t)p->step[i].kind->name };
            cJSON_AddItemToArray(steps, step_json(&row, 0));
        }
    }
    json_put(o, "steps", steps);
    return o;
}

cJSON *api_run_start(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct pipe_plan p;
    const char *kind;
    char id[64];
    cJSON *out = NULL;
    api_clear(a);
    int rc = check_request(a, in, &kind, &p, err);
    if (rc == 0 && json_bool(in, "check_only", 0))
        out = checked_json(kind, &p);
    else if (rc == 0 && (rc = book(a, kind, &p, id, err)) >= 0)
        out = start(a, id, in, err);
    pipe_plan_free(&p);
    return out;
}

/* ---- going on, ending ---- */

/* Failed and stopped steps of a run are to be tried again; of a sweep not its trials, since what was decided after them rests on their failure. */
static int reopen(struct store *s, const char *id, int sweep, struct hone_err *err)
{
    struct step_list list;
    int rc = step_list(s, id, &list, err);
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        struct step_row *row = &list.v[i];
        if ((row->status != STEP_FAILED && row->status != STEP_STOPPED) || (sweep && strcmp(row->name, "trial") == 0))
            continue;
        row->status = STEP_PENDING;
        row->attempts = row->started_at = row->completed_at = 0;
        free(row->reason);
        row->reason = NULL;
        rc = step_put(s, row, err);
    }
    step_list_free(&list);
    return rc;
}

cJSON *api_run_resume(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct run_row row = { 0 };
    char id[64] = "";
    int done = 0, lock = -1;
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? run_find(s, json_str(in, "pipeline_run_id", ""), &row, err) : err->code;
    if (rc >= 0) {
        snprintf(id, sizeof id, "%s", row.id);
        done = row.status == RUN_COMPLETED;
        if (row.status == RUN_CANCELLED)
            rc = hone_fail(err, ERR_CONFLICT, "run %s was cancelled and cannot go on; start a new one", id);
        else if (!done)
            rc = lock = pipe_lock(a, id, err);
    }
    if (rc >= 0 && !done)
        rc = store_begin(s, err);
    if (rc >= 0 && !done && row.status == RUN_FAILED)
        rc = reopen(s, id, strcmp(row.kind, "sweep") == 0, err);
    if (rc >= 0 && !done)
        rc = run_move(s, id, RUN_RUNNING, NULL, 0, err);
    if (rc >= 0 && !done)
        rc = store_commit(s, err);
    books_close(a, s);
    run_free(&row);
    if (lock >= 0)
        close(lock);
    if (rc < 0)
        return NULL;
    return done ? show(a, id, 1, err) : start(a, id, in, err);
}

cJSON *api_run_cancel(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct run_row row = { 0 };
    char id[64] = "";
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? run_find(s, json_str(in, "pipeline_run_id", ""), &row, err) : err->code;
    if (rc >= 0) {
        settle(a, &row);
        snprintf(id, sizeof id, "%s", row.id);
        rc = row.status == RUN_PAUSED || row.status == RUN_FAILED ? run_move(s, id, RUN_CANCELLED, NULL, 0, err) : run_cancel(s, id, err);
    }
    books_close(a, s);
    run_free(&row);
    if (rc >= 0 && a->daemon)
        queue_wake(a->daemon);
    return rc < 0 ? NULL : show(a, id, 0, err);
}

/* ---- for the command line ---- */

cJSON *api_definition_read(const char *file, struct hone_err *err)
{
    cJSON *lines = NULL;
    char *path = NULL;
    cJSON *def = pipe_read(file, 1, &lines, &path, err);
    cJSON_Delete(lines);
    free(path);
    return def;
}

char *api_pipeline_markdown(void)
{
    struct buf b = { 0 };
    char *steps = pipe_markdown(), *sweeps = sweep_markdown();
    buf_printf(&b, "%s\n%s", steps ? steps : "", sweeps ? sweeps : "");
    b.oom |= !steps || !sweeps;
    free(steps);
    free(sweeps);
    return buf_take(&b);
}
