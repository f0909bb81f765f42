/* Metric "cohen_kappa": agreement beyond chance (Cohen 1960, "A coefficient of agreement for nominal scales"). */
#include "agreement.h"

static const char *const outputs[] = { "cohen_kappa", NULL };

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    struct agreement a = agreement_of(state, width);
    double chance = a.both / (a.n * a.n);
    (void)conf;
    (void)err;
    out[0] = a.n > 0 && chance < 1 ? (a.right / a.n - chance) / (1 - chance) : NAN;
    return 0;
}

static const struct hone_metric cohen_kappa = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "cohen_kappa", "agreement of predictions and labels beyond chance",
                            "(p_o - p_e) / (1 - p_e), p_o = right / n, p_e = sum_k predicted_k expected_k / n^2; not defined when p_e is 1.",
                            HONE_M_HIGHER | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("cohen_kappa", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cohen_kappa.item);
