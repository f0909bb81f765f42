/* Paradigm "few_shot": class prototypes and nearest neighbours in the model's space, without gradients (prototypes.h), then, unless
 * fine_tune is off, training by the loss of cross_entropy.h from a share of that. Both over the rows and over one row more for each
 * output, made of its own words. How long and with what optimizer such rows train best is the preset few-shot's. */
#include "plugins/paradigms/cross_entropy.h"
#include "plugins/paradigms/prototypes.h"

struct conf {
    struct cross_entropy loss;
    double output_weight, share;
    int64_t solve, fine_tune;
    struct prototypes_wish wish;
};

static const struct hone_param params[] = {
    CROSS_ENTROPY_ROWS,
    HONE_ROW(struct conf, output_weight, HONE_REAL, 0, 1, 0, 100,
             "weight of the example that is made of an output's own words; 0: none is made"),
    HONE_ROW(struct conf, solve, HONE_BOOL, 0, 1, 0, 1, "begin with class prototypes and nearest neighbours, without gradients"),
    HONE_ROW(struct conf, fine_tune, HONE_BOOL, 0, 1, 0, 1, "go on by gradients; off: what was solved is the agent, and epochs is 1"),
    HONE_ROW(struct conf, share, HONE_REAL, 0, 0.4, 0, 1, "share of the solved scores that fine-tuning begins with"),
    PROTOTYPES_ROWS(struct conf, wish),
};

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    return cross_entropy_loss(&((const struct conf *)conf)->loss, r, out, d_scores, err);
}

static int plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    const struct conf *c = conf;
    p->output_weight = c->output_weight;
    p->flags |= c->solve ? HONE_PLAN_SOLVE : 0;
    if (c->fine_tune)
        return 0;
    if (!c->solve)
        return hone_fail(err, HONE_EINVAL, "solve and fine_tune are both false: nothing would be learned");
    if (epochs != 1)
        return hone_fail(err, HONE_EINVAL, "fine_tune is false, so that one epoch shows all there is to see; set epochs to 1 (it is %lld)",
                         (long long)epochs);
    p->phase[0].flags |= HONE_PHASE_STILL;
    return 0;
}

static int solve(const void *conf, const struct hone_whole *w, struct hone_solution *out, double *state, struct hone_err *err)
{
    const struct conf *c = conf;
    for (int64_t i = 0; i < w->n; i++) {
        float by = w->feedback[i] == HONE_CORRECT ? 1 : w->feedback[i] == HONE_PARTIAL ? (float)c->loss.partial_weight : 0;
        out->vote[i] = w->target[i] < 0 ? 0 : w->weight[i] * by;
    }
    return prototypes_solve(&c->wish, w, c->fine_tune ? c->share : 1, out, state, err);
}

static const struct hone_paradigm few_shot = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "few_shot", "learns from few examples an output",
                      "Prototypes (Snell et al., 2017), shrunk towards the mean of all rows (Tibshirani et al., 2002), and the votes of neighbours (Goldberger "
                      "et al., 2005); their settings are chosen by leaving out one row at a time. Then cross-entropy as supervised. Beside the rows given, the "
                      "words of each output are an example of it. Use it through the preset few-shot, which goes with one to about twenty rows an output.",
                      params, struct conf, 0, NULL),
    .state_names = prototypes_state, .loss = loss, .plan = plan, .solve = solve,
};

HONE_DEFINE_PLUGIN("few_shot", "0.2.0", "Apache-2.0", "Hone", NULL, NULL, &few_shot.item);
