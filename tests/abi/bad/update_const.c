/* Writes where it may only read. */
#include "bad.h"
#include <math.h>
#include <stdint.h>

static void spoil(const struct hone_span *s)
{
    ((struct conf *)(uintptr_t)s->conf)->lr = NAN;
    ((float *)(uintptr_t)s->grad)[0] = NAN;
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
