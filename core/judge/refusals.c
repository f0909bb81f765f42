/* What an agent's own threshold makes of test rows: which answers it refuses, right ones, wrong ones, and to inputs that belong to none
 * of its outputs. Called by evaluate.c. */
#include <math.h>
#include "core/judge/tally.h"

static double share(int64_t a, int64_t b)
{
    return b > 0 ? (double)a / (double)b : NAN;
}

void tally_refusals(const struct predictions *p, struct refusals *r)
{
    int64_t answered = 0, right = 0, known = 0, strange = 0, refused_strange = 0;
    for (int64_t i = 0; i < p->n; i++) {
        int refused = (double)p->top[i] < p->threshold;
        int hit = !refused && p->predicted[i] == p->expected[i];
        answered += !refused;
        right += hit;
        known += p->label[i] >= 0;
        strange += p->label[i] < 0;
        refused_strange += p->label[i] < 0 && refused;
    }
    *r = (struct refusals){ .refused = p->n - answered, .known = known, .strange = strange, .rate = share(p->n - answered, p->n),
                            .precision = share(right, answered), .known_accuracy = share(right, known),
                            .strange_recall = share(refused_strange, strange) };
}

/* Confidence without the temperature: bins as those of the calibration. */
double tally_plain_ece(const struct predictions *p)
{
    double gap[TALLY_BINS] = { 0 }, sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        int b = (int)ceil((double)p->plain[i] * TALLY_BINS) - 1;
        gap[b < 0 ? 0 : b >= TALLY_BINS ? TALLY_BINS - 1 : b] += (double)p->plain[i] - (p->predicted[i] == p->expected[i]);
    }
    for (int b = 0; b < TALLY_BINS; b++)
        sum += fabs(gap[b]);
    return sum / (double)p->n;
}
