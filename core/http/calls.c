/* See calls.h. */
#include <stdlib.h>
#include <string.h>
#include "core/http/calls.h"

#define STACK (512 << 10)

static void queue_init(struct calls_queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static struct http_call *queue_take(struct calls_queue *q)
{
    struct http_call *call = q->first;
    if (call && !(q->first = call->next))
        q->last = &q->first;
    return call;
}

int calls_open(struct calls *c, int threads, int long_calls, int waiting, struct hone_err *err)
{
    *c = (struct calls){ .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .most = threads, .most_long = long_calls,
                         .most_waiting = waiting };
    queue_init(&c->quick);
    queue_init(&c->slow);
    c->thread = calloc((size_t)threads, sizeof *c->thread);
    return c->thread ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %d threads", threads);
}

static void *serve(void *arg)
{
    struct calls *c = arg;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        struct http_call *call = queue_take(&c->quick);
        if (!call && (c->running_long < c->most_long || c->ending))
            call = queue_take(&c->slow);
        if (!call && c->ending)
            break;
        if (!call) {
            c->idle++;
            pthread_cond_wait(&c->more, &c->lock);
            c->idle--;
            continue;
        }
        int was_long = call->is_long;
        c->waiting--;
        c->running_long += was_long;
        pthread_mutex_unlock(&c->lock);
        call->run(call->arg);      /* the call may be gone afterwards */
        pthread_mutex_lock(&c->lock);
        c->running_long -= was_long;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* A thread more, when none is idle; without one the call waits for those that there are. */
static int add_thread(struct calls *c)
{
    pthread_attr_t attr;
    if (c->n == c->most)
        return 0;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    int rc = pthread_create(&c->thread[c->n], &attr, serve, c);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        c->n++;
    return rc == 0 || c->n > 0 ? 0 : -1;
}

int calls_add(struct calls *c, struct http_call *call)
{
    pthread_mutex_lock(&c->lock);
    int rc = c->ending || c->waiting >= c->most_waiting || (c->idle <= c->waiting && add_thread(c) < 0) ? ERR_QUOTA : 0;
    if (rc == 0) {
        struct calls_queue *q = call->is_long ? &c->slow : &c->quick;
        call->next = NULL;
        *q->last = call;
        q->last = &call->next;
        c->waiting++;
        pthread_cond_signal(&c->more);
    }
    pthread_mutex_unlock(&c->lock);
    return rc;
}

void calls_close(struct calls *c)
{
    if (!c->thread)
        return;
    pthread_mutex_lock(&c->lock);
    c->ending = 1;
    pthread_cond_broadcast(&c->more);
    pthread_mutex_unlock(&c->lock);
    for (int i = 0; i < c->n; i++)
        pthread_join(c->thread[i], NULL);
    free(c->thread);
    c->thread = NULL;
}
