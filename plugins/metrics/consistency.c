/* Metric "consistency": the share of answers that stay the same under edits of the input that keep its meaning (Ribeiro et al. 2020,
 * "Beyond accuracy: behavioral testing of NLP models with CheckList", invariance tests). */
#include <math.h>
#include "hone/metric.h"

static const char *const outputs[] = { "consistency", NULL };
static const char *const needs[] = { "edited", NULL };

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    const int32_t *edited = s->column[0].v;
    int64_t edits = s->column[0].width;
    double kept = 0, tried = 0;
    (void)conf;
    (void)host;
    (void)err;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < s->n; i++) {
            double w = s->weight ? (double)s->weight[i] : 1, row_kept = 0, row_tried = 0;
            for (int64_t k = 0; k < edits; k++) {
                int32_t answer = edited[i * edits + k];
                row_tried += answer != -2;
                row_kept += answer != -2 && answer == s->predicted[i];
            }
            if (pass == 0) {
                kept += w * row_kept;
                tried += w * row_tried;
            } else if (influence) {
                influence[i] = tried > 0 ? (row_kept - row_tried * kept / tried) / tried : 0;
            }
        }
    }
    out[0] = tried > 0 ? kept / tried : NAN;
    return HONE_WHOLE_INFLUENCE;
}

static const struct hone_metric consistency = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "consistency", "share of answers unchanged under edits that keep the meaning",
                            "Answers to edited inputs that are the answer to the input / edited inputs. Edits (seeded): upper case, lower case, doubled and outer "
                            "blanks, punctuation taken away or put behind, one slip of the finger in a word of at least five letters; an edit that changes nothing does not count.",
                            HONE_M_HIGHER | HONE_M_UNIT),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("consistency", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &consistency.item);
