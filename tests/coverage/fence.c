/* In a build with --enable-coverage: a worker that fences itself in may write its counters still. The fence is the real one otherwise, so that it is
 * counted like all else. For hone-worker, by the linker's --wrap. */
#include "core/host/sandbox.h"

#ifndef COUNTERS
#define COUNTERS "." /* where tests/coverage.sh has them written; without one this file is only analysed */
#endif

struct sandbox *__real_sandbox_new(struct hone_err *err);
struct sandbox *__wrap_sandbox_new(struct hone_err *err);

struct sandbox *__wrap_sandbox_new(struct hone_err *err)
{
    struct sandbox *s = __real_sandbox_new(err);
    if (s)
        sandbox_allow(s, COUNTERS, SANDBOX_WRITE);
    return s;
}
