/* The steps of a sweep in its run, and the rows of examples that it searches and tests with. See sweep.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/sweep.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/data/convert.h"

struct step_row *sweep_add_row(struct pipe_run *r, const char *name, int part, const char *kind)
{
    struct step_row *v = realloc(r->steps.v, (r->steps.n + 1) * sizeof *v);
    if (!v)
        return NULL;
    r->steps.v = v;
    v[r->steps.n] = (struct step_row){ .run_id = strdup(r->row.id), .seq = (int64_t)r->steps.n, .name = strdup(name), .part = part, .kind = strdup(kind) };
    return v[r->steps.n].run_id && v[r->steps.n].name && v[r->steps.n].kind ? &v[r->steps.n++] : NULL;
}

struct step_row *sweep_row_named(struct pipe_run *r, const char *name, const char *kind)
{
    for (size_t i = 0; i < r->steps.n; i++) {
        if (strcmp(r->steps.v[i].name, name) == 0)
            return &r->steps.v[i];
    }
    return sweep_add_row(r, name, 0, kind);
}

void sweep_end(struct step_row *row, enum step_status status, const cJSON *result, const char *reason)
{
    if (result) {
        free(row->result);
        row->result = json_text(result, 0);
    }
    free(row->reason);
    row->reason = json_copy(reason);
    row->status = status;
    row->completed_at = clock_wall_ms();
    row->started_at = row->started_at ? row->started_at : row->completed_at;
}

int sweep_is_trial(const struct step_row *row)
{
    return strcmp(row->name, "trial") == 0;
}

int sweep_ended(const struct step_row *row)
{
    return row->status == STEP_COMPLETED || row->status == STEP_FAILED;
}

/* ---- the rows of the search and of the test ---- */

int sweep_write(void *arg, struct store *s, const cJSON *data, struct hone_err *err)
{
    sweep_end(arg, STEP_COMPLETED, data, NULL);
    return step_put(s, arg, err);
}

/* A file of ours becomes a dataset, together with the end of the step. */
static int keep_rows(struct driving *d, struct step_row *row, const char *file, const char *format, struct hone_err *err)
{
    char name[160];
    struct api_call call = d->r->call;
    cJSON *in = cJSON_CreateObject();
    call.local = 1;
    call.also = sweep_write;
    call.also_arg = row;
    snprintf(name, sizeof name, "%.60s of sweep %.60s", row->name, d->r->row.id);
    json_put_str(in, "file", file);
    json_put_str(in, "format", format);
    json_put_str(in, "name", name);
    cJSON *data = pipe_call(d->r, "uploadDataset", in, &call, err);
    if (data)
        pipe_tell(d->r, row);
    int rc = data ? 0 : err->code;
    cJSON_Delete(data);
    return rc;
}

/* The file behind `data` or `test`, as a file of this machine (kept_free()). */
static int find_rows(struct driving *d, const char *key, const char *format_key, struct kept *k, struct hone_err *err)
{
    const char *given = json_str(d->r->plan.def, key, ""), *format = json_str(d->r->plan.def, format_key, NULL);
    const char *dir = json_str(d->r->plan.def, "directory", NULL);
    int dataset = strncmp(given, "data_", 5) == 0 && !strpbrk(given, "/."), module = strncmp(given, "module_", 7) == 0 && !strpbrk(given, "/.");
    if (!dataset && !module && !d->r->row.local)
        return hone_fail(err, HONE_EINVAL, "%s: a file of the server's machine cannot be named from outside; upload a dataset", key);
    char *path = !dataset && !module && given[0] != '/' && dir ? path_join(dir, given) : strdup(given);
    const struct source src = { .file = dataset || module ? NULL : path, .format = format, .dataset_id = dataset ? given : NULL, .module_id = module ? given : NULL };
    int rc = path ? keep_source(&d->r->a, &src, key, k, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(path);
    return rc;
}

/* Parts the data into two files of the run's own; path[] are free()d by the caller. */
static int cut(struct driving *d, const struct kept *k, char *path[2], struct hone_err *err)
{
    int format = data_format_of_name(k->format);
    const struct read_options options = { .format = format < 0 ? DATA_AUTO : (enum data_format)format };
    char *dir = state_path(&d->r->a, "runs");
    int64_t n[2];
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        if (!dir || asprintf(&path[i], "%s/%s.%s.jsonl", dir, d->r->row.id, i ? "test" : "search") < 0) {
            path[i] = NULL;
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
        }
    }
    if (rc == 0)
        rc = data_split_file(k->path, &options, d->w.holdout, (uint64_t)d->w.seed, path[0], path[1], &n[0], &n[1], err);
    free(dir);
    return rc;
}

static int prepare_rows(struct driving *d, struct hone_err *err)
{
    struct kept data = { 0 }, test = { 0 };
    char *path[2] = { NULL, NULL };
    int own = json_str(d->r->plan.def, "test", NULL) != NULL, hold = hold_data(&d->r->a, err);
    const struct kept *const files[] = { &data, &test };
    int rc = hold < 0 ? hold : find_rows(d, "data", "format", &data, err);
    if (rc >= 0)
        rc = own ? find_rows(d, "test", "test_format", &test, err) : cut(d, &data, path, err);
    for (int i = 0; i < SWEEP_ROWS_STEPS && rc >= 0; i++) {
        struct step_row *row = sweep_row_named(d->r, i ? "test_rows" : "search_rows", "rows");
        if (!row)
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
        else if (!sweep_ended(row))
            rc = keep_rows(d, row, own ? (i ? test.path : data.path) : path[i], own ? (i ? test.format : data.format) : "jsonl", err);
    }
    if (rc < 0)
        user_names(err, files, 2);
    for (int i = 0; i < 2; i++) {
        if (path[i])
            unlink(path[i]);
        free(path[i]);
    }
    if (*test.sha256)
        drop_unused(&d->r->a, test.sha256, dup(hold));
    if (*data.sha256)
        drop_unused(&d->r->a, data.sha256, hold);
    else if (hold >= 0)
        close(hold);
    kept_free(&data);
    kept_free(&test);
    return rc;
}

int sweep_take_rows(struct driving *d, struct hone_err *err)
{
    int rc = d->r->steps.n < SWEEP_ROWS_STEPS || !sweep_ended(&d->r->steps.v[0]) || !sweep_ended(&d->r->steps.v[1]) ? prepare_rows(d, err) : 0;
    for (int i = 0; i < SWEEP_ROWS_STEPS && rc >= 0; i++) {
        cJSON *result = stored_json(d->r->steps.v[i].result);
        snprintf(i ? d->test_id : d->rows_id, sizeof d->rows_id, "%s", json_str(result, "dataset_id", ""));
        cJSON_Delete(result);
    }
    return rc < 0 ? rc : 0;
}
