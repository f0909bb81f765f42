/* generateTrainingReport: what the books hold of a job, an agent or a comparison as a report tree, formatted by the worker. Nothing is
 * computed here; the sections of evaluations and comparisons are in report_judged.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/api/report_build.h"
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/store/comparison.h"
#include "core/store/evaluation.h"

static void add_summary(cJSON *sections, const cJSON *job)
{
    cJSON *items = report_section(sections, "summary", "Summary"), *v = cJSON_CreateArray();
    const cJSON *results = json_get(job, "results"), *model = json_get(job, "model"), *error = json_get(job, "error");
    cJSON_AddItemToArray(v, report_field("status", "Status", "text", report_copy(job, "status")));
    cJSON_AddItemToArray(v, report_field("stop_reason", "Why it stopped", "text", report_copy(job, "stop_reason")));
    cJSON_AddItemToArray(v, report_field("epochs_run", "Epochs run", "integer", report_copy(results, "epochs_run")));
    cJSON_AddItemToArray(v, report_field("served_epoch", "Epoch that is served", "integer", report_copy(results, "served_epoch")));
    cJSON_AddItemToArray(v, report_field("steps", "Steps", "integer", report_copy(results, "steps")));
    cJSON_AddItemToArray(v, report_field("duration_ms", "Training time in ms", "real", report_copy(results, "duration_ms")));
    cJSON_AddItemToArray(v, report_field("memory_usage_mb", "Memory in MB", "real", report_copy(results, "memory_usage_mb")));
    cJSON_AddItemToArray(v, report_field("model", "Model", "text", report_copy(model, "name")));
    cJSON_AddItemToArray(v, report_field("weights_sha256", "SHA-256 of the weights", "text", report_copy(job, "weights_sha256")));
    report_item(items, "values", v);
    if (json_str(model, "reason", NULL)) {
        char why[600];
        snprintf(why, sizeof why, "The model %s was taken: %s.", json_str(model, "name", ""), json_str(model, "reason", ""));
        report_item(items, "text", cJSON_CreateString(why));
    }
    if (json_str(error, "message", NULL))
        report_item(items, "text", report_copy(error, "message"));
}

static void add_data(cJSON *sections, const cJSON *job)
{
    cJSON *items = report_section(sections, "data", "Data"), *v = cJSON_CreateArray();
    const cJSON *data = json_get(job, "training_data"), *counts = json_get(data, "counts"), *notes = json_get(counts, "notes"), *n;
    cJSON_AddItemToArray(v, report_field("name", "File", "text", report_copy(data, "name")));
    cJSON_AddItemToArray(v, report_field("sha256", "SHA-256", "text", report_copy(data, "sha256")));
    cJSON_AddItemToArray(v, report_field("examples", "Examples", "integer", report_copy(counts, "examples")));
    cJSON_AddItemToArray(v, report_field("training", "Training rows", "integer", report_copy(counts, "training")));
    cJSON_AddItemToArray(v, report_field("validation", "Validation rows", "integer", report_copy(counts, "validation")));
    cJSON_AddItemToArray(v, report_field("outputs", "Outputs", "integer", report_copy(counts, "outputs")));
    report_item(items, "values", v);
    cJSON_ArrayForEach(n, notes)
        report_item(items, "text", report_text(n));
}

static const char *const history_keys[] = { "epoch", "step", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate" };
static const struct {
    const char *key, *title;
} curves[] = { { "loss", "Loss" }, { "validation_loss", "Validation loss" }, { "accuracy", "Accuracy" }, { "validation_accuracy", "Validation accuracy" },
               { "learning_rate", "Learning rate" } };
#define N_HISTORY ((int)(sizeof history_keys / sizeof history_keys[0]))

static void add_metrics(cJSON *sections, const cJSON *job, const cJSON *history)
{
    static const char *const columns[] = { "epoch|Epoch|integer", "step|Step|integer", "loss|Loss|real", "accuracy|Accuracy|real",
                                           "validation_loss|Validation loss|real", "validation_accuracy|Validation accuracy|real",
                                           "learning_rate|Learning rate|real", NULL };
    cJSON *items = report_section(sections, "metrics", "Metrics"), *v = cJSON_CreateArray(),
          *table = report_table("history", "Evaluations", columns);
    const cJSON *m = json_get(json_get(job, "results"), "metrics"), *row;
    cJSON_AddItemToArray(v, report_field("loss", "Loss", "real", report_copy(m, "loss")));
    cJSON_AddItemToArray(v, report_field("accuracy", "Accuracy", "real", report_copy(m, "accuracy")));
    cJSON_AddItemToArray(v, report_field("validation_loss", "Validation loss", "real", report_copy(m, "validation_loss")));
    cJSON_AddItemToArray(v, report_field("validation_accuracy", "Validation accuracy", "real", report_copy(m, "validation_accuracy")));
    report_item(items, "values", v);
    cJSON_ArrayForEach(row, history) {
        cJSON *values[N_HISTORY];
        for (int i = 0; i < N_HISTORY; i++)
            values[i] = report_copy(row, history_keys[i]);
        report_row(table, values, N_HISTORY);
    }
    report_item(items, "table", table);
}

/* Of a job that started from weights. */
static void add_forgetting(cJSON *sections, const cJSON *job)
{
    const cJSON *f = json_get(json_get(job, "results"), "forgetting");
    if (!cJSON_IsObject(f))
        return;
    cJSON *items = report_section(sections, "forgetting", "What it forgot of its base"), *v = cJSON_CreateArray();
    if (json_str(f, "why", NULL)) {
        char text[400];
        snprintf(text, sizeof text, "Not measured: %s.", json_str(f, "why", ""));
        report_item(items, "text", cJSON_CreateString(text));
        cJSON_Delete(v);
        return;
    }
    cJSON_AddItemToArray(v, report_field("rows", "Held-out rows of the base", "integer", report_copy(f, "rows")));
    cJSON_AddItemToArray(v, report_field("outputs", "Outputs that both know", "integer", report_copy(f, "outputs")));
    cJSON_AddItemToArray(v, report_field("before", "Accuracy of the base", "real", report_copy(f, "before")));
    cJSON_AddItemToArray(v, report_field("after", "Accuracy now", "real", report_copy(f, "after")));
    cJSON_AddItemToArray(v, report_field("change", "Change", "real", report_copy(f, "change")));
    report_item(items, "values", v);
}

static void add_charts(cJSON *sections, const cJSON *history)
{
    cJSON *items = report_section(sections, "charts", "Charts");
    const cJSON *row;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        cJSON *s = cJSON_CreateObject(), *x = cJSON_CreateArray(), *y = cJSON_CreateArray();
        json_put_str(s, "key", curves[i].key);
        json_put_str(s, "title", curves[i].title);
        cJSON_ArrayForEach(row, history) {
            cJSON_AddItemToArray(x, report_copy(row, "epoch"));
            cJSON_AddItemToArray(y, report_copy(row, curves[i].key));
        }
        json_put(s, "x", x);
        json_put(s, "y", y);
        report_item(items, "series", s);
    }
}

static void add_config(cJSON *sections, const cJSON *job)
{
    static const char *const columns[] = { "key|Key|text", "value|Value|text", NULL };
    static const char *const plugin_columns[] = { "kind|Kind|text", "name|Name|text", "version|Version|text", "sha256|SHA-256|text", NULL };
    cJSON *items = report_section(sections, "config", "Configuration"), *table = report_table("config", "Keys", columns);
    const cJSON *config = json_get(job, "config"), *plugins = json_get(job, "plugins"), *k;
    cJSON_ArrayForEach(k, config)
        report_row(table, (cJSON *[]){ cJSON_CreateString(k->string), report_text(k) }, 2);
    report_item(items, "table", table);
    items = report_section(sections, "environment", "Environment");
    table = report_table("plugins", "Plugins", plugin_columns);
    cJSON_ArrayForEach(k, plugins)
        report_row(table, (cJSON *[]){ report_copy(k, "kind"), report_copy(k, "name"), report_copy(k, "version"), report_copy(k, "sha256") }, 4);
    report_item(items, "table", table);
}

static cJSON *tree_begin(const char *type, const char *title, cJSON *fields, cJSON *sections)
{
    cJSON *tree = cJSON_CreateObject();
    json_put_str(tree, "type", type);
    json_put_str(tree, "title", title);
    json_put(tree, "fields", fields);
    json_put(tree, "sections", sections);
    return tree;
}

static cJSON *job_tree(const char *type, const cJSON *job, const cJSON *history, const cJSON *evaluation)
{
    cJSON *fields = cJSON_CreateArray(), *sections = cJSON_CreateArray();
    char title[320];
    snprintf(title, sizeof title, "Training of %s", json_str(job, "agent_name", json_str(job, "agent_id", "")));
    cJSON_AddItemToArray(fields, report_field("job_id", "Job", "text", report_copy(job, "job_id")));
    cJSON_AddItemToArray(fields, report_field("agent_id", "Agent", "text", report_copy(job, "agent_id")));
    cJSON_AddItemToArray(fields, report_field("started_at", "Started", "text", report_copy(job, "started_at")));
    cJSON_AddItemToArray(fields, report_field("completed_at", "Ended", "text", report_copy(job, "completed_at")));
    add_summary(sections, job);
    add_data(sections, job);
    add_metrics(sections, job, history);
    add_forgetting(sections, job);
    add_charts(sections, history);
    if (cJSON_IsObject(evaluation))
        report_evaluation(sections, evaluation);
    add_config(sections, job);
    return tree_begin(type, title, fields, sections);
}

/* ---- which sections ---- */

static const char *const section_names[] = { "summary", "config", "data", "metrics", "charts", "confusion", "calibration", "errors", "statistics",
                                             "recommendations", "environment", NULL };

/* Sections by the names of a request; the scores of an evaluation and what was forgotten go with "metrics", its learning curve with "charts". */
static int is_wanted(const cJSON *wanted, const char *key)
{
    const char *name = strcmp(key, "evaluation") == 0 || strcmp(key, "forgetting") == 0 ? "metrics" : strcmp(key, "learning_curve") == 0 ? "charts" : key;
    const cJSON *w;
    cJSON_ArrayForEach(w, wanted) {
        if (cJSON_IsString(w) && strcmp(w->valuestring, name) == 0)
            return 1;
    }
    return 0;
}

static int choose_sections(cJSON *tree, const cJSON *wanted, struct hone_err *err)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "sections"), *next;
    const cJSON *w;
    cJSON_ArrayForEach(w, wanted) {
        int known = 0;
        for (int i = 0; section_names[i]; i++)
            known |= cJSON_IsString(w) && strcmp(w->valuestring, section_names[i]) == 0;
        if (!known)
            return hone_fail(err, HONE_EINVAL, "there is no section '%.60s'; known are summary, config, data, metrics, charts, confusion, calibration, errors, "
                             "statistics, recommendations and environment", cJSON_IsString(w) ? w->valuestring : "");
    }
    for (cJSON *s = list ? list->child : NULL; s; s = next) {
        next = s->next;
        if (!is_wanted(wanted, json_str(s, "key", "")))
            cJSON_Delete(cJSON_DetachItemViaPointer(list, s));
    }
    return 0;
}

/* ---- what is reported on ---- */

/* The evaluation of the job that is shown: the newest, or the one that is given; null without one. */
static cJSON *shown_evaluation(struct api *a, const char *id, struct report_source *src, struct hone_err *err)
{
    struct evaluation_list list;
    cJSON *out = NULL;
    if (src->evaluations) {
        const cJSON *given = json_get(src->evaluations, id);
        return given ? cJSON_Duplicate(given, 1) : cJSON_CreateNull();
    }
    struct store *s = books_open(a, err);
    if (s && evaluation_list(s, id, NULL, 1, &list, err) >= 0) {
        out = stored_json(list.n ? list.v[0].result : NULL);
        json_put_str(src->used, id, list.n ? list.v[0].id : NULL);
        evaluation_list_free(&list);
    }
    books_close(a, s);
    return out;
}

static cJSON *report_job(struct api *a, const cJSON *in, const char *type, struct report_source *src, struct hone_err *err)
{
    cJSON *query = cJSON_CreateObject(), *job = api_job_show(a, in, err), *tree = NULL;
    const char *id = json_str(job, "job_id", "");
    json_put_str(query, "job_id", id);
    json_put_bool(query, "include_history", 1);
    cJSON *history = job ? monitor_json(a, query, err) : NULL, *evaluation = history ? shown_evaluation(a, id, src, err) : NULL;
    if (evaluation)
        tree = job_tree(type, job, json_get(history, "history"), evaluation);
    cJSON_Delete(evaluation);
    cJSON_Delete(history);
    cJSON_Delete(job);
    cJSON_Delete(query);
    return tree;
}

static cJSON *curve(const char *key, const char *title)
{
    cJSON *s = cJSON_CreateObject();
    json_put_str(s, "key", key);
    json_put_str(s, "title", title);
    json_put(s, "x", cJSON_CreateArray());
    json_put(s, "y", cJSON_CreateArray());
    return s;
}

/* Takes y. Points are put in front, as jobs come newest first. */
static void add_point(cJSON *s, int x, cJSON *y)
{
    cJSON_InsertItemInArray(cJSON_GetObjectItemCaseSensitive(s, "x"), 0, cJSON_CreateNumber(x));
    cJSON_InsertItemInArray(cJSON_GetObjectItemCaseSensitive(s, "y"), 0, y);
}

/* An agent's jobs and what their newest evaluations say. */
static cJSON *report_agent(struct api *a, const cJSON *in, struct report_source *src, struct hone_err *err)
{
    static const char *const columns[] = { "job|Job|text", "status|Status|text", "model|Model|text", "validation_accuracy|Validation accuracy|real",
                                           "overall_score|Score|real", "quality_grade|Grade|text", "completed_at|Ended|text", NULL };
    cJSON *agent = api_agent_show(a, in, err), *sections = cJSON_CreateArray(), *fields = cJSON_CreateArray();
    const cJSON *j;
    char title[320];
    if (!agent) {
        cJSON_Delete(sections);
        cJSON_Delete(fields);
        return NULL;
    }
    snprintf(title, sizeof title, "Agent %s", json_str(agent, "name", json_str(agent, "agent_id", "")));
    cJSON_AddItemToArray(fields, report_field("agent_id", "Agent", "text", report_copy(agent, "agent_id")));
    cJSON_AddItemToArray(fields, report_field("created_at", "Created", "text", report_copy(agent, "created_at")));
    cJSON *items = report_section(sections, "summary", "Trainings"), *table = report_table("jobs", "Jobs, newest first", columns);
    cJSON *validation = curve("validation_accuracy", "Validation accuracy by training, oldest first"), *scores = curve("overall_score", "Score by training, oldest first");
    int x = cJSON_GetArraySize(json_get(agent, "jobs"));
    cJSON_ArrayForEach(j, json_get(agent, "jobs")) {
        cJSON *evaluation = shown_evaluation(a, json_str(j, "job_id", ""), src, err);
        cJSON *job = show_job(a, json_str(j, "job_id", ""), err);
        const cJSON *e = json_get(evaluation, "evaluation"), *m = json_get(json_get(job, "results"), "metrics");
        report_row(table, (cJSON *[]){ report_copy(j, "job_id"), report_copy(j, "status"), report_copy(json_get(job, "model"), "name"),
                                       report_copy(m, "validation_accuracy"), report_copy(e, "overall_score"), report_copy(e, "quality_grade"),
                                       report_copy(job, "completed_at") }, 7);
        add_point(validation, x, report_copy(m, "validation_accuracy"));
        add_point(scores, x--, report_copy(e, "overall_score"));
        cJSON_Delete(job);
        cJSON_Delete(evaluation);
    }
    report_item(items, "table", table);
    report_item(items, "series", validation);
    report_item(items, "series", scores);
    cJSON_Delete(agent);
    return tree_begin("agent_summary", title, fields, sections);
}

/* The ids of the jobs that a comparison is of, with blanks between. */
static cJSON *runs_text(const cJSON *found)
{
    struct buf b = { 0 };
    const cJSON *run;
    cJSON_ArrayForEach(run, json_get(found, "runs"))
        buf_printf(&b, "%s%s", b.n ? " " : "", json_str(run, "job_id", ""));
    cJSON *v = cJSON_CreateString(b.n && !buf_oom(&b) ? buf_str(&b) : "");
    buf_free(&b);
    return v;
}

/* A comparison that is kept, or one made for the report. */
static cJSON *report_compared(struct api *a, const cJSON *in, const struct report_source *src, struct hone_err *err)
{
    const char *id = json_str(in, "comparison_id", NULL);
    cJSON *found = NULL, *sections = cJSON_CreateArray(), *fields = cJSON_CreateArray(), *query = cJSON_CreateObject();
    if (src->comparison) {
        found = cJSON_Duplicate(src->comparison, 1);
    } else if (id) {
        struct comparison_row row;
        struct store *s = books_open(a, err);
        if (s && comparison_get(s, id, &row, err) >= 0) {
            found = stored_json(row.result);
            comparison_free(&row);
        }
        books_close(a, s);
    } else {
        const struct test_rows none = { .hold = -1 };
        found = compare_jobs(a, json_get(in, "run_ids"), &none, query, NULL, err);
    }
    cJSON_AddItemToArray(fields, report_field("comparison_id", "Comparison", "text", id ? cJSON_CreateString(id) : cJSON_CreateNull()));
    cJSON_AddItemToArray(fields, report_field("runs", "Runs", "text", runs_text(found)));
    if (found)
        report_comparison(sections, found);
    cJSON *tree = found ? tree_begin("comparison", "Comparison of training runs", fields, sections) : NULL;
    if (!found) {
        cJSON_Delete(fields);
        cJSON_Delete(sections);
    }
    cJSON_Delete(found);
    cJSON_Delete(query);
    return tree;
}

/* The tree that a request asks for. */
static cJSON *tree_of(struct api *a, const cJSON *in, struct report_source *src, struct hone_err *err)
{
    const char *job = json_str(in, "job_id", NULL), *agent = json_str(in, "agent_id", NULL), *type = json_str(in, "report_type", NULL);
    int compared = json_str(in, "comparison_id", NULL) || json_get(in, "run_ids");
    type = type ? type : job ? "single_job" : agent ? "agent_summary" : compared ? "comparison" : "";
    if (job && (strcmp(type, "single_job") == 0 || strcmp(type, "executive") == 0))
        return report_job(a, in, type, src, err);
    if (agent && strcmp(type, "agent_summary") == 0)
        return report_agent(a, in, src, err);
    if (compared && strcmp(type, "comparison") == 0)
        return report_compared(a, in, src, err);
    hone_fail(err, HONE_EINVAL, "a report of type %s needs %s", *type ? type : "single_job", strcmp(type, "agent_summary") == 0 ? "agent_id" :
              strcmp(type, "comparison") == 0 ? "run_ids or a comparison_id" : *type ? "job_id" : "job_id, agent_id, run_ids or a comparison_id");
    return NULL;
}

/* What was asked for, with ids in place of names. */
static cJSON *resolved(const cJSON *in, const cJSON *fields)
{
    cJSON *asked = cJSON_Duplicate(in, 1);
    const cJSON *f;
    cJSON_ArrayForEach(f, fields) {
        const char *key = json_str(f, "key", ""), *value = json_str(f, "value", NULL);
        if (value && json_get(asked, key) && (strcmp(key, "job_id") == 0 || strcmp(key, "agent_id") == 0))
            json_put_str(asked, key, value);
        if (value && json_get(asked, "run_ids") && strcmp(key, "runs") == 0)
            json_put(asked, "run_ids", json_words(value, ' '));
    }
    return asked;
}

static int add_stamp(cJSON *tree, const cJSON *in, const struct report_source *src, struct hone_err *err)
{
    cJSON *fields = cJSON_GetObjectItemCaseSensitive(tree, "fields"), *asked = resolved(in, fields);
    char *stamp = report_stamp(asked, json_str(tree, "type", ""), src->used);
    cJSON_Delete(asked);
    if (!stamp)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    cJSON_AddItemToArray(fields, report_field("made_by", "Made by", "text", cJSON_CreateString(stamp)));
    free(stamp);
    return 0;
}

cJSON *report_made(struct api *a, const cJSON *in, struct report_source *src, struct hone_err *err)
{
    static const char *const brief[] = { "summary", "metrics", "recommendations" };
    if (!src->used)
        src->used = cJSON_CreateObject();
    cJSON *tree = tree_of(a, in, src, err), *wanted = NULL;
    const cJSON *sections = json_get(in, "include_sections");
    if (!tree)
        return NULL;
    if (!cJSON_IsArray(sections) && strcmp(json_str(tree, "type", ""), "executive") == 0)
        sections = wanted = cJSON_CreateStringArray(brief, 3);
    int rc = cJSON_IsArray(sections) ? choose_sections(tree, sections, err) : 0;
    if (rc == 0)
        rc = add_stamp(tree, in, src, err);
    cJSON_Delete(wanted);
    if (rc == 0)
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

cJSON *report_written(struct api *a, const cJSON *in, cJSON *tree, int fd, struct hone_err *err)
{
    cJSON *start = start_frame(a, "report");
    json_put_str(start, "format", json_str(in, "format", "markdown"));
    json_put(start, "options", json_get(in, "options") ? cJSON_Duplicate(json_get(in, "options"), 1) : cJSON_CreateNull());
    json_put(start, "report", tree);
    json_put_str(start, "output", json_str(in, "output", NULL));
    return run_task(a, start, fd, NULL, err);
}

cJSON *api_report(struct api *a, const cJSON *in, int fd, struct hone_err *err)
{
    struct report_source src = { 0 };
    cJSON *tree = report_made(a, in, &src, err);
    cJSON_Delete(src.used);
    return tree ? report_written(a, in, tree, fd, err) : NULL;
}
