/* What has changed in how an agent does: the interactions of a window of time against those of the window before. Each difference carries an interval and a p-value of
 * a permutation test, which holds its level whatever the distributions are, corrected for how many are looked at; "nothing that these rows can show" is an answer. Rows
 * count as exchangeable: a test knows nothing of users who ask the same thing twice. Formulas: docs/formulas.md. Called by core/api/adapt.c; no store, no clock. */
#ifndef JUDGE_TRENDS_H
#define JUDGE_TRENDS_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

/* An interaction. Texts are borrowed. */
struct seen {
    const char *input;
    const char *output;      /* NULL: the agent abstained */
    const char *best;        /* what it would have answered without abstaining or exploring; NULL: not known */
    const char *expected;    /* the right answer; NULL: not told */
    const char *version;     /* id of the version that answered */
    int own;                 /* that has the weights of the active version, whatever its threshold */
    double success;          /* 0 to 1: what people said of the answer; NaN: nothing */
    double confidence;       /* of `best`; NaN: not known */
    double latency_ms;       /* NaN: not measured */
    double propensity;       /* of the answer, where it was drawn by chance; NaN: not known */
    int explored;            /* it was drawn by chance */
};

struct trend_options {
    double level;            /* of the whole family of tests */
    int64_t permutations;
    uint64_t seed;
};

#define TRENDS_ROWS 20000    /* of a window that are looked at, evenly spread over it, when there are more */
#define TRENDS_LEAST 5       /* values on each side that a test needs */

/* Adds to `result`: "trends" [{name, before, now, difference, low, high, p, p_adjusted, changed, direction, rows_before, rows}], "stability" [{feature, psi, psi_by_chance, bins}],
 * "error_kinds" [{output, expected, before, now}], the commonest first, "drift_found" and "tests" {level, permutations, correction, rows_before, rows}. HONE_ENOMEM; nothing is
 * added then. [any] */
int trends_put(cJSON *result, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now, const struct trend_options *o, struct hone_err *err);
/* Whether the entry "success_rate", "inputs", ... of `result` has changed; -1 for the worse, 1 for the better or without a better and worse, 0 not. */
int trends_changed(const cJSON *result, const char *name);

#endif
