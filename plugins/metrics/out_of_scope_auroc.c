/* Metric "out_of_scope_auroc": whether confidence tells rows that the agent can answer from rows whose output it does not know
 * (Hendrycks & Gimpel 2017, "A baseline for detecting misclassified and out-of-distribution examples"). */
#include "ranking.h"

static const char *const outputs[] = { "out_of_scope_auroc", NULL };
static const char *const needs[] = { "confidence", NULL };

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    struct ranking r = { 0 };
    (void)conf;
    (void)host;
    if (ranking_room(&r, s->n) < 0) {
        ranking_free(&r);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld rows", (long long)s->n);
    }
    for (int64_t i = 0; influence && i < s->n; i++)
        influence[i] = 0;
    double base = 0;
    ranking_make(&r, s->column[0].v, s->label, -1, s->weight);
    out[0] = ranking_auc(&r, influence, &base, 1);
    for (int64_t i = 0; influence && i < s->n; i++)
        influence[i] += base;
    ranking_free(&r);
    return HONE_WHOLE_INFLUENCE;
}

static const struct hone_metric out_of_scope_auroc = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "out_of_scope_auroc", "chance that the agent is surer of a row it can answer than of one it cannot",
                            "Area under the receiver operating characteristic of the confidence, rows with a known output against rows whose output the agent "
                            "was never shown; not defined when one of the two is missing.", HONE_M_HIGHER | HONE_M_UNIT),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("out_of_scope_auroc", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &out_of_scope_auroc.item);
