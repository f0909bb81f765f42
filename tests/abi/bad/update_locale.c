/* Has numbers written with a comma, or tries to. */
#include "bad.h"
#include <locale.h>

static void spoil(const struct hone_span *s)
{
    setlocale(LC_ALL, "C.UTF-8");
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
