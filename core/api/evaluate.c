/* evaluateTrainingResults: the worker judges, the books keep what it found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/evaluation.h"

static void put_fields(cJSON *start, const struct api *a, const struct job_row *row, const cJSON *in, const struct test_rows *t)
{
    const cJSON *criteria = json_get(in, "evaluation_criteria");
    cJSON *held_out = cJSON_CreateObject();
    put_state_file(start, a, "weights", row->weights_file);
    put_state_file(held_out, a, "path", row->data_file);
    put_state_file(held_out, a, "validation", row->validation_file);
    json_put_str(held_out, "format", row->data_format);
    json_put(start, "held_out", held_out);
    json_put(start, "data", test_rows_json(t));
    json_put_str(start, "rules", json_str(in, "safety_rules", NULL));
    json_put(start, "criteria", criteria ? cJSON_Duplicate(criteria, 1) : cJSON_CreateNull());
    json_put_str(start, "learning_curve", json_str(in, "learning_curve", "auto"));
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
                              "give labelled rows as test_data (on the command line --test FILE, or a log with --log FILE)", row->id) : 0;
}

/* The result with ids in front, and behind it what was asked for, by which it can be computed again. */
static cJSON *in_full(const struct job_row *row, const cJSON *in, const char *file, const char *sha256, cJSON *result)
{
    static const char *const members[] = { "evaluation_criteria", "benchmark_against", "safety_rules", "learning_curve", "test_format" };
    cJSON *out = cJSON_CreateObject(), *asked = cJSON_CreateObject();
    json_put_str(out, "job_id", row->id);
    json_put_str(out, "agent_id", row->agent_id);
    for (cJSON *f = result->child, *next; f; f = next) {
        next = f->next;
        cJSON_DetachItemViaPointer(result, f);
        cJSON_AddItemToObject(out, f->string, f);
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_get(in, members[i]))
            json_put(asked, members[i], cJSON_Duplicate(json_get(in, members[i]), 1));
    }
    put_asked_file(asked, file, sha256);
    json_put(out, "asked", asked);
    return out;
}

/* Stores the evaluation. Takes out. */
static cJSON *keep(struct api *a, const struct job_row *row, const cJSON *in, cJSON *out, struct hone_err *err)
{
    const char *sha256 = json_str(json_get(out, "asked"), "test_sha256", NULL);
    char *text = json_text(out, 0), *criteria = json_get(in, "evaluation_criteria") ? json_text(json_get(in, "evaluation_criteria"), 0) : NULL;
    const char *benchmark = json_str(json_get(out, "benchmark_comparison"), "baseline_job_id", NULL);
    struct evaluation_row e = { .job_id = row->id, .data_sha256 = (char *)(uintptr_t)sha256, .weights_sha256 = row->weights_sha256,
                                .criteria = criteria, .benchmark_job = benchmark ? (char *)(uintptr_t)benchmark : NULL, .overall_score = json_num(json_get(out, "evaluation"), "overall_score", NAN),
                                .result = text };
    struct store *s = text ? books_open(a, err) : NULL;
    int rc = s ? store_begin(s, err) : text ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out for the evaluation");
    if (rc >= 0)
        rc = evaluation_insert(s, &e, err);
    if (rc >= 0) {
        json_put_str(out, "evaluation_id", e.id);
        put_time(out, "created_at", e.created_at);
        rc = book_also(a, s, out, err);
    }
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    free(e.id);
    free(text);
    free(criteria);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

/* The job against a baseline on rows that neither was trained on. */
static int put_benchmark(struct api *a, cJSON *result, const struct job_row *row, const cJSON *in, const struct test_rows *t,
                         const struct api_hooks *hooks, struct hone_err *err)
{
    cJSON *ids = cJSON_CreateArray(), *query = cJSON_CreateObject(), *o = cJSON_CreateObject();
    cJSON_AddItemToArray(ids, cJSON_CreateString(row->id));
    cJSON_AddItemToArray(ids, cJSON_CreateString(json_str(in, "benchmark_against", "")));
    json_put_bool(query, "generate_recommendations", 0);
    cJSON *found = compare_jobs(a, ids, t, query, hooks, err);
    const cJSON *runs = json_get(found, "runs"), *mine = runs ? runs->child : NULL, *theirs = mine ? mine->next : NULL;
    const cJSON *pair = json_get(json_get(found, "statistical_analysis"), "pairs"), *p = pair ? pair->child : NULL;
    double accuracy = json_num(json_get(mine, "results"), "accuracy", NAN), before = json_num(json_get(theirs, "results"), "accuracy", NAN);
    double loss = json_num(json_get(mine, "results"), "loss", NAN), loss_before = json_num(json_get(theirs, "results"), "loss", NAN);
    json_put_str(o, "baseline_job_id", json_str(theirs, "job_id", NULL));
    json_put_num(o, "accuracy_improvement", 100 * (accuracy - before));
    json_put_num(o, "loss_reduction", loss_before > 0 ? 100 * (loss_before - loss) / loss_before : (double)NAN);
    json_put_num(o, "accuracy", accuracy);
    json_put_num(o, "baseline_accuracy", before);
    json_put_num(o, "loss", loss);
    json_put_num(o, "baseline_loss", loss_before);
    json_put(o, "paired_test", p ? cJSON_Duplicate(p, 1) : cJSON_CreateNull());
    json_put(o, "test", json_get(found, "test") ? cJSON_Duplicate(json_get(found, "test"), 1) : cJSON_CreateNull());
    json_put_str(o, "verdict", json_str(found, "winner_reason", NULL));
    if (found)
        json_put(result, "benchmark_comparison", o);
    else
        cJSON_Delete(o);
    int rc = found ? 0 : err->code;
    cJSON_Delete(found);
    cJSON_Delete(query);
    cJSON_Delete(ids);
    return rc;
}

/* Runs the task. `file`: whose rows were judged, NULL: the job's own. */
static cJSON *judge(struct api *a, const struct job_row *row, cJSON *start, const cJSON *in, const struct test_rows *t, const char *file,
                    const struct api_hooks *hooks, struct hone_err *err)
{
    struct kept data = { .name = row->data_name, .path = state_path(a, row->data_file) };
    const struct kept *const files[] = { &data };
    cJSON *result = run_task(a, start, 0, hooks, err), *out = NULL;
    char sha256[65] = "";
    int rc = result ? 0 : err->code;
    if (rc == 0 && json_str(in, "benchmark_against", NULL))
        rc = put_benchmark(a, result, row, in, t, hooks, err);
    if (rc == 0)
        rc = file && strcmp(file, "-") != 0 ? file_sha256(file, sha256, err) : 0;
    else
        user_names(err, files, 1);
    if (rc == 0)
        out = in_full(row, in, file, sha256, result);
    free(data.path);
    cJSON_Delete(result);
    return out;
}

/* Metrics are named; one given by path would be code of the server's machine that a client chose. */
static int check_criteria(struct api *a, const cJSON *in, struct hone_err *err)
{
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(in, "evaluation_criteria")) {
        const char *name = cJSON_IsString(c) ? c->valuestring : json_str(c, "name", "");
        if (a->call && !a->call->local && strchr(name, '/'))
            return hone_fail(err, HONE_EINVAL, "evaluation_criteria: '%.80s' is a file of the server's machine, which cannot be named from outside; "
                             "give the metric's name", name);
    }
    return 0;
}

cJSON *evaluate_job(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct job_row *row, struct hone_err *err)
{
    struct test_rows t;
    const char *name = need_text(in, "job_id", err), *log = json_str(json_get(in, "log"), "file", NULL), *rules = json_str(in, "safety_rules", NULL);
    api_clear(a);
    if (!name || (log && file_usable(log, err) < 0) || (rules && file_usable(rules, err) < 0) ||
        check_criteria(a, in, err) < 0)
        return NULL;
    if (test_rows(a, in, &t, err) < 0) {
        test_rows_free(a, &t);
        return NULL;
    }
    const char *test = log ? log : t.path;
    if (test && strcmp(test, "-") == 0 && json_str(in, "benchmark_against", NULL)) {
        hone_fail(err, HONE_EINVAL, "rows from standard input can be read once only; put them into a file to compare with a baseline");
        return NULL;
    }
    cJSON *start = start_frame(a, log ? "off_policy" : "evaluate"), *out = NULL;
    if (completed_job(a, name, "evaluated", row, start, err) < 0) {
        cJSON_Delete(start);
        test_rows_free(a, &t);
        return NULL;
    }
    put_fields(start, a, row, in, &t);
    char sha256[65];
    struct hone_err unread = { 0 }; /* the worker tells of a log that cannot be read */
    if (log)
        put_log(start, in);
    if (log && strcmp(log, "-") != 0 && row->data_sha256 && file_sha256(log, sha256, &unread) == 0)
        json_put_bool(start, "learned_from", strcmp(sha256, row->data_sha256) == 0);
    add_model_dir(start, row->plugins);
    int rc = test ? 0 : held_out_judges(row, err);
    if (rc == 0 && !test)
        rc = stored_data_whole(a, row->data_file, row->data_sha256, err);
    if (rc == 0 && !test && row->validation_file)
        rc = stored_data_whole(a, row->validation_file, row->validation_sha256, err);
    if (rc < 0)
        cJSON_Delete(start);
    else
        out = judge(a, row, start, in, &t, test, hooks, err);
    test_rows_free(a, &t);
    if (!out)
        job_free(row);
    return out;
}

cJSON *api_evaluate(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct job_row row;
    cJSON *out = evaluate_job(a, in, hooks, &row, err);
    if (!out)
        return NULL;
    out = keep(a, &row, in, out, err);
    job_free(&row);
    return out;
}
