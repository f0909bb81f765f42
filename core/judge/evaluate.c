/* See evaluate.h. */
#include "core/judge/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/judge/advice.h"
#include "core/judge/growth.h"

#define MAX_PAIRS 20
#define MAX_ERRORS 20
#define MAX_OUTPUTS 10000
#define TARGET_PRECISION 0.95 /* where the job has no targetPrecision */
#define MAX_PICTURE 200 /* outputs of a confusion table */

double evaluate_score(const struct metric_set *s, const struct tally *t)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const struct judged_metric *m = &s->v[i];
        uint32_t flags = m->plugin->item.flags;
        if (!m->asked || !(flags & HONE_M_UNIT) || m->n_outputs < 1 || isnan(m->value[0]))
            continue;
        sum += flags & HONE_M_HIGHER ? m->value[0] : 1 - m->value[0];
        n++;
    }
    double mean = n > 0 ? sum / (double)n : t->rows > 0 ? (double)t->correct / (double)t->rows : 0;
    return round(1000 * mean) / 10;
}

const char *evaluate_grade(double score)
{
    return score >= 90 ? "A" : score >= 80 ? "B" : score >= 70 ? "C" : score >= 60 ? "D" : "F";
}

static cJSON *text_json(const struct hone_string *s)
{
    char *copy = strndup(s->bytes, (size_t)s->len);
    cJSON *v = copy ? cJSON_CreateString(copy) : NULL;
    free(copy);
    return v;
}

static cJSON *interval_json(struct interval v, const char *method)
{
    if (isnan(v.low) || isnan(v.high))
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    json_put_num(o, "low", v.low);
    json_put_num(o, "high", v.high);
    json_put_num(o, "level", STATS_LEVEL);
    json_put_str(o, "method", method);
    return o;
}

/* A share of rows has Wilson's interval; whether a metric is one shows in its name and value. */
static int is_share(const struct judged_metric *m, const struct tally *t)
{
    return strcmp(m->plugin->item.name, "accuracy") == 0 && t->rows > 0 && m->n_outputs > 0 &&
           fabs(m->value[0] - (double)t->correct / (double)t->rows) < 1e-9;
}

/* Those of the results behind the headline, by name. */
static cJSON *further_intervals(const struct judged_metric *m)
{
    cJSON *o = cJSON_CreateObject();
    for (int64_t k = 1; k < m->n_outputs; k++)
        json_put(o, m->plugin->outputs[k], interval_json(m->interval[k], "bootstrap"));
    return o;
}

static cJSON *metrics_json(const struct findings *f)
{
    cJSON *list = cJSON_CreateArray();
    for (int64_t i = 0; i < f->metrics->n; i++) {
        const struct judged_metric *m = &f->metrics->v[i];
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "name", m->label);
        for (int64_t k = 0; k < m->n_outputs; k++)
            json_put_num(o, k == 0 ? "value" : m->plugin->outputs[k], m->value[k]);
        json_put_bool(o, "higher_is_better", (m->plugin->item.flags & HONE_M_HIGHER) != 0);
        json_put(o, "interval", is_share(m, f->tally)
                 ? interval_json(stats_wilson(f->tally->correct, f->tally->rows, STATS_Z), "wilson")
                 : interval_json(m->interval[0], m->method));
        if (m->n_outputs > 1)
            json_put(o, "intervals", further_intervals(m));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static void put_summary(cJSON *evaluation, const struct findings *f, double score)
{
    struct interval w = stats_wilson(f->tally->correct, f->tally->rows, STATS_Z);
    struct buf b = { 0 };
    buf_printf(&b, "%lld of %lld test rows were answered as expected (accuracy %.3f, 95 %% interval %.3f to %.3f)",
               (long long)f->tally->correct, (long long)f->tally->rows,
               (double)f->tally->correct / (double)f->tally->rows, w.low, w.high);
    for (int64_t i = 0, told = 0; i < f->metrics->n && told < 6; i++) {
        const struct judged_metric *m = &f->metrics->v[i];
        if (strcmp(m->plugin->item.name, "accuracy") != 0 && m->n_outputs > 0 && !isnan(m->value[0]) && ++told)
            buf_printf(&b, ", %s %.3f", m->label, m->value[0]);
    }
    buf_printf(&b, ": score %.1f, grade %s.", score, evaluate_grade(score));
    json_put_str(evaluation, "summary", buf_str(&b));
    buf_free(&b);
}

static cJSON *evaluation_json(const struct findings *f)
{
    cJSON *o = cJSON_CreateObject(), *scores = cJSON_CreateObject();
    double score = evaluate_score(f->metrics, f->tally);
    for (int64_t i = 0; i < f->metrics->n; i++) {
        const struct judged_metric *m = &f->metrics->v[i];
        if (m->asked && m->n_outputs > 0)
            json_put_num(scores, m->label, m->value[0]);
    }
    json_put_num(o, "overall_score", score);
    json_put_str(o, "quality_grade", evaluate_grade(score));
    json_put(o, "metric_scores", scores);
    put_summary(o, f, score);
    return o;
}

static cJSON *analysis_json(const struct curve_verdict *v)
{
    cJSON *o = cJSON_CreateObject(), *why = cJSON_CreateObject();
    json_put_str(o, "convergence_status", v->convergence);
    json_put_str(o, "overfitting_risk", v->overfitting);
    json_put_str(o, "underfitting_risk", v->underfitting);
    json_put_num(o, "training_efficiency", v->efficiency);
    json_put_str(why, "convergence_status", v->why_convergence);
    json_put_str(why, "overfitting_risk", v->why_overfitting);
    json_put_str(why, "underfitting_risk", v->why_underfitting);
    json_put_str(why, "training_efficiency", v->why_efficiency);
    json_put(o, "evidence", why);
    return o;
}

static double ratio(int64_t a, int64_t b)
{
    return b > 0 ? (double)a / (double)b : NAN;
}

/* One row for each output that a test row expects or an answer gives, up to a frame's worth; the rest is counted. */
static cJSON *outputs_json(const struct findings *f, int64_t *left_out)
{
    cJSON *list = cJSON_CreateArray();
    int64_t n = 0;
    for (int64_t i = 0; i < f->p->n_names; i++) {
        const struct output_tally *t = &f->tally->output[i];
        if ((t->rows == 0 && (t->predicted == 0 || f->p->writes)) || ++n > MAX_OUTPUTS)
            continue;
        cJSON *o = cJSON_CreateObject();
        json_put(o, "output", text_json(&f->p->name[i]));
        json_put_bool(o, "known", i < f->p->width);
        json_put_int(o, "rows", t->rows);
        json_put_int(o, "predicted", t->predicted);
        json_put_int(o, "correct", t->correct);
        json_put_num(o, "precision", ratio(t->correct, t->predicted));
        json_put_num(o, "recall", ratio(t->correct, t->rows));
        json_put_num(o, "f1_score", ratio(2 * t->correct, t->rows + t->predicted));
        json_put(o, "recall_interval", interval_json(stats_wilson(t->correct, t->rows, STATS_Z), "wilson"));
        if (f->lesson)
            json_put_int(o, "training_rows", f->lesson->count[i]);
        cJSON_AddItemToArray(list, o);
    }
    *left_out = n > MAX_OUTPUTS ? n - MAX_OUTPUTS : 0;
    return list;
}

static void put_row(cJSON *o, const struct findings *f, int64_t at)
{
    int64_t r = f->p->row[at];
    json_put_int(o, "line", f->test->line[r]);
    json_put(o, "input", text_json(&f->test->input[r]));
    json_put_num(o, "confidence", (double)f->p->top[at]);
}

static cJSON *pairs_json(const struct findings *f)
{
    cJSON *list = cJSON_CreateArray();
    int64_t mistakes = f->tally->rows - f->tally->correct;
    for (int64_t i = 0; i < f->tally->n_pairs && i < MAX_PAIRS; i++) {
        const struct pair_tally *t = &f->tally->pair[i];
        cJSON *o = cJSON_CreateObject(), *sample = cJSON_CreateObject();
        json_put(o, "expected", text_json(&f->p->name[t->expected]));
        json_put(o, "predicted", text_json(&f->p->name[t->predicted]));
        json_put_int(o, "rows", t->n);
        json_put_num(o, "share_of_errors", ratio(t->n, mistakes));
        put_row(sample, f, t->sample);
        json_put(o, "example", sample);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* All cells of the table of expected and given outputs, [place, place, rows]; null for more outputs than a picture holds. */
static cJSON *confusion_json(const struct findings *f)
{
    cJSON *o = cJSON_CreateObject(), *names = cJSON_CreateArray(), *cells = cJSON_CreateArray();
    if (f->p->n_names > MAX_PICTURE || f->p->writes) {
        cJSON_Delete(o);
        cJSON_Delete(names);
        cJSON_Delete(cells);
        return cJSON_CreateNull();
    }
    for (int64_t i = 0; i < f->p->n_names; i++) {
        cJSON_AddItemToArray(names, text_json(&f->p->name[i]));
        if (f->tally->output[i].correct > 0)
            cJSON_AddItemToArray(cells, cJSON_CreateIntArray((const int[]){ (int)i, (int)i, (int)f->tally->output[i].correct }, 3));
    }
    for (int64_t i = 0; i < f->tally->n_pairs; i++) {
        const struct pair_tally *t = &f->tally->pair[i];
        if (t->predicted >= 0)
            cJSON_AddItemToArray(cells, cJSON_CreateIntArray((const int[]){ t->expected, t->predicted, (int)t->n }, 3));
    }
    json_put(o, "outputs", names);
    json_put(o, "cells", cells);
    return o;
}

static cJSON *calibration_of(const struct predictions *p, const struct tally *t)
{
    cJSON *o = cJSON_CreateObject(), *bins = cJSON_CreateArray();
    json_put_num(o, "ece", t->ece);
    json_put_num(o, "ece_before", tally_plain_ece(p));
    json_put_num(o, "temperature", p->temperature);
    json_put_num(o, "mce", t->mce);
    json_put_num(o, "mean_confidence", t->confidence);
    json_put_num(o, "mean_entropy", t->entropy);
    json_put_num(o, "accuracy", ratio(t->correct, t->rows));
    for (int b = 0; b < TALLY_BINS; b++) {
        const struct bin_tally *bin = &t->bin[b];
        cJSON *one = cJSON_CreateObject();
        json_put_num(one, "low", (double)b / TALLY_BINS);
        json_put_num(one, "high", (double)(b + 1) / TALLY_BINS);
        json_put_int(one, "rows", bin->rows);
        json_put_num(one, "confidence", bin->rows > 0 ? bin->confidence / (double)bin->rows : NAN);
        json_put_num(one, "accuracy", ratio(bin->correct, bin->rows));
        cJSON_AddItemToArray(bins, one);
    }
    json_put(o, "bins", bins);
    return o;
}

static int put_abstention(cJSON *result, const struct findings *f, struct hone_err *err)
{
    double threshold, coverage, reached, target = json_num(f->config, "targetPrecision", 0);
    struct refusals r;
    target = target > 0 ? target : TARGET_PRECISION;
    int rc = tally_threshold(f->p, target, &threshold, &coverage, &reached, err);
    if (rc < 0)
        return rc;
    cJSON *o = cJSON_CreateObject();
    json_put_num(o, "target_precision", target);
    json_put_num(o, "threshold", threshold);
    json_put_num(o, "coverage", coverage);
    json_put_num(o, "precision", reached);
    tally_refusals(f->p, &r);
    json_put_num(o, "agent_threshold", f->p->threshold);
    json_put_int(o, "refused", r.refused);
    json_put_num(o, "abstention_rate", r.rate);
    json_put_num(o, "answered_precision", r.precision);
    json_put_int(o, "in_scope_rows", r.known);
    json_put_num(o, "in_scope_accuracy", r.known_accuracy);
    json_put_int(o, "out_of_scope_rows", r.strange);
    json_put_num(o, "out_of_scope_recall", r.strange_recall);
    json_put(result, "abstention", o);
    return 0;
}

static cJSON *slices_json(const struct tally *t)
{
    cJSON *list = cJSON_CreateArray();
    for (int64_t i = 0; i < t->n_slices; i++) {
        const struct slice_tally *s = &t->slice[i];
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "key", s->key);
        json_put_str(o, "value", s->value);
        json_put_int(o, "rows", s->rows);
        json_put_num(o, "accuracy", ratio(s->correct, s->rows));
        json_put(o, "interval", interval_json(stats_wilson(s->correct, s->rows, STATS_Z), "wilson"));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

struct mistake {
    int64_t at;
    float top;
};

static int surest_first(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->top > y->top || x->top < y->top)
        return x->top > y->top ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The mistakes that the agent was surest of. */
static int put_errors(cJSON *result, const struct findings *f, struct hone_err *err)
{
    cJSON *list = cJSON_CreateArray();
    struct mistake *m = malloc(((size_t)f->p->n + 1) * sizeof *m);
    int64_t n = 0;
    for (int64_t i = 0; m && i < f->p->n; i++) {
        if (f->p->predicted[i] != f->p->expected[i])
            m[n++] = (struct mistake){ i, f->p->top[i] };
    }
    if (m)
        qsort(m, (size_t)n, sizeof *m, surest_first);
    for (int64_t i = 0; i < n && i < MAX_ERRORS; i++) {
        cJSON *o = cJSON_CreateObject();
        put_row(o, f, m[i].at);
        json_put(o, "expected", text_json(&f->p->name[f->p->expected[m[i].at]]));
        json_put(o, "predicted", text_json(&f->p->name[f->p->predicted[m[i].at]]));
        cJSON_AddItemToArray(list, o);
    }
    json_put(result, "errors", list);
    free(m);
    return m ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the evaluation");
}

int evaluate_put(cJSON *result, const struct findings *f, struct hone_err *err)
{
    int64_t left_out;
    json_put(result, "evaluation", evaluation_json(f));
    json_put(result, "analysis", analysis_json(f->curves));
    int rc = advice_put(result, f, err);
    if (rc == 0)
        rc = put_abstention(result, f, err);
    if (rc == 0)
        rc = put_errors(result, f, err);
    json_put(result, "metrics", metrics_json(f));
    json_put(result, "outputs", outputs_json(f, &left_out));
    json_put_int(result, "outputs_left_out", left_out);
    json_put(result, "confused", pairs_json(f));
    json_put(result, "confusion", confusion_json(f));
    json_put(result, "calibration", calibration_of(f->p, f->tally));
    json_put(result, "slices", slices_json(f->tally));
    if (f->growth)
        json_put(result, "learning_curve", growth_json(f->growth, f->curve));
    return rc;
}
