/* Computes what is not a number. */
#include "bad.h"
#include <math.h>

static void spoil(const struct hone_span *s)
{
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = NAN;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
