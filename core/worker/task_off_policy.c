/* The task "off_policy": what a trained agent would have earned where a log tells what another policy did. The agent's answers become
 * probabilities of the logged actions here; the estimates are core/judge/off_policy.h's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/data/examples.h"
#include "core/judge/off_policy.h"
#include "core/judge/stats.h"
#include "core/train/predictor.h"
#include "core/worker/task.h"
#include "hone/explore.h"

#define BLOCK 1024

struct judging {
    struct task *task;
    struct predictor *agent;
    struct examples log;
    struct logged_row *row;
    int64_t n, unknown, left_out;
    int soft;                /* the policy is the agent's probabilities, not its best answer */
    double limit;
};

static double reward_of(const struct examples *e, int64_t i)
{
    static const double said[] = { 1, 0.5, 0 };
    float given = e->reward ? e->reward[i] : NAN;
    return given == given ? (double)given : said[e->feedback[i]];
}

static int add_row(struct judging *j, int64_t i, const float *prob, const char *path, struct hone_err *err)
{
    const struct examples *e = &j->log;
    struct hone_string o = e->outputs.name[e->output[i]];
    int64_t width = predictor_outputs(j->agent);
    int32_t action = predictor_find_output(j->agent, o.bytes, o.len);
    double p = e->propensity ? (double)e->propensity[i] : NAN;
    if (!(p > 0 && p <= 1))
        return hone_fail(err, HONE_EINVAL, "%s:%lld: metadata.propensity is %s; an estimate from a log needs the probability, above 0 and at most 1, with "
                         "which the answer was chosen", path, (long long)e->line[i], p == p ? "out of range" : "missing");
    struct logged_row *r = &j->row[j->n++];
    *r = (struct logged_row){ .weight = (double)e->weight[i], .reward = reward_of(e, i) };
    int64_t best = hone_best(prob, width);
    if (j->soft)
        for (int64_t k = 0; k < width; k++)
            r->value += (double)prob[k] * (double)prob[k];
    else
        r->value = (double)prob[best];
    j->unknown += action < 0;
    if (action >= 0) {
        r->hat = (double)prob[action];
        r->ratio = (j->soft ? (double)prob[action] : best == action) / p;
    }
    return 0;
}

static int add_rows(struct judging *j, const char *path, struct hone_err *err)
{
    const struct examples *e = &j->log;
    int64_t width = predictor_outputs(j->agent);
    float *prob = malloc((size_t)(BLOCK * width) * sizeof *prob);
    j->row = malloc((size_t)(e->n + 1) * sizeof *j->row);
    int ret = prob && j->row ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld rows", (long long)e->n);
    for (int64_t from = 0; from < e->n && ret >= 0; from += BLOCK) {
        int64_t n = e->n - from < BLOCK ? e->n - from : BLOCK;
        ret = predictor_probs(j->agent, e->input + from, n, prob, err);
        for (int64_t i = 0; i < n && ret >= 0; i++) {
            if (e->weight[from + i] > 0)
                ret = add_row(j, from + i, prob + i * width, path, err);
            else
                j->left_out++;
        }
        task_beat(j->task);
    }
    free(prob);
    return ret;
}

static void put_real(cJSON *o, const char *key, double v)
{
    json_put(o, key, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static void note(cJSON *notes, int when, const char *text)
{
    if (when)
        cJSON_AddItemToArray(notes, cJSON_CreateString(text));
}

static void put_result(struct judging *j, const struct off_policy *o)
{
    cJSON *out = cJSON_CreateObject(), *list = cJSON_CreateArray(), *notes = cJSON_CreateArray();
    for (int k = 0; k < OFF_ESTIMATORS; k++) {
        const struct off_estimate *e = &o->estimate[k];
        cJSON *one = cJSON_CreateObject(), *range = cJSON_CreateObject();
        json_put_str(one, "name", off_policy_names[k]);
        put_real(one, "value", e->value);
        put_real(one, "standard_error", e->error);
        json_put_num(range, "level", STATS_LEVEL);
        put_real(range, "low", e->low);
        put_real(range, "high", e->high);
        json_put(one, "interval", range);
        cJSON_AddItemToArray(list, one);
    }
    json_put_str(out, "policy", j->soft ? "softmax" : "best");
    json_put_int(out, "rows", o->rows);
    json_put_num(out, "effective_sample_size", o->effective);
    json_put_num(out, "mean_ratio", o->mean_ratio);
    json_put_num(out, "mean_ratio_standard_error", o->ratio_error);
    json_put_num(out, "largest_ratio", o->max_ratio);
    json_put_num(out, "log_average_reward", o->average_reward);
    json_put_num(out, "switch_at", j->limit);
    json_put_int(out, "unknown_actions", j->unknown);
    json_put_int(out, "weight_zero", j->left_out);
    json_put(out, "estimates", list);
    note(notes, 1, "dm, dr and switch_dr take the agent's own confidence in an answer for the reward that it expects; where that is wrong, dm is wrong, dr only "
                   "less sharp, and switch_dr wrong as far as it leaves rows to dm.");
    note(notes, json_bool(j->task->start, "learned_from", 0), "The agent was trained on this very log: it has seen these rewards, so that all estimates of it are too "
         "high, those with its confidences most; keep a part of the log away from training and give that.");
    note(notes, o->effective < 30, "Fewer than 30 rows' worth of the log speak for this policy: the intervals are not to be relied on.");
    note(notes, fabs(o->mean_ratio - 1) > 4 * o->ratio_error, "The mean of the ratios is not 1, by more than four standard errors: the propensities are not those with "
         "which the answers were chosen, or the agent gives answers that the log could not; snips is biased then, and ips counts such answers as 0.");
    json_put(out, "notes", notes);
    json_put(j->task->result, "off_policy", out);
}

int task_off_policy(struct task *t, struct hone_err *err)
{
    struct judging j = { .task = t, .limit = json_num(t->start, "switch_at", 10) };
    const cJSON *log = json_get(t->start, "log");
    const char *path = json_str(log, "path", ""), *policy = json_str(t->start, "policy", "best");
    struct read_options options = { .format = (enum data_format)data_format_of_name(json_str(log, "format", "auto")) };
    struct off_policy o;
    j.soft = strcmp(policy, "softmax") == 0;
    if ((int)options.format < 0 || (!j.soft && strcmp(policy, "best") != 0))
        return hone_fail(err, HONE_EINVAL, "the policy must be best or softmax (it is '%.40s'), and the format one of the known ones", policy);
    t->stage = "data";
    int ret = examples_read(&j.log, path, &options, err);
    t->stage = "model";
    if (ret >= 0 && !(j.agent = predictor_open(t->registry, t->pool, json_str(t->start, "weights", ""), err)))
        ret = err->code;
    t->stage = "evaluation";
    if (ret >= 0)
        ret = add_rows(&j, path, err);
    if (ret >= 0)
        ret = off_policy_estimate(j.row, j.n, j.limit, &o, err);
    if (ret >= 0)
        put_result(&j, &o);
    predictor_close(j.agent);
    examples_free(&j.log);
    free(j.row);
    return ret < 0 ? ret : 0;
}
