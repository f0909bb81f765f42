/* See proposals.h. */
#include "core/judge/proposals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/judge/off_policy.h"
#include "core/judge/special.h"
#include "core/judge/stats.h"

#define CANDIDATES 100       /* thresholds that are tried */
#define TOLD 10              /* outputs and versions that are told */

/* ---- proposals as JSON ---- */

static cJSON *proposal(const char *kind, const char *risk, const char *reason)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "kind", kind);
    json_put_str(o, "risk", risk);
    json_put_str(o, "reason", reason);
    return o;
}

static void put_effect(cJSON *o, const char *metric, const char *estimator, double estimate, double error, double level, int64_t rows)
{
    double z = special_normal_quantile(1 - level), low = estimate - z * error;
    cJSON *e = cJSON_CreateObject();
    json_put_str(e, "metric", metric);
    json_put_num(e, "estimate", estimate);
    json_put_num(e, "low", low);
    json_put_num(e, "high", estimate + z * error);
    json_put_num(e, "level", level);
    json_put_str(e, "estimator", estimator);
    json_put_int(e, "rows", rows);
    json_put_num(o, "confidence", error > 0 ? special_normal(estimate / error) : (double)NAN);
    json_put(o, "expected_effect", e);
    json_put_str(o, "no_estimate_because", NULL);
    json_put_bool(o, "lower_bound_improves", low > 0);
}

static void put_no_effect(cJSON *o, const char *because)
{
    json_put_num(o, "confidence", NAN);
    json_put(o, "expected_effect", cJSON_CreateNull());
    json_put_str(o, "no_estimate_because", because);
    json_put_bool(o, "lower_bound_improves", 0);
}

static void put_watch(cJSON *o, const char *const *metrics, int n)
{
    json_put(o, "monitoring_metrics", cJSON_CreateStringArray(metrics, n));
}

static void put_criterion(cJSON *o, const char *metric, const char *when, double value, int64_t rows)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "rollback_criteria"), *c = cJSON_CreateObject();
    if (!list)
        list = cJSON_AddArrayToObject(o, "rollback_criteria");
    json_put_str(c, "metric", metric);
    json_put_str(c, "when", when);
    json_put_num(c, "value", value);
    json_put_int(c, "rows", rows);
    cJSON_AddItemToArray(list, c);
}

static void put_success_criterion(cJSON *o, double success)
{
    put_criterion(o, "success_rate", "the upper bound of its confidence sequence is below", success, 20);
}

/* ---- thresholds ---- */

/* An interaction whose outcome is known whether the agent answers or not. */
struct outcome {
    double confidence, success;
};

static int64_t outcomes_of(const struct seen *row, int64_t n, struct outcome *v)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        const struct seen *r = &row[i];
        double success = r->output && !r->explored ? r->success : (double)NAN;
        if (isnan(success) && r->best && r->expected) /* refused or drawn by chance, but the right answer was told */
            success = strcmp(r->best, r->expected) == 0;
        if (!isnan(success) && !isnan(r->confidence))
            v[m++] = (struct outcome){ r->confidence, success };
    }
    return m;
}

static double gain(const struct outcome *v, double threshold, double wrong_cost)
{
    return v->confidence >= threshold ? v->success - wrong_cost * (1 - v->success) : 0;
}

static int by_confidence(const void *a, const void *b)
{
    double x = ((const struct outcome *)a)->confidence, y = ((const struct outcome *)b)->confidence;
    return (x > y) - (x < y);
}

/* The candidate that earns most on rows first, first + step, ...; of equal ones the least. */
static double best_threshold(const struct outcome *v, int64_t n, int64_t first, int64_t step, const double *candidate, int64_t m, double wrong_cost)
{
    double best = 0, most = -INFINITY;
    for (int64_t c = 0; c < m; c++) {
        double sum = 0;
        for (int64_t i = first; i < n; i += step)
            sum += gain(&v[i], candidate[c], wrong_cost);
        if (sum > most) {
            most = sum;
            best = candidate[c];
        }
    }
    return best;
}

static double success_at(const struct outcome *v, int64_t n, double threshold)
{
    double sum = 0;
    int64_t answered = 0;
    for (int64_t i = 0; i < n; i++) {
        if (v[i].confidence >= threshold) {
            sum += v[i].success;
            answered++;
        }
    }
    return answered ? sum / (double)answered : (double)NAN;
}

/* Of all that was asked, whether the outcome is known or not: that is what is counted afterwards. An agent that writes may refuse by what it writes, however sure it is. */
static double abstention_at(const struct seen *row, int64_t n, double threshold)
{
    int64_t refused = 0;
    for (int64_t i = 0; i < n; i++)
        refused += row[i].confidence < threshold || (!row[i].output && !row[i].best);
    return (double)refused / (double)n;
}

static int side(double threshold, double present)
{
    return (threshold > present) - (threshold < present);
}

/* 0 and the quantiles of the confidences. */
static int64_t candidates_of(const struct outcome *v, int64_t n, struct outcome *sorted, double candidate[CANDIDATES + 1])
{
    int64_t m = 0;
    memcpy(sorted, v, (size_t)n * sizeof *v);
    qsort(sorted, (size_t)n, sizeof *sorted, by_confidence);
    candidate[m++] = 0;
    for (int64_t c = 0; c < CANDIDATES; c++) {
        double at = sorted[c * n / CANDIDATES].confidence;
        if (at > candidate[m - 1])
            candidate[m++] = at;
    }
    return m;
}

int proposals_threshold(const struct seen *row, int64_t n, double threshold, double wrong_cost, struct threshold_effect *out)
{
    struct outcome *v = malloc(((size_t)n + 1) * 2 * sizeof *v);
    double candidate[CANDIDATES + 1], sum = 0, squares = 0;
    int sides = 0;
    *out = (struct threshold_effect){ 0 };
    if (!v)
        return HONE_ENOMEM;
    int64_t m = outcomes_of(row, n, v);
    out->rows = m;
    if (m < PROPOSALS_LEAST) {
        free(v);
        return ERR_PRECONDITION;
    }
    int64_t k = candidates_of(v, m, v + n, candidate);
    for (int half = 0; half < 2; half++) {
        double chosen = best_threshold(v, m, 1 - half, 2, candidate, k, wrong_cost);
        sides += side(chosen, threshold);
        for (int64_t i = half; i < m; i += 2) {
            double d = gain(&v[i], chosen, wrong_cost) - gain(&v[i], threshold, wrong_cost);
            sum += d;
            squares += d * d;
            out->changed += d > 0 || d < 0;
        }
    }
    out->threshold = best_threshold(v, m, 0, 1, candidate, k, wrong_cost);
    out->gain = sum / (double)m;
    out->error = sqrt(fmax(0, squares / (double)m - out->gain * out->gain) / (double)(m - 1));
    out->same_side = abs(sides + side(out->threshold, threshold)) == 3;
    out->success_now = success_at(v, m, threshold);
    out->success_then = success_at(v, m, out->threshold);
    out->abstention_now = abstention_at(row, n, threshold);
    out->abstention_then = abstention_at(row, n, out->threshold);
    free(v);
    return 0;
}

static int propose_threshold(cJSON *list, const struct seen *now, int64_t n, const struct proposal_options *o)
{
    static const char *const watch[] = { "success_rate", "abstention_rate" };
    struct threshold_effect e;
    char text[320];
    if (o->explores) /* answers drawn by chance are given whatever the threshold */
        return 0;
    int rc = proposals_threshold(now, n, o->threshold, o->wrong_cost, &e);
    if (rc == ERR_PRECONDITION)
        return 0;
    /* Fewer than ten rows that differ: the normal interval would be a fiction. And the gain of thresholds that are raised says nothing of one that is lowered. */
    if (rc < 0 || e.changed < 10 || !e.same_side || !(e.gain > 0) || fabs(e.threshold - o->threshold) < 1e-9)
        return rc;
    int raised = e.threshold > o->threshold;
    snprintf(text, sizeof text, "%s the threshold from %.3f to %.3f: %.1f %% instead of %.1f %% of what is asked would be refused, and by %lld interactions whose outcome is known %.1f %% instead of "
             "%.1f %% of the answers be right", raised ? "raise" : "lower", o->threshold, e.threshold, 100 * e.abstention_then, 100 * e.abstention_now, (long long)e.rows,
             100 * e.success_then, 100 * e.success_now);
    cJSON *p = proposal("threshold", raised ? "low" : "medium", text), *change = cJSON_CreateObject();
    json_put_num(change, "threshold", e.threshold);
    json_put_num(change, "threshold_now", o->threshold);
    json_put_num(change, "success_rate", e.success_then);
    json_put_num(change, "success_rate_now", e.success_now);
    json_put_num(change, "abstention_rate", e.abstention_then);
    json_put_num(change, "abstention_rate_now", e.abstention_now);
    json_put(p, "change", change);
    put_effect(p, "earned_per_interaction", "replay of the log, cross-fitted", e.gain, e.error, o->level, e.rows);
    put_watch(p, watch, 2);
    put_success_criterion(p, e.success_now);
    put_criterion(p, "abstention_rate", "the lower bound of its confidence sequence is above", fmin(1, e.abstention_then + 0.05), 20);
    cJSON_AddItemToArray(list, p);
    return 0;
}

/* ---- versions ---- */

struct record {
    double sum, squares;
    int64_t n;
};

static void add(struct record *r, double x)
{
    r->sum += x;
    r->squares += x * x;
    r->n++;
}

static double mean_of(const struct record *r)
{
    return r->sum / (double)r->n;
}

static double error_of(const struct record *r)
{
    double mean = mean_of(r);
    return sqrt(fmax(0, r->squares / (double)r->n - mean * mean) / (double)(r->n - 1));
}

static void propose_version(cJSON *list, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now, const struct proposal_options *o, int drift)
{
    static const char *const watch[] = { "success_rate" };
    struct record of[TOLD + 1] = { 0 }; /* the active one first */
    const char *id[TOLD + 1] = { o->version };
    int64_t known = 1, best = 0, tried = 0;
    char text[256];
    for (int64_t i = 0; i < n_before + n_now; i++) {
        const struct seen *r = i < n_before ? &before[i] : &now[i - n_before];
        int64_t k = 0;
        if (!r->version || !r->output || isnan(r->success))
            continue;
        while (k < known && strcmp(id[k], r->version) != 0)
            k++;
        if (k == known && known <= TOLD)
            id[known++] = r->version;
        if (k < known)
            add(&of[k], r->success);
    }
    for (int64_t k = 1; k < known; k++) {
        if (of[k].n < PROPOSALS_LEAST)
            continue;
        tried++;
        if (!best || mean_of(&of[k]) > mean_of(&of[best]))
            best = k;
    }
    if (!best || of[0].n < PROPOSALS_LEAST)
        return;
    double level = o->level / (double)tried; /* the best of several: Bonferroni */
    double d = mean_of(&of[best]) - mean_of(&of[0]), error = sqrt(pow(error_of(&of[best]), 2) + pow(error_of(&of[0]), 2));
    if (!(d - special_normal_quantile(1 - level) * error > 0))
        return;
    snprintf(text, sizeof text, "an earlier version did better: %.1f %% of %lld answers against %.1f %% of %lld%s", 100 * mean_of(&of[best]), (long long)of[best].n, 100 * mean_of(&of[0]),
             (long long)of[0].n, drift ? "; it answered other inputs, though, so part of the difference may be theirs" : "");
    cJSON *p = proposal("version", drift ? "high" : "medium", text), *change = cJSON_CreateObject();
    json_put_str(change, "version_id", id[best]);
    json_put(p, "change", change);
    put_effect(p, "success_rate", "difference of means of what each version answered", d, error, level, of[best].n + of[0].n);
    put_watch(p, watch, 1);
    put_success_criterion(p, mean_of(&of[0]));
    cJSON_AddItemToArray(list, p);
}

/* ---- exploration ---- */

/* What the best answers alone would have earned: the log knows, since it has the propensities. */
static int propose_exploration(cJSON *list, const cJSON *trends, const struct seen *now, int64_t n, const struct proposal_options *o, struct hone_err *err)
{
    static const char *const watch[] = { "success_rate", "confidence" };
    struct logged_row *row = malloc(((size_t)n + 1) * sizeof *row);
    struct off_policy e;
    struct record own = { 0 }, gain = { 0 };
    int64_t m = 0;
    char text[256];
    if (!row)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        const struct seen *r = &now[i];
        if (!r->output || !r->best || isnan(r->success) || !(r->propensity > 0))
            continue;
        double ratio = strcmp(r->output, r->best) == 0 ? 1 / r->propensity : 0;
        row[m++] = (struct logged_row){ .weight = 1, .reward = r->success, .ratio = ratio };
        add(&own, r->success);
        add(&gain, (ratio - 1) * r->success);
    }
    int explored = o->explores && m >= PROPOSALS_LEAST && off_policy_estimate(row, m, INFINITY, &e, err) == 0;
    free(row);
    if (explored && mean_of(&gain) - special_normal_quantile(1 - o->level) * error_of(&gain) > 0) {
        snprintf(text, sizeof text, "the best answers alone would have been right in %.1f %% (effective sample %.0f), those drawn by chance were in %.1f %%: exploring costs more than it may still teach",
                 100 * e.estimate[OFF_SNIPS].value, e.effective, 100 * mean_of(&own));
        cJSON *p = proposal("exploration", "medium", text), *change = cJSON_CreateObject();
        json_put(change, "explore", cJSON_CreateNull());
        json_put(p, "change", change);
        put_effect(p, "success_rate", "ips", mean_of(&gain), error_of(&gain), o->level, m);
        put_watch(p, watch, 2);
        put_success_criterion(p, mean_of(&own));
        cJSON_AddItemToArray(list, p);
    } else if (!o->explores && trends_changed(trends, "success_rate") < 0) {
        cJSON *p = proposal("exploration", "medium", "fewer answers are right than before, and an agent that never tries another answer cannot learn which would be"), *change = cJSON_CreateObject();
        json_put(change, "explore", cJSON_Parse("{\"rule\": \"squarecb\"}"));
        json_put(p, "change", change);
        put_no_effect(p, "what answers that were never given would earn is in no log");
        put_watch(p, watch, 2);
        cJSON_AddItemToArray(list, p);
    }
    return 0;
}

/* ---- data ---- */

static void propose_retraining(cJSON *list, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now)
{
    static const char *const watch[] = { "success_rate", "confidence", "latency_ms" };
    int64_t corrected = 0, wrong = 0;
    char text[256];
    for (int64_t i = 0; i < n_before + n_now; i++) {
        const struct seen *r = i < n_before ? &before[i] : &now[i - n_before];
        int differs = r->expected && !(r->output && strcmp(r->output, r->expected) == 0);
        corrected += differs;
        wrong += differs || (r->output && r->success < 0.5);
    }
    if (corrected < TRENDS_LEAST)
        return;
    snprintf(text, sizeof text, "%lld of %lld interactions that went wrong have their right answer: train a new version from the present one with them, beside a sample of the rows it was trained on",
             (long long)corrected, (long long)wrong);
    cJSON *p = proposal("retrain", "medium", text), *change = cJSON_CreateObject();
    json_put_int(change, "corrected_examples", corrected);
    json_put_str(change, "preset", "add-outputs");
    json_put(p, "change", change);
    put_no_effect(p, "a version that is not trained yet has answered nothing; compareTrainingRuns tells afterwards, on rows that neither was trained on");
    put_watch(p, watch, 3);
    cJSON_AddItemToArray(list, p);
}

struct served {
    const char *output;
    struct record record;
};

static int by_output(const void *a, const void *b)
{
    return strcmp(((const struct served *)a)->output, ((const struct served *)b)->output);
}

/* Outputs of which the agent is right less often than of the rest: examples of these help most. */
static int propose_data(cJSON *list, const struct seen *now, int64_t n, double level)
{
    static const char *const watch[] = { "success_rate" };
    struct served *v = malloc(((size_t)n + 1) * sizeof *v);
    int64_t m = 0, outputs = 0, told = 0;
    struct record all = { 0 };
    if (!v)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        const struct seen *r = &now[i];
        const char *output = r->expected ? r->expected : r->output;
        if (output && r->output && !isnan(r->success)) {
            v[m] = (struct served){ .output = output };
            add(&v[m++].record, r->success);
            add(&all, r->success);
        }
    }
    qsort(v, (size_t)m, sizeof *v, by_output);
    for (int64_t i = 0; i < m; i++) {
        if (outputs && strcmp(v[outputs - 1].output, v[i].output) == 0)
            add(&v[outputs - 1].record, v[i].record.sum);
        else
            v[outputs++] = v[i];
    }
    for (int64_t k = 0; k < outputs && told < TOLD; k++) {
        struct record *r = &v[k].record;
        /* As many tests as outputs: Bonferroni. */
        struct interval w = stats_wilson((int64_t)llround(r->sum), r->n, special_normal_quantile(1 - level / (double)outputs));
        char text[400];
        if (r->n < TRENDS_LEAST || !(w.high < mean_of(&all)))
            continue;
        snprintf(text, sizeof text, "of %lld interactions about '%.100s' %.1f %% went well (at most %.1f %%), of all %.1f %%: give more examples of it", (long long)r->n, v[k].output, 100 * mean_of(r),
                 100 * w.high, 100 * mean_of(&all));
        cJSON *p = proposal("data_request", "low", text), *change = cJSON_CreateObject();
        json_put_str(change, "output", v[k].output);
        json_put(p, "change", change);
        put_no_effect(p, "asking for examples changes nothing by itself");
        put_watch(p, watch, 1);
        cJSON_AddItemToArray(list, p);
        told++;
    }
    free(v);
    return 0;
}

int proposals_put(cJSON *result, const cJSON *trends, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now, const struct proposal_options *o,
                  struct hone_err *err)
{
    cJSON *list = cJSON_CreateArray(), *p;
    struct seen *own = malloc(((size_t)n_now + 1) * sizeof *own);
    int64_t n_own = 0;
    for (int64_t i = 0; own && i < n_now; i++) {
        if (now[i].own)
            own[n_own++] = now[i];
    }
    int rc = own ? propose_threshold(list, own, n_own, o) : HONE_ENOMEM;
    rc = rc < 0 ? rc : propose_data(list, own, n_own, o->level);
    propose_version(list, before, n_before, now, n_now, o, trends_changed(trends, "inputs") != 0);
    rc = rc < 0 ? rc : propose_exploration(list, trends, own, n_own, o, err);
    free(own);
    propose_retraining(list, before, n_before, now, n_now);
    cJSON_ArrayForEach(p, list) {
        if (!json_get(p, "rollback_criteria"))
            cJSON_AddArrayToObject(p, "rollback_criteria");
    }
    if (rc < 0) {
        cJSON_Delete(list);
        return hone_fail(err, rc, "memory ran out over %lld interactions", (long long)(n_before + n_now));
    }
    json_put(result, "proposals", list);
    return 0;
}
