/* Sections of a report from an evaluation or a comparison. See report_build.h; called by report.c. */
#include <stdio.h>
#include <string.h>
#include "core/api/report_build.h"
#include "core/base/json.h"

#define MAX_OUTPUTS 500 /* in the table by output */

/* The outputs one by one. */
static void add_outputs(cJSON *items, const cJSON *e)
{
    static const char *const columns[] = { "output|Output|text", "rows|Rows|integer", "predicted|Answered|integer", "precision|Precision|real", "recall|Recall|real",
                                           "f1_score|F1|real", "training_rows|Training rows|integer", NULL };
    cJSON *table = report_table("per_output", "By output", columns);
    const cJSON *o;
    int n = 0, left = (int)json_int(e, "outputs_left_out", 0);
    cJSON_ArrayForEach(o, json_get(e, "outputs")) {
        if (n++ < MAX_OUTPUTS)
            report_row(table, (cJSON *[]){ report_copy(o, "output"), report_copy(o, "rows"), report_copy(o, "predicted"), report_copy(o, "precision"), report_copy(o, "recall"),
                                           report_copy(o, "f1_score"), report_copy(o, "training_rows") }, 7);
        else
            left++;
    }
    report_item(items, "table", table);
    if (left > 0) {
        char text[80];
        snprintf(text, sizeof text, "Outputs that are not in this table: %d", left);
        report_item(items, "text", cJSON_CreateString(text));
    }
}

static void add_scores(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "metric|Metric|text", "value|Value|real", "low|Low|real", "high|High|real", NULL };
    static const char *const slice_columns[] = { "slice|Slice|text", "value|Accuracy|real", "low|Low|real", "high|High|real", "rows|Rows|integer", NULL };
    const cJSON *evaluation = json_get(e, "evaluation"), *m;
    cJSON *items = report_section(sections, "evaluation", "Evaluation"), *v = cJSON_CreateArray(),
          *table = report_table("metric_scores", "Scores with their 95 % intervals", columns), *slices = report_table("slices", "Accuracy by slice", slice_columns);
    cJSON_AddItemToArray(v, report_field("overall_score", "Overall score", "real", report_copy(evaluation, "overall_score")));
    cJSON_AddItemToArray(v, report_field("quality_grade", "Grade", "text", report_copy(evaluation, "quality_grade")));
    cJSON_AddItemToArray(v, report_field("rows", "Test rows", "integer", report_copy(json_get(e, "test"), "rows")));
    report_item(items, "values", v);
    if (json_str(evaluation, "summary", NULL))
        report_item(items, "text", report_copy(evaluation, "summary"));
    cJSON_ArrayForEach(m, json_get(e, "metrics"))
        report_row(table, (cJSON *[]){ report_copy(m, "name"), report_copy(m, "value"), report_copy(json_get(m, "interval"), "low"),
                                       report_copy(json_get(m, "interval"), "high") }, 4);
    report_item(items, "table", table);
    cJSON_ArrayForEach(m, json_get(e, "slices")) {
        char name[140];
        snprintf(name, sizeof name, "%s: %s", json_str(m, "key", ""), json_str(m, "value", ""));
        report_row(slices, (cJSON *[]){ cJSON_CreateString(name), report_copy(m, "accuracy"), report_copy(json_get(m, "interval"), "low"),
                                        report_copy(json_get(m, "interval"), "high"), report_copy(m, "rows") }, 5);
    }
    report_item(items, "table", slices);
    add_outputs(items, e);
}

/* What more examples would bring, among the charts. */
static void add_growth(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "rows|Training rows|integer", "value|Accuracy|real", "low|Low|real", "high|High|real", "models|Models|integer", NULL };
    const cJSON *g = json_get(e, "learning_curve"), *fit = json_get(g, "fit"), *f = json_get(g, "forecast"), *p;
    if (!g)
        return;
    cJSON *items = report_section(sections, "learning_curve", "What more examples would bring"), *table = report_table("learning_curve", "Models on parts of the training rows", columns);
    cJSON *s = cJSON_CreateObject(), *x = cJSON_CreateArray(), *y = cJSON_CreateArray(), *v = cJSON_CreateArray();
    cJSON_ArrayForEach(p, json_get(g, "points")) {
        report_row(table, (cJSON *[]){ report_copy(p, "rows"), report_copy(p, "accuracy"), report_copy(json_get(p, "interval"), "low"),
                                       report_copy(json_get(p, "interval"), "high"), report_copy(p, "models") }, 5);
        cJSON_AddItemToArray(x, report_copy(p, "rows"));
        cJSON_AddItemToArray(y, report_copy(p, "accuracy"));
    }
    if (json_str(g, "why", NULL))
        report_item(items, "text", report_copy(g, "why"));
    cJSON_AddItemToArray(v, report_field("a", "a of error = a + b rows^-c", "real", report_copy(fit, "a")));
    cJSON_AddItemToArray(v, report_field("b", "b", "real", report_copy(fit, "b")));
    cJSON_AddItemToArray(v, report_field("c", "c", "real", report_copy(fit, "c")));
    cJSON_AddItemToArray(v, report_field("c_low", "c at least (95 %)", "real", report_copy(json_get(fit, "c_interval"), "low")));
    cJSON_AddItemToArray(v, report_field("c_high", "c at most (95 %)", "real", report_copy(json_get(fit, "c_interval"), "high")));
    cJSON_AddItemToArray(v, report_field("residual", "Residual", "real", report_copy(fit, "residual")));
    cJSON_AddItemToArray(v, report_field("more_rows", "Twice the rows", "real", report_copy(f, "rows")));
    cJSON_AddItemToArray(v, report_field("gain_points", "would bring points of accuracy", "real", report_copy(f, "gain_points")));
    cJSON_AddItemToArray(v, report_field("gain_low", "at least (95 %)", "real", report_copy(json_get(f, "gain_points_interval"), "low")));
    cJSON_AddItemToArray(v, report_field("gain_high", "at most (95 %)", "real", report_copy(json_get(f, "gain_points_interval"), "high")));
    if (cJSON_IsObject(fit))
        report_item(items, "values", v);
    else
        cJSON_Delete(v);
    if (cJSON_IsObject(f)) { /* the curve goes on to where it is foretold */
        cJSON_AddItemToArray(x, report_copy(f, "rows"));
        cJSON_AddItemToArray(y, report_copy(f, "accuracy"));
    }
    report_item(items, "table", table);
    json_put_str(s, "key", "learning_curve");
    json_put_str(s, "title", cJSON_IsObject(f) ? "Accuracy by training rows; the last point is foretold" : "Accuracy by training rows");
    json_put(s, "x", x);
    json_put(s, "y", y);
    report_item(items, "series", s);
}

static void add_confusion(cJSON *sections, const cJSON *e)
{
    static const char *const pair_columns[] = { "expected|Expected|text", "predicted|Answered|text", "rows|Rows|integer", NULL };
    static const char *const cell_columns[] = { "expected_at|Expected, by place|integer", "answered_at|Answered, by place|integer", "rows|Rows|integer", NULL };
    static const char *const name_columns[] = { "place|Place|integer", "output|Output|text", NULL };
    cJSON *items = report_section(sections, "confusion", "Confusion"), *pairs = report_table("confused", "Most confused outputs", pair_columns);
    const cJSON *confusion = json_get(e, "confusion"), *c;
    cJSON_ArrayForEach(c, json_get(e, "confused"))
        report_row(pairs, (cJSON *[]){ report_copy(c, "expected"), report_copy(c, "predicted"), report_copy(c, "rows") }, 3);
    report_item(items, "table", pairs);
    if (!cJSON_IsObject(confusion))
        return;
    cJSON *cells = report_table("confusion", "Expected and answered outputs", cell_columns), *names = report_table("outputs", "Places", name_columns);
    int place = 0;
    cJSON_ArrayForEach(c, json_get(confusion, "outputs"))
        report_row(names, (cJSON *[]){ cJSON_CreateNumber(place++), report_text(c) }, 2);
    report_item(items, "table", names);
    cJSON_ArrayForEach(c, json_get(confusion, "cells"))
        report_row(cells, (cJSON *[]){ cJSON_Duplicate(c->child, 1), cJSON_Duplicate(c->child->next, 1), cJSON_Duplicate(c->child->next->next, 1) }, 3);
    report_item(items, "table", cells);
}

static void add_calibration(cJSON *sections, const cJSON *e)
{
    const cJSON *c = json_get(e, "calibration"), *abstention = json_get(e, "abstention"), *bin;
    cJSON *items = report_section(sections, "calibration", "Calibration"), *v = cJSON_CreateArray(), *s = cJSON_CreateObject(), *x = cJSON_CreateArray(),
          *y = cJSON_CreateArray();
    cJSON_AddItemToArray(v, report_field("ece", "Expected calibration error", "real", report_copy(c, "ece")));
    cJSON_AddItemToArray(v, report_field("mce", "Greatest gap of a bin", "real", report_copy(c, "mce")));
    cJSON_AddItemToArray(v, report_field("mean_confidence", "Mean confidence", "real", report_copy(c, "mean_confidence")));
    cJSON_AddItemToArray(v, report_field("accuracy", "Accuracy", "real", report_copy(c, "accuracy")));
    cJSON_AddItemToArray(v, report_field("threshold", "Threshold for a precision of 0.95", "real", report_copy(abstention, "threshold")));
    cJSON_AddItemToArray(v, report_field("coverage", "Share of rows above it", "real", report_copy(abstention, "coverage")));
    report_item(items, "values", v);
    cJSON_ArrayForEach(bin, json_get(c, "bins")) {
        if (json_int(bin, "rows", 0) == 0)
            continue;
        cJSON_AddItemToArray(x, report_copy(bin, "confidence"));
        cJSON_AddItemToArray(y, report_copy(bin, "accuracy"));
    }
    json_put_str(s, "key", "reliability");
    json_put_str(s, "title", "Accuracy by confidence");
    json_put(s, "x", x);
    json_put(s, "y", y);
    report_item(items, "series", s);
}

static void add_errors(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "line|Line|integer", "input|Input|text", "expected|Expected|text", "predicted|Answered|text",
                                           "confidence|Confidence|real", NULL };
    cJSON *items = report_section(sections, "errors", "Errors"), *table = report_table("errors", "Mistakes that the agent was surest of", columns);
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(e, "errors"))
        report_row(table, (cJSON *[]){ report_copy(m, "line"), report_copy(m, "input"), report_copy(m, "expected"), report_copy(m, "predicted"),
                                       report_copy(m, "confidence") }, 5);
    report_item(items, "table", table);
}

static void add_baseline(cJSON *sections, const cJSON *b)
{
    cJSON *items = report_section(sections, "statistics", "Against the baseline"), *v = cJSON_CreateArray();
    const cJSON *p = json_get(b, "paired_test");
    cJSON_AddItemToArray(v, report_field("baseline_job_id", "Baseline", "text", report_copy(b, "baseline_job_id")));
    cJSON_AddItemToArray(v, report_field("accuracy_improvement", "Points of accuracy gained", "real", report_copy(b, "accuracy_improvement")));
    cJSON_AddItemToArray(v, report_field("loss_reduction", "Loss reduced by per cent", "real", report_copy(b, "loss_reduction")));
    cJSON_AddItemToArray(v, report_field("p_value", "p of the exact test", "real", report_copy(p, "p_value")));
    report_item(items, "values", v);
    if (json_str(b, "verdict", NULL))
        report_item(items, "text", report_copy(b, "verdict"));
}

/* A section within one, of paragraphs; nothing without any. */
static void add_texts(cJSON *items, const char *key, const char *title, const cJSON *texts)
{
    cJSON *inner = cJSON_CreateArray();
    const cJSON *v;
    cJSON *list = report_section(inner, key, title);
    cJSON_ArrayForEach(v, texts)
        report_item(list, "text", report_text(v));
    if (cJSON_GetArraySize(texts) > 0)
        report_item(items, "section", cJSON_DetachItemFromArray(inner, 0));
    cJSON_Delete(inner);
}

static void add_advice(cJSON *sections, const cJSON *e)
{
    static const char *const columns[] = { "priority|Priority|text", "category|Category|text", "recommendation|Recommendation|text", "evidence|Evidence|text",
                                           "expected_impact|Expected effect|text", "computed_from|Computed from|text", NULL };
    cJSON *items = report_section(sections, "recommendations", "Recommendations"), *table = report_table("recommendations", "What to do", columns);
    const cJSON *r;
    cJSON_ArrayForEach(r, json_get(e, "recommendations"))
        report_row(table, (cJSON *[]){ report_text(json_get(r, "priority")), report_text(json_get(r, "category")), report_text(json_get(r, "recommendation")),
                                       report_text(json_get(r, "evidence")), report_text(json_get(r, "expected_impact")), report_text(json_get(r, "computed_from")) }, 6);
    report_item(items, "table", table);
    add_texts(items, "strengths", "Strengths", json_get(e, "strengths"));
    add_texts(items, "weaknesses", "Weaknesses", json_get(e, "weaknesses"));
}

void report_evaluation(cJSON *sections, const cJSON *e)
{
    if (!json_get(e, "evaluation"))
        return;
    add_scores(sections, e);
    add_growth(sections, e);
    add_confusion(sections, e);
    add_calibration(sections, e);
    add_errors(sections, e);
    if (json_get(e, "benchmark_comparison"))
        add_baseline(sections, json_get(e, "benchmark_comparison"));
    add_advice(sections, e);
}

/* ---- comparisons ---- */

static void add_values(cJSON *sections, const cJSON *c)
{
    static const char *const columns[] = { "metric|Metric|text", "job|Job|text", "value|Value|real", "rank|Rank|integer", NULL };
    cJSON *items = report_section(sections, "metrics", "Metrics"), *table = report_table("metrics", "Values and ranks", columns);
    const cJSON *m, *v;
    cJSON_ArrayForEach(m, json_get(c, "metric_comparisons")) {
        cJSON_ArrayForEach(v, json_get(m, "values"))
            report_row(table, (cJSON *[]){ cJSON_CreateString(m->string), report_copy(v, "job_id"), report_copy(v, "value"), report_copy(v, "rank") }, 4);
    }
    report_item(items, "table", table);
}

static void add_pairs(cJSON *sections, const cJSON *c)
{
    static const char *const columns[] = { "pair|First - second|text", "value|Difference of accuracy|real", "low|Low|real", "high|High|real", "p|p, adjusted|real",
                                           "significant|Significant|boolean", "equivalent|Equivalent|boolean", "rows_needed|Rows needed|real", NULL };
    cJSON *items = report_section(sections, "statistics", "Statistics"), *table = report_table("pairs", "Differences with their 95 % intervals", columns);
    const cJSON *p, *s = json_get(c, "statistical_analysis");
    cJSON_ArrayForEach(p, json_get(s, "pairs")) {
        char pair[200];
        snprintf(pair, sizeof pair, "%s - %s", json_str(p, "a", ""), json_str(p, "b", ""));
        report_row(table, (cJSON *[]){ cJSON_CreateString(pair), report_copy(p, "difference"), report_copy(json_get(p, "interval"), "low"),
                                       report_copy(json_get(p, "interval"), "high"), report_copy(p, "p_adjusted"), report_copy(p, "significant"),
                                       report_copy(json_get(p, "equivalence"), "equivalent"), report_copy(json_get(p, "power"), "rows_needed") }, 8);
    }
    report_item(items, "table", table);
}

void report_comparison(cJSON *sections, const cJSON *c)
{
    const cJSON *r = json_get(c, "recommendations"), *step;
    cJSON *items = report_section(sections, "summary", "Summary"), *v = cJSON_CreateArray();
    cJSON_AddItemToArray(v, report_field("winner", "Winner", "text", report_copy(json_get(c, "winner"), "job_id")));
    cJSON_AddItemToArray(v, report_field("rows", "Rows that all answered", "integer", report_copy(json_get(c, "test"), "rows")));
    report_item(items, "values", v);
    if (json_str(c, "winner_reason", NULL))
        report_item(items, "text", report_copy(c, "winner_reason"));
    add_values(sections, c);
    add_pairs(sections, c);
    items = report_section(sections, "recommendations", "Recommendations");
    cJSON_ArrayForEach(step, json_get(r, "next_steps"))
        report_item(items, "text", report_text(step));
    cJSON_ArrayForEach(step, json_get(r, "trade_offs"))
        report_item(items, "text", report_text(step));
}
