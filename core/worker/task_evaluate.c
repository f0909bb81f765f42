/* The task "evaluate": a trained agent's answers to test rows, judged. The rows are those of `data`, else those that the
 * job held out, found again by the split that the job made. What travels is described in docs/architecture.md. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/data/split.h"
#include "core/judge/edits.h"
#include "core/judge/evaluate.h"
#include "core/judge/growth.h"
#include "core/train/predictor.h"
#include "core/worker/subsets.h"
#include "core/worker/task.h"

/* The rows of an evaluation. `test` is one of the two sets of examples. */
struct rows {
    struct examples job, other; /* the job's data file; the test or validation file */
    const struct examples *test;
    const int64_t *row;         /* of test; NULL: all */
    int64_t n_row;
    int64_t *train, *held_out;  /* rows of job */
    int64_t n_train, n_held_out;
    int has_train;
    const char *source, *path;
    cJSON *notes;
};

static void rows_free(struct rows *r)
{
    examples_free(&r->job);
    examples_free(&r->other);
    free(r->train);
    free(r->held_out);
    cJSON_Delete(r->notes);
}

static void note(struct rows *r, const char *text)
{
    cJSON_AddItemToArray(r->notes, cJSON_CreateString(text));
}

static int read_file(struct examples *e, const cJSON *from, const char *key, const char *path, struct hone_err *err)
{
    int format = data_format_of_name(json_str(from, key, "auto"));
    if (format < 0)
        return hone_fail(err, HONE_EINVAL, "'%s' is no format of data", json_str(from, key, ""));
    struct read_options options = { .format = (enum data_format)format };
    return examples_read(e, path, &options, err);
}

/* Reads what the job trained on and divides it as the job did. */
static int read_job(struct task *t, struct rows *r, struct hone_err *err)
{
    const cJSON *held_out = json_get(t->start, "held_out"), *config = json_get(t->start, "config");
    const char *path = json_str(held_out, "path", NULL);
    double share = json_str(held_out, "validation", NULL) ? 0 : json_num(config, "validationSplit", 0);
    if (!path)
        return hone_fail(err, HONE_EINVAL, "the start frame does not name the job's data");
    int rc = read_file(&r->job, held_out, "format", path, err), written = 0;
    if (rc == 0 && (written = predictor_file_writes(t->registry, json_str(t->start, "weights", ""), err)) < 0)
        rc = written;
    if (rc == 0)
        rc = split_examples(&r->job, written, share, (uint64_t)json_int(config, "seed", 0), &r->train, &r->n_train, &r->held_out,
                            &r->n_held_out, err);
    r->has_train = rc == 0;
    return rc;
}

/* Test rows of a file of their own. The job's rows are then only looked at for advice, which can do without. */
static int read_other(struct task *t, struct rows *r, const cJSON *from, const char *path, const char *source,
                      struct hone_err *err)
{
    struct hone_err why = { 0 };
    int rc = read_file(&r->other, from, "format", path, err);
    r->test = &r->other;
    r->source = source;
    r->path = path;
    if (rc == 0 && read_job(t, r, &why) != 0) {
        err_prefix(&why, "the training rows could not be looked at, so nothing is said of them");
        note(r, why.text);
    }
    return rc;
}

static int read_rows(struct task *t, struct rows *r, struct hone_err *err)
{
    const cJSON *data = json_get(t->start, "data"), *held_out = json_get(t->start, "held_out");
    const char *path = json_str(data, "path", NULL), *validation = json_str(held_out, "validation", NULL);
    t->stage = "data";
    if (!(r->notes = cJSON_CreateArray()))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (path)
        return read_other(t, r, data, path, "data", err);
    if (validation) {
        note(r, "These rows chose the epoch that is served, so the scores lean to the good side; fresh rows are better.");
        return read_other(t, r, NULL, validation, "validation", err);
    }
    if (!(json_num(json_get(t->start, "config"), "validationSplit", 0) > 0))
        return hone_fail(err, ERR_PRECONDITION, "the job held no rows out (validationSplit was 0) and no test rows were given; "
                         "give some as test_data (--test FILE on the command line)");
    int rc = read_job(t, r, err);
    if (rc < 0)
        return rc;
    if (r->n_held_out == 0)
        return hone_fail(err, ERR_PRECONDITION, "the split of the job's %lld rows held none out (validationSplit is too small for "
                         "them) and no test rows were given; give some as test_data (--test FILE on the command line)", (long long)r->job.n);
    note(r, "These rows chose the epoch that is served, so the scores lean to the good side; fresh rows are better.");
    r->test = &r->job;
    r->row = r->held_out;
    r->n_row = r->n_held_out;
    r->source = "held_out";
    r->path = json_str(held_out, "path", NULL);
    return 0;
}

static void beat(void *task)
{
    task_beat(task);
}

static cJSON *test_json(const struct rows *r, const struct predictions *p)
{
    cJSON *o = cJSON_CreateObject(), *left_out = cJSON_CreateObject();
    json_put_str(o, "source", r->source);
    json_put_str(o, "path", r->path);
    json_put_int(o, "rows", p->n);
    json_put_int(o, "unknown_outputs", p->unknown);
    json_put_int(left_out, "incorrect", p->incorrect);
    json_put_int(left_out, "no_output", p->unanswered);
    json_put_int(left_out, "weight_zero", p->weightless);
    json_put(o, "left_out", left_out);
    return o;
}

/* An agent that writes: its answers first, since only then it is known how many texts there are. */
static int answer_written(struct task *t, struct rows *r, struct predictor *agent, struct metric_set *metrics, struct predictions *p,
                          struct hone_err *err)
{
    uint64_t seed = (uint64_t)json_int(json_get(t->start, "config"), "seed", 0);
    struct metric_rows known = { .p = p, .test = r->test };
    int rc = metrics_for_texts(metrics, err);
    t->stage = "evaluation";
    if (rc == 0)
        rc = predictions_write(p, agent, r->test, r->row, r->n_row, beat, t, err);
    if (rc == 0 && p->too_long > 0) {
        char text[160];
        snprintf(text, sizeof text, "%lld of %lld inputs leave no room for an answer in the agent's context; they count as wrong.", (long long)p->too_long,
                 (long long)p->n);
        note(r, text);
    }
    if (rc == 0)
        rc = edits_measure(&known, metrics, agent, seed, beat, t, err);
    if (rc == 0)
        rc = metrics_expected(&known, metrics, agent, beat, t, err);
    if (rc == 0)
        rc = metrics_start(metrics, p->n, p->width, seed, t->pool, err);
    if (rc == 0)
        rc = metrics_finish(metrics, p->width, &known, err);
    free(known.edited);
    free(known.latency_ms);
    free(known.nats);
    free(known.tokens);
    free(known.characters);
    return rc;
}

/* The agent answers, the metrics look on. */
static int answer(struct task *t, const struct rows *r, struct predictor *agent, struct metric_set *metrics,
                  struct predictions *p, struct hone_err *err)
{
    const struct block_sink sink = { metrics, metrics_block };
    int64_t width = predictor_outputs(agent), rows = r->row ? r->n_row : r->test->n;
    uint64_t seed = (uint64_t)json_int(json_get(t->start, "config"), "seed", 0);
    struct metric_rows known = { .p = p, .test = r->test };
    int rc = metrics_for_choices(metrics, err);
    if (rc == 0)
        rc = metrics_start(metrics, rows, width, seed, t->pool, err);
    t->stage = "evaluation";
    if (rc == 0)
        rc = predictions_run(p, agent, r->test, r->row, r->n_row, &sink, beat, t, err);
    if (rc == 0)
        rc = edits_measure(&known, metrics, agent, seed, beat, t, err);
    if (rc == 0)
        rc = metrics_finish(metrics, width, &known, err);
    free(known.edited);
    free(known.latency_ms);
    return rc;
}

/* Answers to the rows that the job held out: *p itself when they are the test rows, else `own` with `e`, or NULL when it held none out. */
static const struct predictions *held_answers(struct task *t, struct rows *r, struct predictor *agent, const struct predictions *p,
                                              struct predictions *own, struct examples *e)
{
    const char *validation = json_str(json_get(t->start, "held_out"), "validation", NULL);
    struct hone_err ignored = { 0 };
    if (r->test == &r->job || strcmp(r->source, "validation") == 0)
        return p;
    if (validation && (read_file(e, NULL, "format", validation, &ignored) < 0 ||
                       predictions_run(own, agent, e, NULL, 0, NULL, beat, t, &ignored) < 0))
        return NULL;
    if (!validation && (r->n_held_out == 0 || predictions_run(own, agent, &r->job, r->held_out, r->n_held_out, NULL, beat, t, &ignored) < 0))
        return NULL;
    return own;
}

/* What more examples would bring. g->why says why it is not known. */
static int measure_growth(struct task *t, struct rows *r, struct predictor *agent, const struct predictions *p, struct growth *g,
                          struct growth_curve *curve, struct hone_err *err)
{
    struct predictions own = { 0 };
    struct examples e = { 0 };
    const char *mode = json_str(t->start, "learning_curve", "auto");
    int rc = 0;
    if (!r->has_train) {
        snprintf(g->why, sizeof g->why, "the training rows are not at hand");
        return 0;
    }
    if (p->writes) {
        snprintf(g->why, sizeof g->why, "the agent writes its answers; models on parts of the rows, trained several times over, would take a multiple of what its own training took: train on a share of "
                 "the file (hone data split) and compare nats_per_character");
        return 0;
    }
    struct subsets_job job = { .job = &r->job, .n_train = r->n_train };
    if (strcmp(mode, "never") != 0)
        job.held = held_answers(t, r, agent, p, &own, &e);
    rc = subsets_measure(t, &job, mode, g, err);
    if (rc == 0 && g->sizes > 0)
        rc = growth_fit(g, -1, 0, GROWTH_SEED, curve, err);
    predictions_free(&own);
    examples_free(&e);
    return rc;
}

static int judge(struct task *t, struct rows *r, struct predictor *agent, const struct predictions *p, const struct metric_set *metrics,
                 struct hone_err *err)
{
    struct growth growth = { 0 };
    struct growth_curve curve;
    struct tally tally = { 0 };
    struct lesson lesson = { 0 };
    struct curve_verdict curves;
    struct curve_row *history = NULL;
    int64_t n_history;
    int rc = curves_from_json(json_get(t->start, "history"), &history, &n_history, err);
    if (rc == 0)
        rc = tally_count(&tally, p, r->test, err);
    if (rc == 0 && r->has_train)
        rc = lesson_learn(&lesson, &r->job, r->train, r->n_train, r->test, p, err);
    if (rc == 0)
        rc = measure_growth(t, r, agent, p, &growth, &curve, err);
    if (rc < 0)
        goto out;
    curves_judge(history, n_history, p->writes ? (double)NAN : log((double)p->width), lesson.baseline, &curves);
    const struct findings f = { .p = p, .test = r->test, .metrics = metrics, .tally = &tally, .curves = &curves,
                                .lesson = r->has_train ? &lesson : NULL, .config = json_get(t->start, "config"),
                                .growth = &growth, .curve = growth.sizes > 0 ? &curve : NULL };
    rc = evaluate_put(t->result, &f, err);
    json_put(t->result, "test", test_json(r, p));
    json_put(t->result, "notes", r->notes);
    r->notes = NULL;
out:
    free(history);
    tally_free(&tally);
    growth_free(&growth);
    lesson_free(&lesson);
    return rc;
}

/* What was asked for; by default, of an agent that writes, what compares texts. */
static int open_metrics(struct task *t, struct metric_set *s, int writes, struct hone_err *err)
{
    static const char *const of_texts[] = { "accuracy", "exact_match", "chrf", "rouge", "bleu", "nats_per_character", "token_perplexity" };
    const cJSON *asked = json_get(t->start, "criteria");
    cJSON *usual = writes && cJSON_GetArraySize(asked) == 0 ? cJSON_CreateStringArray(of_texts, HONE_COUNT(of_texts)) : NULL;
    int rc = metrics_open(s, t->registry, usual ? usual : asked, err);
    cJSON_Delete(usual);
    return rc;
}

int task_evaluate(struct task *t, struct hone_err *err)
{
    struct rows r = { 0 };
    struct metric_set metrics = { 0 };
    struct predictions p = { 0 };
    struct predictor *agent = NULL;
    int64_t began = clock_mono_us();
    const char *weights = json_str(t->start, "weights", NULL);
    if (!weights)
        return hone_fail(err, HONE_EINVAL, "the start frame does not name the weights");
    metrics.rules = json_str(t->start, "rules", NULL);
    t->stage = "model";
    agent = predictor_open(t->registry, t->pool, weights, err);
    int rc = agent ? 0 : err->code, writes = agent && predictor_writes(agent);
    if (rc == 0) {
        t->stage = "metrics";
        rc = open_metrics(t, &metrics, writes, err);
    }
    if (rc == 0)
        rc = read_rows(t, &r, err);
    task_beat(t);
    if (rc == 0)
        rc = writes ? answer_written(t, &r, agent, &metrics, &p, err) : answer(t, &r, agent, &metrics, &p, err);
    if (rc == 0)
        rc = judge(t, &r, agent, &p, &metrics, err);
    json_put_num(t->result, "duration_ms", round((double)(clock_mono_us() - began) / 1000));
    predictions_free(&p);
    metrics_free(&metrics);
    rows_free(&r);
    predictor_close(agent);
    return rc;
}
