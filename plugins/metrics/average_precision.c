/* Metric "average_precision": area under the curve of precision over recall, each output against the rest, as a step function without
 * interpolation (Zhu 2004, "Recall, precision and average precision"). */
#define OUTPUT_VALUE(r, influence, base, share, scratch) ((void)(base), ranking_precision(r, influence, share, scratch))
#include "one_vs_rest.h"

static const char *const outputs[] = { "average_precision", NULL };

static const struct hone_metric average_precision = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "average_precision", "precision averaged over recall",
                      "By output: sum over thresholds of (recall - recall before) precision; the mean over the outputs that have rows of their own and others.",
                      params, struct conf, HONE_M_HIGHER | HONE_M_UNIT, NULL),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("average_precision", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &average_precision.item);
