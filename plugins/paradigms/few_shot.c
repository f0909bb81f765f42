/* Paradigm "few_shot": the loss of cross_entropy.h over the rows and over one row more for each output, made of its own words. With
 * one to ten rows an output these words are worth about one row more of each. How long and with what optimizer such rows train best
 * is the preset few-shot's. */
#include "plugins/paradigms/cross_entropy.h"

struct conf {
    struct cross_entropy loss;
    double output_weight;
};

static const struct hone_param params[] = {
    CROSS_ENTROPY_ROWS,
    HONE_ROW(struct conf, output_weight, HONE_REAL, 0, 1, 0, 100,
             "weight of the example that is made of an output's own words; 0: none is made"),
};

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    return cross_entropy_loss(&((const struct conf *)conf)->loss, r, out, d_scores, err);
}

static int plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    (void)epochs;
    (void)err;
    p->output_weight = ((const struct conf *)conf)->output_weight;
    return 0;
}

static const struct hone_paradigm few_shot = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "few_shot", "learns from few examples an output",
                      "Cross-entropy as supervised; beside the rows given, the words of each output are an example of it. Use it "
                      "through the preset few-shot, which goes with one to about twenty rows an output.",
                      params, struct conf, 0, NULL),
    .loss = loss, .plan = plan,
};

HONE_DEFINE_PLUGIN("few_shot", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &few_shot.item);
