/* Metrics of runs with ranks, and who wins. See compare.h; the tests are in compare_tests.c, what to do in compare_advice.c. */
#include "core/judge/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"

static const struct {
    const char *name;
    int higher;
} metrics[COMPARE_METRICS] = {
    [COMPARE_ACCURACY] = { "accuracy", 1 }, [COMPARE_LOSS] = { "loss", 0 }, [COMPARE_VALIDATION_ACCURACY] = { "validation_accuracy", 1 },
    [COMPARE_VALIDATION_LOSS] = { "validation_loss", 0 }, [COMPARE_TRAINING_TIME] = { "training_time", 0 },
    [COMPARE_CONVERGENCE_SPEED] = { "convergence_speed", 0 }, [COMPARE_FINAL_PERFORMANCE] = { "final_performance", 1 },
    [COMPARE_STABILITY] = { "stability", 1 }, [COMPARE_COST_EFFICIENCY] = { "cost_efficiency", 1 },
};

const char *compare_metric_name(enum compare_metric m)
{
    return metrics[m].name;
}

int compare_higher(enum compare_metric m)
{
    return metrics[m].higher;
}

/* Of what the monitored loss fell, the share that it did not rise again on the way. */
static double stability_of(const struct curve_row *rows, int64_t n)
{
    int validated = n > 0;
    double rises = 0, falls = 0;
    for (int64_t i = 0; i < n; i++)
        validated &= !isnan(rows[i].validation_loss);
    for (int64_t i = 1; i < n; i++) {
        double step = validated ? rows[i].validation_loss - rows[i - 1].validation_loss : rows[i].loss - rows[i - 1].loss;
        *(step > 0 ? &rises : &falls) += fabs(step);
    }
    return falls + rises > 0 ? falls / (falls + rises) : (double)NAN;
}

void compare_measure(struct compared_run *run, int64_t rows)
{
    struct curve_verdict v;
    const cJSON *best = json_get(json_get(run->results, "best"), "metrics"), *last = json_get(run->results, "metrics");
    double right = 0, loss = 0, *value = run->value;
    for (int64_t i = 0; run->right && i < rows; i++) {
        right += run->right[i];
        loss += run->loss[i];
    }
    curves_judge(run->history, run->n_history, run->outputs > 0 ? log((double)run->outputs) : (double)NAN, run->baseline, &v);
    value[COMPARE_ACCURACY] = run->right && rows > 0 ? right / (double)rows : NAN;
    value[COMPARE_LOSS] = run->right && rows > 0 ? loss / (double)rows : NAN;
    value[COMPARE_VALIDATION_ACCURACY] = json_num(best, "validation_accuracy", json_num(last, "validation_accuracy", NAN));
    value[COMPARE_VALIDATION_LOSS] = json_num(best, "validation_loss", json_num(last, "validation_loss", NAN));
    value[COMPARE_TRAINING_TIME] = json_num(run->results, "duration_ms", NAN);
    value[COMPARE_CONVERGENCE_SPEED] = v.fast > 0 ? (double)v.fast : NAN;
    value[COMPARE_FINAL_PERFORMANCE] = isnan(value[COMPARE_ACCURACY]) ? value[COMPARE_VALIDATION_ACCURACY] : value[COMPARE_ACCURACY];
    value[COMPARE_STABILITY] = stability_of(run->history, run->n_history);
    value[COMPARE_COST_EFFICIENCY] = value[COMPARE_TRAINING_TIME] > 0
                                     ? (value[COMPARE_FINAL_PERFORMANCE] - run->baseline) / (value[COMPARE_TRAINING_TIME] / 1000) : NAN;
}

/* Whether run a comes before run b: by the metric, unknown last, then by place in the request. */
static int before(const struct comparison *c, enum compare_metric m, int a, int b)
{
    double x = c->run[a].value[m], y = c->run[b].value[m];
    if (isnan(x) || isnan(y))
        return isnan(y) && !isnan(x) ? 1 : isnan(x) && !isnan(y) ? 0 : a < b;
    return x < y || x > y ? (metrics[m].higher ? x > y : x < y) : a < b;
}

static void rank(const struct comparison *c, enum compare_metric m, int *order)
{
    for (int i = 0; i < (int)c->k; i++) {
        int at = i;
        for (; at > 0 && before(c, m, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static cJSON *place(const struct comparison *c, enum compare_metric m, int run)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "job_id", c->run[run].id);
    json_put_num(o, "value", c->run[run].value[m]);
    return o;
}

/* Runs of equal value share the lower number. */
static cJSON *metric_json(const struct comparison *c, enum compare_metric m)
{
    cJSON *o = cJSON_CreateObject(), *values = cJSON_CreateArray();
    int order[COMPARE_RUNS], known = 0;
    double sum = 0, squares = 0;
    rank(c, m, order);
    for (int i = 0; i < (int)c->k; i++) {
        double v = c->run[order[i]].value[m];
        cJSON *one = place(c, m, order[i]);
        int shared = i;
        while (shared > 0 && !(c->run[order[shared - 1]].value[m] > v) && !(c->run[order[shared - 1]].value[m] < v))
            shared--;
        if (isnan(v))
            json_put(one, "rank", cJSON_CreateNull());
        else
            json_put_int(one, "rank", shared + 1);
        cJSON_AddItemToArray(values, one);
        known += !isnan(v);
        sum += isnan(v) ? 0 : v;
    }
    for (int i = 0; i < (int)c->k; i++) {
        double v = c->run[i].value[m];
        squares += isnan(v) ? 0 : (v - sum / known) * (v - sum / known);
    }
    json_put_bool(o, "higher_is_better", metrics[m].higher);
    json_put(o, "values", values);
    json_put(o, "best", known > 0 ? place(c, m, order[0]) : cJSON_CreateNull());
    json_put(o, "worst", known > 0 ? place(c, m, order[known - 1]) : cJSON_CreateNull());
    json_put_num(o, "mean", known > 0 ? sum / known : NAN);
    json_put_num(o, "standard_deviation", known > 1 ? sqrt(squares / (known - 1)) : NAN);
    return o;
}

static int put_metrics(cJSON *result, const struct comparison *c, struct hone_err *err)
{
    const char *names[COMPARE_METRICS + 1] = { NULL };
    cJSON *all = json_put(result, "metric_comparisons", cJSON_CreateObject());
    const cJSON *name;
    for (int m = 0; m < COMPARE_METRICS; m++)
        names[m] = metrics[m].name;
    for (int m = 0; cJSON_GetArraySize(c->metrics) == 0 && m < COMPARE_METRICS; m++)
        json_put(all, metrics[m].name, metric_json(c, (enum compare_metric)m));
    cJSON_ArrayForEach(name, c->metrics) {
        int m = 0;
        const char *text = cJSON_IsString(name) ? name->valuestring : "", *near = text_nearest(text, names);
        while (m < COMPARE_METRICS && strcmp(metrics[m].name, text) != 0)
            m++;
        if (m == COMPARE_METRICS)
            return hone_fail(err, HONE_EINVAL, "there is no comparison metric '%.60s'%s%s%s; known are accuracy, loss, validation_accuracy, validation_loss, "
                             "training_time, convergence_speed, final_performance, stability and cost_efficiency", text, near ? "; did you mean '" : "",
                             near ? near : "", near ? "'?" : "");
        if (!json_get(all, text))
            json_put(all, text, metric_json(c, (enum compare_metric)m));
    }
    return 0;
}

static cJSON *runs_json(const struct comparison *c)
{
    cJSON *list = cJSON_CreateArray();
    for (int64_t i = 0; i < c->k; i++) {
        cJSON *o = cJSON_CreateObject(), *results = cJSON_CreateObject();
        for (int m = 0; m < COMPARE_METRICS; m++)
            json_put_num(results, metrics[m].name, c->run[i].value[m]);
        json_put_str(o, "job_id", c->run[i].id);
        json_put(o, "results", results);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static cJSON *ranking_json(const struct comparison *c, const int *order)
{
    cJSON *list = cJSON_CreateArray();
    for (int64_t i = 0; i < c->k; i++) {
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "job_id", c->run[order[i]].id);
        json_put_num(o, "score", c->run[order[i]].value[COMPARE_FINAL_PERFORMANCE]);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* A winner is a run whose lead these rows prove; else the reason stands there. */
static void put_winner(cJSON *result, const struct comparison *c, const int *order, int certain)
{
    const struct compared_run *best = &c->run[order[0]], *next = &c->run[order[1]];
    double lead = best->value[COMPARE_ACCURACY] - next->value[COMPARE_ACCURACY];
    struct buf why = { 0 };
    cJSON *winner = certain ? cJSON_CreateObject() : cJSON_CreateNull();
    if (certain) {
        json_put_str(winner, "job_id", best->id);
        json_put_num(winner, "score", best->value[COMPARE_FINAL_PERFORMANCE]);
        json_put_num(winner, "margin", lead);
        buf_printf(&why, "%s is %.2f points of accuracy ahead of %s on %lld common rows, more than chance explains at the level %g", best->id, 100 * lead, next->id,
                   (long long)c->rows, c->alpha);
    } else if (c->rows == 0) {
        buf_puts(&why, c->why_no_rows ? c->why_no_rows : "the runs have no rows in common that they could be tested on");
    } else if (!c->tests) {
        buf_puts(&why, "no statistical tests were asked for, so no lead is called a win");
    } else if (lead <= 0) {
        buf_printf(&why, "a tie: %s and %s have the same accuracy on %lld common rows", best->id, next->id, (long long)c->rows);
    } else {
        buf_printf(&why, "a tie: %s is %.2f points of accuracy ahead of %s on %lld common rows, which is no difference that these rows can show", best->id,
                   100 * lead, next->id, (long long)c->rows);
    }
    json_put(result, "winner", winner);
    json_put_str(result, "winner_reason", buf_str(&why));
    buf_free(&why);
}

int compare_put(cJSON *result, const struct comparison *c, struct hone_err *err)
{
    int order[COMPARE_RUNS], certain = 0;
    for (int64_t i = 0; i < c->k; i++)
        compare_measure(&c->run[i], c->rows);
    rank(c, COMPARE_FINAL_PERFORMANCE, order);
    json_put(result, "runs", runs_json(c));
    int rc = put_metrics(result, c, err);
    if (rc == 0)
        rc = compare_tests(result, c, order, &certain, err);
    if (rc < 0)
        return rc;
    json_put(result, "overall_ranking", ranking_json(c, order));
    put_winner(result, c, order, certain);
    if (c->advice)
        compare_advice(result, c, order, certain);
    return 0;
}
