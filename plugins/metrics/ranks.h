/* The place of the label among the outputs by their probability: 1 for the best. Of equals the first comes first, as in
 * `predicted`. */
#ifndef METRICS_RANKS_H
#define METRICS_RANKS_H
#include "hone/metric.h"

/* 0: the model does not know the label. */
static int64_t rank_of(const struct hone_scored *s, int64_t row)
{
    const float *p = s->prob + row * s->width;
    int64_t label = s->label[row], rank = 1;
    if (label < 0)
        return 0;
    for (int64_t k = 0; k < label; k++)
        rank += p[k] >= p[label];
    for (int64_t k = label + 1; k < s->width; k++)
        rank += p[k] > p[label];
    return rank;
}

#endif
