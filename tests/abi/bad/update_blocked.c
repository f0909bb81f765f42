/* Blocks every signal and never comes back. */
#include "bad.h"
#include <pthread.h>
#include <signal.h>

static void spoil(const struct hone_span *s)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;)
        s->param[0] += 1;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
