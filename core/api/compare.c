/* compareTrainingRuns: the worker lets the runs answer the same rows and tests them, the books keep what it found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/comparison.h"

#define MAX_RUNS 10

static cJSON *run_frame(struct api *a, const struct job_row *row)
{
    cJSON *o = cJSON_CreateObject(), *held_out = cJSON_CreateObject();
    json_put_str(o, "job_id", row->id);
    put_state_file(o, a, "weights", row->weights_file);
    put_state_file(held_out, a, "path", row->data_file);
    put_state_file(held_out, a, "validation", row->validation_file);
    json_put_str(held_out, "format", row->data_format);
    json_put_str(held_out, "validation_format", row->validation_format);
    json_put(o, "held_out", held_out);
    json_put(o, "config", stored_json(row->config));
    json_put(o, "results", stored_json(row->results));
    return o;
}

/* One run more; jobs named twice are a fault. */
static int add_run(struct api *a, cJSON *start, cJSON *runs, const char *name, int fresh, struct hone_err *err)
{
    struct job_row row;
    cJSON *history = cJSON_CreateObject();
    const cJSON *other;
    int rc = completed_job(a, name, "compared", &row, history, err);
    if (rc < 0) {
        cJSON_Delete(history);
        return rc;
    }
    cJSON_ArrayForEach(other, runs) {
        if (strcmp(json_str(other, "job_id", ""), row.id) == 0)
            rc = hone_fail(err, HONE_EINVAL, "run_ids names job %s twice", row.id);
    }
    if (rc == 0 && !fresh)
        rc = held_out_judges(&row, err);
    if (rc == 0)
        rc = stored_data_whole(a, row.data_file, row.data_sha256, err);
    if (rc == 0 && row.validation_file)
        rc = stored_data_whole(a, row.validation_file, row.validation_sha256, err);
    if (rc == 0) {
        cJSON *o = run_frame(a, &row);
        json_put(o, "history", cJSON_DetachItemFromObject(history, "history"));
        cJSON_AddItemToArray(runs, o);
        add_model_dir(start, row.plugins);
    }
    cJSON_Delete(history);
    job_free(&row);
    return rc;
}

static int add_runs(struct api *a, cJSON *start, const cJSON *ids, int fresh, struct hone_err *err)
{
    const cJSON *id;
    cJSON *runs = json_put(start, "runs", cJSON_CreateArray());
    int rc = 0, n = cJSON_GetArraySize(ids);
    if (!cJSON_IsArray(ids) || n < 2 || n > MAX_RUNS)
        return hone_fail(err, HONE_EINVAL, "run_ids must name 2 to %d jobs, found %d", MAX_RUNS, n);
    cJSON_ArrayForEach(id, ids) {
        if (rc == 0)
            rc = cJSON_IsString(id) ? add_run(a, start, runs, id->valuestring, fresh, err) : hone_fail(err, HONE_EINVAL, "run_ids must hold texts");
    }
    return rc;
}

/* What was asked for, by which the comparison can be made again. */
static cJSON *asked(const cJSON *in, const char *file, const char *sha256)
{
    static const char *const members[] = { "comparison_metrics", "statistical_tests", "generate_recommendations", "equivalence_margin", "seed", "test_format" };
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_get(in, members[i]))
            json_put(o, members[i], cJSON_Duplicate(json_get(in, members[i]), 1));
    }
    put_asked_file(o, file, sha256);
    return o;
}

static cJSON *keep(struct api *a, cJSON *result, struct hone_err *err)
{
    cJSON *out = cJSON_CreateObject(), *ids = cJSON_CreateArray();
    const cJSON *run;
    cJSON_ArrayForEach(run, json_get(result, "runs"))
        cJSON_AddItemToArray(ids, cJSON_CreateString(json_str(run, "job_id", "")));
    char *list = json_text(ids, 0), *text = json_text(result, 0);
    struct comparison_row row = { .run_ids = list, .result = text };
    struct store *s = list && text ? books_open(a, err) : NULL;
    int rc = s ? store_begin(s, err) : list && text ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out for the comparison");
    if (rc >= 0)
        rc = comparison_insert(s, &row, err);
    if (rc >= 0) {
        json_put_str(out, "comparison_id", row.id);
        put_time(out, "created_at", row.created_at);
        for (cJSON *f = result->child, *next; f; f = next) {
            next = f->next;
            cJSON_DetachItemViaPointer(result, f);
            json_put(out, f->string, f);
        }
        rc = book_also(a, s, out, err);
    }
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    row.run_ids = row.result = NULL;
    comparison_free(&row);
    cJSON_Delete(ids);
    free(list);
    free(text);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *compare_jobs(struct api *a, const cJSON *ids, const struct test_rows *t, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const cJSON *metrics = json_get(in, "comparison_metrics");
    cJSON *start = start_frame(a, "compare");
    json_put(start, "data", test_rows_json(t));
    json_put(start, "metrics", metrics ? cJSON_Duplicate(metrics, 1) : cJSON_CreateNull());
    json_put_bool(start, "tests", json_bool(in, "statistical_tests", 1));
    json_put_bool(start, "advice", json_bool(in, "generate_recommendations", 1));
    json_put_num(start, "margin", json_num(in, "equivalence_margin", 0.01));
    json_put_int(start, "seed", json_int(in, "seed", 0));
    if (add_runs(a, start, ids, t->path != NULL, err) < 0) {
        cJSON_Delete(start);
        return NULL;
    }
    return run_task(a, start, 0, hooks, err);
}

cJSON *api_compare(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct test_rows t;
    api_clear(a);
    cJSON *result = test_rows(a, in, &t, err) < 0 ? NULL : compare_jobs(a, json_get(in, "run_ids"), &t, in, hooks, err);
    char sha256[65] = "";
    int rc = result && t.path && strcmp(t.path, "-") != 0 ? file_sha256(t.path, sha256, err) : 0;
    if (result && rc == 0)
        json_put(result, "asked", asked(in, t.path, sha256));
    cJSON *out = result && rc == 0 ? keep(a, result, err) : NULL;
    test_rows_free(a, &t);
    cJSON_Delete(result);
    return out;
}
