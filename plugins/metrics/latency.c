/* Metric "latency": how long one answer by itself takes, as the share within a target and as quantiles. */
#include <math.h>
#include <stdlib.h>
#include "hone/metric.h"

struct conf {
    double target_ms;
};
static const struct hone_param params[] = {
    HONE_ROW(struct conf, target_ms, HONE_REAL, HONE_P_OPEN_MIN, 100, 0, 1e9, "answers within this time (ms) are fast enough"),
};
static const char *const outputs[] = { "latency", "p50_ms", "p95_ms", "p99_ms", NULL };
static const char *const needs[] = { "latency_ms", NULL };

struct timed {
    double ms, weight;
};

static int ascending(const void *a, const void *b)
{
    double x = ((const struct timed *)a)->ms, y = ((const struct timed *)b)->ms;
    return (x > y) - (x < y);
}

/* Linear between order statistics, each standing there as often as its (whole) weight says. */
static double quantile(const struct timed *t, int64_t n, double all, double p)
{
    double at = p * (all - 1), before = 0;
    for (int64_t i = 0; i < n; i++) {
        double last = before + t[i].weight - 1; /* place of the last of its copies */
        if (at <= last)
            return t[i].ms;
        before += t[i].weight;
        if (at < before && i + 1 < n)
            return t[i].ms + (at - last) * (t[i + 1].ms - t[i].ms);
    }
    return n > 0 ? t[n - 1].ms : (double)NAN;
}

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    const double *ms = s->column[0].v, target = ((const struct conf *)conf)->target_ms;
    struct timed *t = malloc(((size_t)s->n + 1) * sizeof *t);
    int64_t n = 0;
    double all = 0, within = 0;
    (void)host;
    (void)influence;
    if (!t)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld times", (long long)s->n);
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        if (isnan(ms[i]) || !(w > 0))
            continue;
        t[n++] = (struct timed){ ms[i], w };
        all += w;
        within += w * (ms[i] <= target);
    }
    qsort(t, (size_t)n, sizeof *t, ascending);
    out[0] = all > 0 ? within / all : NAN;
    out[1] = quantile(t, n, all, 0.50);
    out[2] = quantile(t, n, all, 0.95);
    out[3] = quantile(t, n, all, 0.99);
    free(t);
    return HONE_WHOLE_RESAMPLE;
}

static const struct hone_metric latency = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "latency", "share of answers that come in time",
                      "Answers one by one on one thread, on up to 500 test rows: the share within target_ms, and the time's 50th, 95th and 99th percentile "
                      "in ms (linear between order statistics).", params, struct conf, HONE_M_HIGHER | HONE_M_UNIT, NULL),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("latency", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &latency.item);
