/* Calls a function that nobody has. */
#include "bad.h"

void hone_secret_service(void);
static void spoil(const struct hone_span *s)
{
    hone_secret_service();
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
