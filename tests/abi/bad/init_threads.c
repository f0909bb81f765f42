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

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    for (int i = 0; i < 16; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, wait_for_ever, NULL) == 0)
            pthread_detach(t);
    }
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
