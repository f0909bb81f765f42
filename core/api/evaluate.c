/* evaluateTrainingResults: the worker judges, the books keep what it found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/evaluation.h"

static void put_fields(cJSON *start, const struct api *a, const struct job_row *row, const cJSON *in)
{
    const cJSON *test = json_get(in, "test_data"), *criteria = json_get(in, "evaluation_criteria");
    cJSON *data = cJSON_CreateNull(), *held_out = cJSON_CreateObject();
    put_state_file(start, a, "weights", row->weights_file);
    put_state_file(held_out, a, "path", row->data_file);
    put_state_file(held_out, a, "validation", row->validation_file);
    json_put_str(held_out, "format", row->data_format);
    json_put(start, "held_out", held_out);
    if (test) {
        cJSON_Delete(data);
        data = cJSON_CreateObject();
        json_put_str(data, "path", json_str(test, "file", NULL));
        json_put_str(data, "format", json_str(test, "format", "auto"));
    }
    json_put(start, "data", data);
    json_put_str(start, "rules", json_str(in, "safety_rules", NULL));
    json_put(start, "criteria", criteria ? cJSON_Duplicate(criteria, 1) : cJSON_CreateNull());
    json_put(start, "config", stored_json(row->config));
}

/* For an estimate from a log of actions instead of an evaluation of answers. */
static void put_log(cJSON *start, const cJSON *in)
{
    cJSON *log = cJSON_CreateObject();
    json_put_str(log, "path", json_str(json_get(in, "log"), "file", NULL));
    json_put_str(log, "format", json_str(json_get(in, "log"), "format", "auto"));
    json_put(start, "log", log);
    json_put_str(start, "policy", json_str(in, "policy", "best"));
    json_put_num(start, "switch_at", json_num(in, "switch_at", 10));
}

int held_out_judges(const struct job_row *row, struct hone_err *err)
{
    cJSON *counts = stored_json(row->data_counts);
    int logged = json_bool(counts, "logged", 0);
    cJSON_Delete(counts);
    return logged ? hone_fail(err, ERR_PRECONDITION, "job %s learned from logged actions; the rows that it held out say what was done, not what is right: "
                              "give labelled rows with --test FILE, or a log with --log FILE", row->id) : 0;
}

/* Stores the evaluation and puts ids in front of its fields. */
static cJSON *keep(struct api *a, const struct job_row *row, const cJSON *in, cJSON *result, struct hone_err *err)
{
    const char *file = json_str(json_get(in, json_get(in, "log") ? "log" : "test_data"), "file", NULL);
    char sha256[65] = "";
    cJSON *out = cJSON_CreateObject();
    json_put_str(out, "job_id", row->id);
    json_put_str(out, "agent_id", row->agent_id);
    for (cJSON *f = result->child, *next; f; f = next) {
        next = f->next;
        cJSON_DetachItemViaPointer(result, f);
        cJSON_AddItemToObject(out, f->string, f);
    }
    int rc = file && strcmp(file, "-") != 0 ? file_sha256(file, sha256, err) : 0;
    char *text = json_text(out, 0), *criteria = json_get(in, "evaluation_criteria") ? json_text(json_get(in, "evaluation_criteria"), 0) : NULL;
    struct evaluation_row e = { .job_id = row->id, .data_sha256 = *sha256 ? sha256 : NULL, .weights_sha256 = row->weights_sha256,
                                .criteria = criteria, .overall_score = json_num(json_get(out, "evaluation"), "overall_score", NAN),
                                .result = text };
    struct store *s = rc >= 0 && text ? books_open(a, err) : NULL;
    rc = s ? evaluation_insert(s, &e, err) : rc < 0 ? rc : err->code;
    books_close(a, s);
    if (rc >= 0) {
        json_put_str(out, "evaluation_id", e.id);
        put_time(out, "created_at", e.created_at);
    }
    free(e.id);
    free(text);
    free(criteria);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_evaluate(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct job_row row;
    const char *name = need_text(in, "job_id", err), *log = json_str(json_get(in, "log"), "file", NULL);
    const char *test = log ? log : json_str(json_get(in, "test_data"), "file", NULL);
    api_clear(a);
    const char *rules = json_str(in, "safety_rules", NULL);
    if (!name || (test && file_usable(test, err) < 0) || (rules && file_usable(rules, err) < 0))
        return NULL;
    cJSON *start = start_frame(a, log ? "off_policy" : "evaluate"), *out = NULL;
    if (completed_job(a, name, "evaluated", &row, start, err) < 0) {
        cJSON_Delete(start);
        return NULL;
    }
    put_fields(start, a, &row, in);
    if (log)
        put_log(start, in);
    add_model_dir(start, row.plugins);
    int rc = test ? 0 : held_out_judges(&row, err);
    if (rc == 0 && !test)
        rc = stored_data_whole(a, row.data_file, row.data_sha256, err);
    if (rc == 0 && !test && row.validation_file)
        rc = stored_data_whole(a, row.validation_file, row.validation_sha256, err);
    if (rc < 0)
        cJSON_Delete(start);
    cJSON *result = rc < 0 ? NULL : run_task(a, start, 0, hooks, err);
    if (result)
        out = keep(a, &row, in, result, err);
    struct kept data = { .name = row.data_name, .path = state_path(a, row.data_file) };
    const struct kept *const files[] = { &data };
    if (!result)
        user_names(err, files, 1);
    free(data.path);
    cJSON_Delete(result);
    job_free(&row);
    return out;
}
