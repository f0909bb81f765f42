/* Makes weights that are no use. */
#include "bad.h"

static void spoil(const struct hone_span *s)
{
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = 3e38f;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
