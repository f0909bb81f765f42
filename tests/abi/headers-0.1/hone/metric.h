/* hone/metric.h: a number that says how well predictions fit what was expected. A metric sees predictions in pieces,
 * keeps sums in doubles, and turns them into results; pieces are merged in a fixed order.
 * History: 0.1 first. */
#ifndef HONE_METRIC_H
#define HONE_METRIC_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_scored {
    int64_t n, width;
    const float *prob;           /* [n][width] probabilities, rows sum to 1 */
    const int32_t *predicted;    /* [n] index of the highest, the first when several are; -1: the agent abstained */
    const int32_t *label;        /* [n] what was expected; -1: an output that the model does not know */
    const float *weight;         /* [n] or NULL: all 1 */
};

/* item.flags */
#define HONE_M_HIGHER 1u /* larger is better */
#define HONE_M_UNIT 2u   /* results lie in 0..1 */

struct hone_metric {
    struct hone_item item;
    const char *const *outputs;  /* names of the results, NULL-terminated; the first is the headline */
    /* Doubles of state, zeroed at the start. [main pure] */
    int64_t (*state_size)(const void *conf, int64_t width);
    void (*update)(const struct hone_scored *, const void *conf, double *state); /* [worker] on a state of its own */
    /* Adds `from` to `into`. Optional: element by element. [main] */
    void (*merge)(double *into, const double *from, int64_t n, const void *conf);
    /* One value an output name; NaN where it is not defined (nothing counted). [main] */
    int (*result)(const double *state, int64_t width, const void *conf, double *out, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
