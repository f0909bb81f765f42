/* generateTrainingReport for one job: what the books hold of it as a report tree, formatted by the worker. Nothing is computed here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/api/report_build.h"
#include "core/base/json.h"
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
    if (json_str(model, "reason", NULL))
        report_item(items, "text", report_copy(model, "reason"));
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

static void add_charts(cJSON *sections, const cJSON *history)
{
    static const char *const titles[] = { "Loss", "Accuracy", "Validation loss", "Validation accuracy", "Learning rate" };
    cJSON *items = report_section(sections, "charts", "Charts");
    const cJSON *row;
    for (int i = 2; i < N_HISTORY; i++) {
        cJSON *s = cJSON_CreateObject(), *x = cJSON_CreateArray(), *y = cJSON_CreateArray();
        json_put_str(s, "key", history_keys[i]);
        json_put_str(s, "title", titles[i - 2]);
        cJSON_ArrayForEach(row, history) {
            cJSON_AddItemToArray(x, report_copy(row, "epoch"));
            cJSON_AddItemToArray(y, report_copy(row, history_keys[i]));
        }
        json_put(s, "x", x);
        json_put(s, "y", y);
        report_item(items, "series", s);
    }
}

static void add_scores(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "metric|Metric|text", "value|Value|real", NULL };
    static const char *const pair_columns[] = { "expected|Expected|text", "predicted|Predicted|text", "rows|Rows|integer", NULL };
    const cJSON *evaluation = json_get(e, "evaluation"), *scores = json_get(evaluation, "metric_scores"), *pairs = json_get(e, "confused"), *m;
    cJSON *items = report_section(sections, "evaluation", "Evaluation"), *v = cJSON_CreateArray(),
          *table = report_table("metric_scores", "Scores", columns), *confused = report_table("confused", "Confused outputs", pair_columns);
    cJSON_AddItemToArray(v, report_field("overall_score", "Overall score", "real", report_copy(evaluation, "overall_score")));
    cJSON_AddItemToArray(v, report_field("quality_grade", "Grade", "text", report_copy(evaluation, "quality_grade")));
    report_item(items, "values", v);
    report_item(items, "text", report_text(json_get(evaluation, "summary")));
    cJSON_ArrayForEach(m, scores)
        report_row(table, (cJSON *[]){ cJSON_CreateString(m->string), cJSON_Duplicate(m, 1) }, 2);
    report_item(items, "table", table);
    cJSON_ArrayForEach(m, pairs)
        report_row(confused, (cJSON *[]){ report_copy(m, "expected"), report_copy(m, "predicted"), report_copy(m, "rows") }, 3);
    report_item(items, "table", confused);
}

static void add_advice(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "priority|Priority|text", "category|Category|text", "recommendation|Recommendation|text",
                                           "expected_impact|Expected effect|text", NULL };
    cJSON *items = report_section(sections, "recommendations", "Recommendations"), *table = report_table("recommendations", "What to do", columns);
    const cJSON *list = json_get(e, "recommendations"), *r;
    cJSON_ArrayForEach(r, list)
        report_row(table, (cJSON *[]){ report_text(json_get(r, "priority")), report_text(json_get(r, "category")),
                                       report_text(json_get(r, "recommendation")), report_text(json_get(r, "expected_impact")) }, 4);
    report_item(items, "table", table);
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

static cJSON *tree_of(const cJSON *job, const cJSON *history, const cJSON *evaluation)
{
    cJSON *tree = cJSON_CreateObject(), *fields = cJSON_CreateArray(), *sections = cJSON_CreateArray();
    char title[320];
    snprintf(title, sizeof title, "Training of %s", json_str(job, "agent_name", json_str(job, "agent_id", "")));
    json_put_str(tree, "type", "single_job");
    json_put_str(tree, "title", title);
    cJSON_AddItemToArray(fields, report_field("job_id", "Job", "text", report_copy(job, "job_id")));
    cJSON_AddItemToArray(fields, report_field("agent_id", "Agent", "text", report_copy(job, "agent_id")));
    cJSON_AddItemToArray(fields, report_field("started_at", "Started", "text", report_copy(job, "started_at")));
    cJSON_AddItemToArray(fields, report_field("completed_at", "Ended", "text", report_copy(job, "completed_at")));
    json_put(tree, "fields", fields);
    add_summary(sections, job);
    add_data(sections, job);
    add_metrics(sections, job, history);
    add_charts(sections, history);
    if (cJSON_IsObject(evaluation)) {
        add_scores(sections, evaluation);
        add_advice(sections, evaluation);
    }
    add_config(sections, job);
    json_put(tree, "sections", sections);
    return tree;
}

/* The newest evaluation of the job; null without one. */
static cJSON *newest_evaluation(struct api *a, const char *id, struct hone_err *err)
{
    struct evaluation_list list;
    cJSON *out = NULL;
    struct store *s = books_open(a, err);
    if (s && evaluation_list(s, id, NULL, 1, &list, err) >= 0) {
        out = stored_json(list.n ? list.v[0].result : NULL);
        evaluation_list_free(&list);
    }
    books_close(a, s);
    return out;
}

cJSON *api_report(struct api *a, const cJSON *in, int fd, struct hone_err *err)
{
    cJSON *query = cJSON_CreateObject(), *job = api_job_show(a, in, err), *out = NULL;
    const char *id = json_str(job, "job_id", "");
    json_put_str(query, "job_id", id);
    json_put_bool(query, "include_history", 1);
    cJSON *history = job ? api_monitor(a, query, err) : NULL, *evaluation = history ? newest_evaluation(a, id, err) : NULL;
    if (evaluation) {
        cJSON *start = start_frame(a, "report");
        json_put_str(start, "format", json_str(in, "format", "markdown"));
        json_put(start, "options", json_get(in, "options") ? cJSON_Duplicate(json_get(in, "options"), 1) : cJSON_CreateNull());
        json_put(start, "report", tree_of(job, json_get(history, "history"), evaluation));
        json_put_str(start, "output", json_str(in, "output", NULL));
        out = run_task(a, start, fd, NULL, err);
    }
    cJSON_Delete(evaluation);
    cJSON_Delete(history);
    cJSON_Delete(job);
    cJSON_Delete(query);
    return out;
}
