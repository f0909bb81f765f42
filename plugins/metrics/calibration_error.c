/* Metric "calibration_error": how far confidence is from accuracy, in the mean and at most (Naeini et al. 2015, "Obtaining well
 * calibrated probabilities using Bayesian binning"). */
#include <math.h>
#include "hone/metric.h"

struct conf {
    int64_t bins;
};
static const struct hone_param params[] = { HONE_ROW(struct conf, bins, HONE_INT, 0, 10, 1, 1000, "bins of equal width") };
static const char *const outputs[] = { "ece", "mce", NULL };

/* Bin b holds weight, weight of right answers, weighted confidence. */
static int64_t state_size(const void *conf, int64_t width)
{
    (void)width;
    return 3 * ((const struct conf *)conf)->bins;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    int64_t bins = ((const struct conf *)conf)->bins;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->predicted[i] < 0)
            continue;
        double w = s->weight ? (double)s->weight[i] : 1, p = (double)s->prob[i * s->width + s->predicted[i]];
        double at = p * (double)bins;
        int64_t b = (int64_t)at;
        b -= (double)b >= at; /* ceil(at) - 1 */
        double *bin = state + 3 * (b < 0 ? 0 : b >= bins ? bins - 1 : b);
        bin[0] += w;
        bin[1] += w * (s->predicted[i] == s->label[i]);
        bin[2] += w * p;
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    int64_t bins = ((const struct conf *)conf)->bins;
    double n = 0, gaps = 0, most = 0;
    (void)width;
    (void)err;
    for (int64_t b = 0; b < bins; b++) {
        const double *bin = state + 3 * b;
        double gap = fabs(bin[1] - bin[2]);
        n += bin[0];
        gaps += gap;
        most = bin[0] > 0 ? fmax(most, gap / bin[0]) : most;
    }
    out[0] = n > 0 ? gaps / n : NAN;
    out[1] = n > 0 ? most : NAN;
    return 0;
}

static const struct hone_metric calibration_error = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "calibration_error", "gap between confidence and accuracy",
                      "Answers fall into bins ((b-1)/bins, b/bins] by the probability of the given output. ece: sum over bins of |right - confidence| "
                      "/ rows; mce: the greatest |right - confidence| / rows of a bin. Abstentions are left out.", params, struct conf, HONE_M_UNIT, NULL),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("calibration_error", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &calibration_error.item);
