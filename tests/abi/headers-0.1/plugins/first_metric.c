/* Metric "first_metric": say what it is. This one is the share of wrong predictions that were made with a confidence of at least `sure`. */
#include <math.h>
#include "hone/metric.h"

struct conf {
    double sure;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, sure, HONE_REAL, 0, 0.9, 0, 1, "confidence from which a mistake counts"),
};

static const char *const outputs[] = { "first_metric", NULL };

/* How many doubles are counted in; they are added up over blocks of predictions. */
static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 2;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    const struct conf *c = conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        int wrong = s->predicted[i] >= 0 && s->predicted[i] != s->label[i];
        state[0] += w * (wrong && (double)s->prob[i * s->width + s->predicted[i]] >= c->sure);
        state[1] += w;
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)width;
    (void)conf;
    (void)err;
    out[0] = state[1] > 0 ? state[0] / state[1] : NAN;
    return 0;
}

static const struct hone_metric first_metric = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "first_metric", "one line for lists", "Longer text.", params, struct conf, HONE_M_UNIT, NULL),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("first_metric", "0.1", "Apache-2.0", "", NULL, NULL, &first_metric.item);
