/* Leaves threads behind that never end. */
#include "bad.h"
#include <pthread.h>
#include <unistd.h>

static void *wait_for_ever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void spoil(const struct hone_span *s)
{
    static int threads;
    pthread_t t;
    if (__atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED) < 4 && pthread_create(&t, NULL, wait_for_ever, NULL) == 0)
        pthread_detach(t);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
