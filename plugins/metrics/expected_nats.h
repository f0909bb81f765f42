/* Loss of the expected answers by a unit of them: sum of nats / sum of units, and how rows pull it. For metrics; not a plugin. */
#ifndef METRICS_EXPECTED_NATS_H
#define METRICS_EXPECTED_NATS_H
#include <math.h>
#include "hone/metric.h"

/* Columns 0 and 1 are nats and units; influence may be NULL. NAN without units. */
static double nats_a_unit(const struct hone_scored *s, double *influence)
{
    const double *nats = s->column[0].v, *units = s->column[1].v;
    double sum = 0, all = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        sum += w * nats[i];
        all += w * units[i];
    }
    for (int64_t i = 0; influence && i < s->n; i++)
        influence[i] = all > 0 ? (nats[i] - sum / all * units[i]) / all : 0;
    return all > 0 ? sum / all : (double)NAN;
}

#endif
