#include "core/worker/subsets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/worker/side_run.h"

#define FOLDS 5
static const double shares[GROWTH_SIZES] = { 0.0625, 0.125, 0.25, 0.5, 1 };

static void beat(void *arg)
{
    task_beat(arg);
}

static int why_not(struct growth *g, const char *why)
{
    snprintf(g->why, sizeof g->why, "%s", why);
    return 0;
}

/* Whether the job is one whose training can be done again on other rows, and what that costs. */
static int is_possible(struct task *t, const struct subsets_job *job, const char *mode, struct growth *g)
{
    const cJSON *config = json_get(t->start, "config");
    int64_t epochs = json_int(config, "epochs", 10), rows = job->held ? job->n_train : job->n_train * (FOLDS - 1) / FOLDS;
    double share = job->held ? 0 : 1;
    for (int s = 0; s + 1 < GROWTH_SIZES; s++)
        share += GROWTH_DRAWS * shares[s];
    g->visits = (int64_t)ceil(share * (double)rows) * epochs;
    g->limit = strcmp(mode, "always") == 0 ? 0 : SUBSETS_VISITS;
    if (strcmp(mode, "never") == 0)
        return why_not(g, "not asked for");
    if (json_str(config, "base", NULL))
        return why_not(g, "the job started from other weights, whose part cannot be told from that of its rows");
    if (job->job->reward || strcmp(json_str(config, "trainingType", ""), "reinforcement") == 0)
        return why_not(g, "the job learned from rewards, not from right answers");
    if (g->limit > 0 && g->visits > g->limit) {
        snprintf(g->why, sizeof g->why, "models on parts of the rows would take %lld row visits (rows x epochs), above the %lld that are spent "
                 "unasked; ask for them with --learning-curve always", (long long)g->visits, (long long)g->limit);
        return 0;
    }
    return 1;
}

static struct run_files files_of(struct task *t)
{
    const cJSON *held_out = json_get(t->start, "held_out");
    return (struct run_files){ .data = json_str(held_out, "path", NULL), .validation = json_str(held_out, "validation", NULL),
                               .format = (enum data_format)data_format_of_name(json_str(held_out, "format", "auto")), .single_output = 1,
                               .beat = beat, .beat_arg = t };
}

/* Right or wrong of each answered row, from scores. */
static uint8_t *right_of(const struct held_rows *h)
{
    uint8_t *right = malloc((size_t)h->n + 1);
    for (int64_t i = 0; right && i < h->n; i++) {
        double share;
        int64_t width = h->start[i + 1] - h->start[i];
        right[i] = h->target[i] >= 0 && calibration_top(h->score + h->start[i], width, 1, &share) == h->target[i];
    }
    return right;
}

/* One model; its answers become the next draw of the size at g->sizes. */
static int add_model(struct task *t, const struct side_run *s, struct growth *g, struct hone_err *err)
{
    struct held_rows h = { 0 };
    int64_t rows = 0, at = g->sizes;
    int rc = side_run_answers(t, s, &h, &rows, err);
    if (rc == 0 && g->n > 0 && h.n != g->n)
        rc = hone_fail(err, ERR_CORRUPT, "the rows held out are %lld, and were %lld for other parts", (long long)h.n, (long long)g->n);
    if (rc == 0) {
        uint8_t *right = right_of(&h);
        rc = right ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the learning curve");
        g->n = h.n;
        g->rows[at] = (double)rows;
        if (right)
            g->right[at][g->draws[at]++] = right;
    }
    held_free(&h);
    return rc == 1 ? hone_fail(err, ERR_CANCELLED, "asked to stop while the learning curve was measured") : rc;
}

/* The agent's own answers to the rows that the job held out, as many as a side run answers. */
static int add_agent(const struct subsets_job *job, struct growth *g, struct hone_err *err)
{
    const struct predictions *p = job->held;
    int64_t n = p->n < CALIBRATION_ROWS ? p->n : CALIBRATION_ROWS;
    uint8_t *right = malloc((size_t)n + 1);
    if (!right)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the learning curve");
    if (g->n != n) {
        free(right);
        return hone_fail(err, ERR_CORRUPT, "parts of the rows held %lld rows out and the job %lld", (long long)g->n, (long long)n);
    }
    for (int64_t i = 0; i < n; i++)
        right[i] = p->predicted[i * p->n / n] == p->expected[i * p->n / n];
    g->right[g->sizes][0] = right;
    g->draws[g->sizes] = 1;
    g->rows[g->sizes] = (double)job->n_train;
    g->share[g->sizes++] = 1;
    return 0;
}

/* The agent's numbers of what the answered rows expect. */
static int note_expected(const struct subsets_job *job, struct growth *g, struct hone_err *err)
{
    g->expected = malloc((size_t)(g->n + 1) * sizeof *g->expected);
    if (!g->expected)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the learning curve");
    for (int64_t i = 0; i < g->n; i++)
        g->expected[i] = job->held ? job->held->expected[i * job->held->n / g->n] : INT32_MAX;
    return 0;
}

static int measure(struct task *t, const struct subsets_job *job, struct growth *g, struct hone_err *err)
{
    struct side_run s = { .files = files_of(t), .dir = "", .what = "learning curve", .blind = !job->held, .unknown = 1 };
    int last = job->held ? GROWTH_SIZES - 1 : GROWTH_SIZES, rc = 0;
    s.files.folds = job->held ? 0 : FOLDS;
    for (int i = 0; i < last && rc == 0; i++) {
        int draws = shares[i] < 1 ? GROWTH_DRAWS : 1;
        s.files.thin = shares[i] < 1 ? shares[i] : 0;
        for (s.files.draw = 0; rc == 0 && s.files.draw < (uint32_t)draws; s.files.draw++)
            rc = add_model(t, &s, g, err);
        g->share[g->sizes] = shares[i];
        if (rc == 0 && g->sizes > 0 && g->rows[g->sizes] <= g->rows[g->sizes - 1])
            rc = hone_fail(err, HONE_EINVAL, "the training rows are too few for parts of %g and %g of them to differ", shares[i - 1], shares[i]);
        if (rc == 0)
            g->sizes++;
    }
    if (rc == 0 && job->held)
        rc = add_agent(job, g, err);
    return rc == 0 ? note_expected(job, g, err) : rc;
}

int subsets_measure(struct task *t, const struct subsets_job *job, const char *mode, struct growth *g, struct hone_err *err)
{
    struct hone_err why = { 0 };
    memset(g, 0, sizeof *g);
    g->source = job->held ? "held_out" : "fold";
    if (!is_possible(t, job, mode, g))
        return 0;
    t->stage = "learning curve";
    int rc = measure(t, job, g, &why);
    t->stage = "evaluation";
    if (rc == HONE_ENOMEM || rc == ERR_CANCELLED) {
        *err = why;
        return rc;
    }
    if (rc < 0) {
        int64_t visits = g->visits;
        growth_free(g);
        g->source = job->held ? "held_out" : "fold";
        g->visits = visits;
        snprintf(g->why, sizeof g->why, "%.230s", why.text);
    }
    return 0;
}
