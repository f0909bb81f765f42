/* What could be changed about an agent, out of what its answers earned: each proposal has a risk, an effect estimated from the interactions with an interval (or the reason why
 * there is no estimate), what to watch and when to go back. Only a threshold that is raised is of low risk: it turns answers into refusals and makes no new answer. Formulas:
 * docs/formulas.md. Called by core/api/adapt.c; no store, no clock. */
#ifndef JUDGE_PROPOSALS_H
#define JUDGE_PROPOSALS_H
#include "core/judge/trends.h"

struct proposal_options {
    const char *version;     /* id of the active version */
    double threshold;        /* below it the agent abstains now; 0: never */
    double wrong_cost;       /* what a wrong answer costs, a right one earning 1 and a refusal 0 */
    double level;            /* one-sided, of each interval */
    int explores;            /* the agent draws answers by chance */
};

#define PROPOSALS_LEAST 30   /* rated interactions that an estimate needs */

/* Adds "proposals": [{kind, risk, confidence, reason, change, expected_effect: {metric, estimate, low, high, level, estimator, rows} or null, no_estimate_because, monitoring_metrics,
 * rollback_criteria: [{metric, when, value, rows}], lower_bound_improves}], of the least risk first. What is proposed for the active version is judged by rows that are its own, and a threshold only where it does not explore. `trends` is what trends_put() has added. HONE_ENOMEM. [any] */
int proposals_put(cJSON *result, const cJSON *trends, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now, const struct proposal_options *o,
                  struct hone_err *err);

/* What raising or lowering the threshold would earn, per interaction: the best threshold is chosen on one half of the rows and judged on the other, both ways round. */
struct threshold_effect {
    double threshold;        /* best on all rows */
    double gain, error;      /* against the present one, per interaction: mean of rows that did not choose it, standard error */
    double success_now, success_then, abstention_now, abstention_then; /* success among answers whose outcome is known, NaN without any; abstention of all rows */
    int64_t rows, changed;   /* rows whose outcome is known either way; those for which it differs */
    int same_side;           /* both halves and all rows choose a higher threshold than the present one, or all a lower one */
};
/* The rows are those of one set of weights, none drawn by chance. 0, HONE_ENOMEM, or ERR_PRECONDITION with fewer than PROPOSALS_LEAST rows. [any, pure] */
int proposals_threshold(const struct seen *row, int64_t n, double threshold, double wrong_cost, struct threshold_effect *out);

#endif
