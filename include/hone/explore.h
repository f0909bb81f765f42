/* hone/explore.h: rules that choose among n actions by chance, so that what was chosen teaches something about what was not. Each
 * fills p[n] with probabilities (> 0 but for underflow, sum 1) from estimates; hone_choose() takes one. Shared by paradigms that
 * simulate a user and by the host's answers. History: 0.2 first. */
#ifndef HONE_EXPLORE_H
#define HONE_EXPLORE_H
#include <stdint.h>
#include "hone/math.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The index of the largest, the first of equals. [any, pure] */
static inline int64_t hone_best(const float *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        best = v[k] > v[best] ? k : best;
    return best;
}

/* The best with probability 1 - epsilon, else any (the best too), evenly: Sutton & Barto, 2018, 2.2. [any, pure] */
static inline void hone_explore_epsilon(const float *value, int64_t n, double epsilon, float *p)
{
    int64_t best = hone_best(value, n);
    for (int64_t k = 0; k < n; k++)
        p[k] = (float)(epsilon / (double)n);
    p[best] += (float)(1 - epsilon);
}

/* p_k proportional to prob_k^(1 / temperature), temperature > 0. `prob` may be p. [any, pure] */
static inline void hone_explore_softmax(const float *prob, int64_t n, double temperature, float *p)
{
    float top = prob[hone_best(prob, n)], sum = 0;
    top = top > 1e-37f ? top : 1e-37f;
    for (int64_t k = 0; k < n; k++) {
        p[k] = prob[k] > 0 ? hone_expf(hone_logf(prob[k] / top) / (float)temperature) : 0;
        sum += p[k];
    }
    for (int64_t k = 0; k < n; k++)
        p[k] /= sum;
}

/* p_k = 1 / (n + gamma (value_best - value_k)) for the others, the rest for the best; values are estimated rewards. SquareCB: Foster &
 * Rakhlin, 2020, "Beyond UCB". gamma >= 0; 0 chooses evenly. [any, pure] */
static inline void hone_explore_squarecb(const float *value, int64_t n, double gamma, float *p)
{
    int64_t best = hone_best(value, n);
    double others = 0;
    for (int64_t k = 0; k < n; k++) {
        p[k] = (float)(1 / ((double)n + gamma * ((double)value[best] - (double)value[k])));
        others += k == best ? 0 : (double)p[k];
    }
    p[best] = (float)(others < 1 ? 1 - others : 0);
}

/* The action that `unit`, even in [0, 1), chooses. [any, pure] */
static inline int64_t hone_choose(const float *p, int64_t n, double unit)
{
    double at = 0;
    int64_t last = 0;
    for (int64_t k = 0; k < n; k++) {
        at += (double)p[k];
        if (p[k] > 0)
            last = k;
        if (unit < at)
            return k;
    }
    return last; /* rounding left a rest */
}

#ifdef __cplusplus
}
#endif
#endif
