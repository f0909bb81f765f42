/* See sequence.h. */
#include "core/judge/sequence.h"

#include <math.h>

#define VARIANCE 0.25        /* no value in [0, 1] has more (Hoeffding) */
#define NARROWEST 100        /* values at which the mixture is the tightest */

struct interval sequence_of_mean(double mean, int64_t n, double alpha)
{
    if (n < 1)
        return (struct interval){ 0, 1 };
    /* rho that makes the boundary least at intrinsic time t, approximately: t / (2 ln(1 / alpha) + ln(1 + 2 ln(1 / alpha))). */
    double log_alpha = 2 * log(2 / alpha), rho = VARIANCE * NARROWEST / (log_alpha + log(1 + log_alpha));
    double t = VARIANCE * (double)n, radius = sqrt((t + rho) * (log((t + rho) / rho) + log_alpha)) / (double)n;
    return (struct interval){ fmax(0, mean - radius), fmin(1, mean + radius) };
}
