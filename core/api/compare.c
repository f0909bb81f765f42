/* compareTrainingRuns: the worker lets the runs answer the same rows and tests them, the books keep what it found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
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

static int add_runs(struct api *a, cJSON *start, const cJSON *in, struct hone_err *err)
{
    const cJSON *ids = json_get(in, "run_ids"), *id;
    cJSON *runs = cJSON_CreateArray();
    int fresh = json_get(in, "test_data") != NULL, rc = 0, n = cJSON_GetArraySize(ids);
    json_put(start, "runs", runs);
    if (!cJSON_IsArray(ids) || n < 2 || n > MAX_RUNS)
        return hone_fail(err, HONE_EINVAL, "run_ids must name 2 to %d jobs, found %d", MAX_RUNS, n);
    cJSON_ArrayForEach(id, ids) {
        if (rc == 0)
            rc = cJSON_IsString(id) ? add_run(a, start, runs, id->valuestring, fresh, err) : hone_fail(err, HONE_EINVAL, "run_ids must hold texts");
    }
    return rc;
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
    int rc = s ? comparison_insert(s, &row, err) : err->code;
    books_close(a, s);
    if (rc >= 0) {
        json_put_str(out, "comparison_id", row.id);
        put_time(out, "created_at", row.created_at);
        for (cJSON *f = result->child, *next; f; f = next) {
            next = f->next;
            cJSON_DetachItemViaPointer(result, f);
            cJSON_AddItemToObject(out, f->string, f);
        }
    }
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

cJSON *api_compare(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const cJSON *test = json_get(in, "test_data"), *metrics = json_get(in, "comparison_metrics");
    const char *file = json_str(test, "file", NULL);
    cJSON *start = start_frame(a, "compare"), *data = file ? cJSON_CreateObject() : cJSON_CreateNull(), *out = NULL;
    api_clear(a);
    if (file) {
        json_put_str(data, "path", file);
        json_put_str(data, "format", json_str(test, "format", "auto"));
    }
    json_put(start, "data", data);
    json_put(start, "metrics", metrics ? cJSON_Duplicate(metrics, 1) : cJSON_CreateNull());
    json_put_bool(start, "tests", json_bool(in, "statistical_tests", 1));
    json_put_bool(start, "advice", json_bool(in, "generate_recommendations", 1));
    json_put_num(start, "margin", json_num(in, "equivalence_margin", 0.01));
    json_put_int(start, "seed", json_int(in, "seed", 0));
    int rc = file ? file_usable(file, err) : 0;
    if (rc == 0)
        rc = add_runs(a, start, in, err);
    if (rc < 0)
        cJSON_Delete(start);
    cJSON *result = rc < 0 ? NULL : run_task(a, start, 0, hooks, err);
    if (result)
        out = keep(a, result, err);
    cJSON_Delete(result);
    return out;
}
