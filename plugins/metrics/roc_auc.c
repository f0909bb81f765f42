/* Metric "roc_auc": area under the receiver operating characteristic, each output against the rest (Hanley & McNeil 1982, "The
 * meaning and use of the area under a receiver operating characteristic curve"; Provost & Domingos 2000 for several outputs). */
#define OUTPUT_VALUE(r, influence, base, share, scratch) ((void)(scratch), ranking_auc(r, influence, base, share))
#include "one_vs_rest.h"

static const char *const outputs[] = { "roc_auc", NULL };

static const struct hone_metric roc_auc = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "roc_auc", "chance that a row of an output gets more of its probability than another row",
                      "By output: (negatives below + ties / 2) over pairs of its rows and all others; the mean over the outputs that have both.",
                      params, struct conf, HONE_M_HIGHER | HONE_M_UNIT, NULL),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("roc_auc", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &roc_auc.item);
