/* generateTrainingReport: what the books hold of a job, an agent or a comparison as a report tree, formatted by the worker. Nothing is
 * computed here; the sections of evaluations and comparisons are in report_judged.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/api/report_build.h"
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
    add_charts(sections, history);
    if (cJSON_IsObject(evaluation))
        report_evaluation(sections, evaluation);
    add_config(sections, job);
    return tree_begin(type, title, fields, sections);
}

/* ---- which sections ---- */

static const char *const section_names[] = { "summary", "config", "data", "metrics", "charts", "confusion", "calibration", "errors", "statistics",
                                             "recommendations", "environment", NULL };

/* Sections by the names of a request; the scores of an evaluation go with "metrics". */
static int is_wanted(const cJSON *wanted, const char *key)
{
    const cJSON *w;
    cJSON_ArrayForEach(w, wanted) {
        if (cJSON_IsString(w) && strcmp(w->valuestring, strcmp(key, "evaluation") == 0 ? "metrics" : key) == 0)
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
    for (cJSON *s = list->child; s; s = next) {
        next = s->next;
        if (!is_wanted(wanted, json_str(s, "key", "")))
            cJSON_Delete(cJSON_DetachItemViaPointer(list, s));
    }
    return 0;
}

/* ---- what is reported on ---- */

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

static cJSON *report_job(struct api *a, const cJSON *in, const char *type, struct hone_err *err)
{
    cJSON *query = cJSON_CreateObject(), *job = api_job_show(a, in, err), *tree = NULL;
    const char *id = json_str(job, "job_id", "");
    json_put_str(query, "job_id", id);
    json_put_bool(query, "include_history", 1);
    cJSON *history = job ? monitor_json(a, query, err) : NULL, *evaluation = history ? newest_evaluation(a, id, err) : NULL;
    if (evaluation)
        tree = job_tree(type, job, json_get(history, "history"), evaluation);
    cJSON_Delete(evaluation);
    cJSON_Delete(history);
    cJSON_Delete(job);
    cJSON_Delete(query);
    return tree;
}

/* An agent's jobs and what their newest evaluations say. */
static cJSON *report_agent(struct api *a, const cJSON *in, struct hone_err *err)
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
    cJSON_ArrayForEach(j, json_get(agent, "jobs")) {
        cJSON *evaluation = newest_evaluation(a, json_str(j, "job_id", ""), err);
        const cJSON *e = json_get(evaluation, "evaluation"), *m = json_get(json_get(j, "results"), "metrics"), *model = json_get(j, "model");
        report_row(table, (cJSON *[]){ report_copy(j, "job_id"), report_copy(j, "status"),
                                       cJSON_IsString(model) ? report_text(model) : report_copy(model, "name"),
                                       report_copy(m ? m : json_get(j, "metrics"), "validation_accuracy"), report_copy(e, "overall_score"),
                                       report_copy(e, "quality_grade"), report_copy(j, "completed_at") }, 7);
        cJSON_Delete(evaluation);
    }
    report_item(items, "table", table);
    cJSON_Delete(agent);
    return tree_begin("agent_summary", title, fields, sections);
}

/* A comparison that is kept, or one made for the report. */
static cJSON *report_compared(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *id = json_str(in, "comparison_id", NULL);
    cJSON *found = NULL, *sections = cJSON_CreateArray(), *fields = cJSON_CreateArray(), *query = cJSON_CreateObject();
    if (id) {
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
static cJSON *tree_of(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *job = json_str(in, "job_id", NULL), *agent = json_str(in, "agent_id", NULL), *type = json_str(in, "report_type", NULL);
    int compared = json_str(in, "comparison_id", NULL) || json_get(in, "run_ids");
    type = type ? type : job ? "single_job" : agent ? "agent_summary" : compared ? "comparison" : "";
    if (job && (strcmp(type, "single_job") == 0 || strcmp(type, "executive") == 0))
        return report_job(a, in, type, err);
    if (agent && strcmp(type, "agent_summary") == 0)
        return report_agent(a, in, err);
    if (compared && strcmp(type, "comparison") == 0)
        return report_compared(a, in, err);
    hone_fail(err, HONE_EINVAL, "a report of type %s needs %s", *type ? type : "single_job", strcmp(type, "agent_summary") == 0 ? "agent_id" :
              strcmp(type, "comparison") == 0 ? "run_ids or a comparison_id" : *type ? "job_id" : "job_id, agent_id, run_ids or a comparison_id");
    return NULL;
}

cJSON *api_report(struct api *a, const cJSON *in, int fd, struct hone_err *err)
{
    static const char *const brief[] = { "summary", "metrics", "recommendations" };
    cJSON *tree = tree_of(a, in, err), *wanted = NULL;
    const cJSON *sections = json_get(in, "include_sections");
    if (!tree)
        return NULL;
    if (!sections && strcmp(json_str(tree, "type", ""), "executive") == 0)
        sections = wanted = cJSON_CreateStringArray(brief, 3);
    int rc = sections ? choose_sections(tree, sections, err) : 0;
    cJSON_Delete(wanted);
    if (rc < 0) {
        cJSON_Delete(tree);
        return NULL;
    }
    cJSON *start = start_frame(a, "report");
    json_put_str(start, "format", json_str(in, "format", "markdown"));
    json_put(start, "options", json_get(in, "options") ? cJSON_Duplicate(json_get(in, "options"), 1) : cJSON_CreateNull());
    json_put(start, "report", tree);
    json_put_str(start, "output", json_str(in, "output", NULL));
    return run_task(a, start, fd, NULL, err);
}
