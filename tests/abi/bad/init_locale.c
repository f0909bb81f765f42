/* Changes the locale. */
#include "bad.h"
#include <locale.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    return setlocale(LC_ALL, "C.UTF-8") ? 0 : hone_fail(err, HONE_EIO, "no such locale");
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
