/* The state database for those who call functions: opened for the time of a transaction by a command line, kept open and behind a lock
 * by a daemon. See priv.h. */
#include <signal.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"

/* Whose rows a call sees: a daemon's own threads see everybody's. */
static const char *tenant_of(const struct api *a)
{
    if (a->call && a->call->tenant)
        return a->call->tenant;
    return a->daemon && !a->call ? NULL : STORE_TENANT;
}

static struct store *open_any(struct api *a, int make, struct hone_err *err)
{
    struct store *s = a->held;
    if (s)
        return s;
    if (a->daemon) {
        pthread_mutex_lock(&a->daemon->books);
        s = a->daemon->store;
    } else {
        s = make ? store_open(a->state_dir, err) : store_open_existing(a->state_dir, err);
    }
    if (s)
        store_act_as(s, tenant_of(a));
    return s;
}

struct store *books_open(struct api *a, struct hone_err *err)
{
    return open_any(a, 0, err);
}

struct store *books_make(struct api *a, struct hone_err *err)
{
    return open_any(a, 1, err);
}

void books_close(struct api *a, struct store *s)
{
    struct daemon *d = a->daemon;
    if (!s || s == a->held)
        return;
    if (!d) {
        store_close(s);
        return;
    }
    store_rollback(s);
    if (store_changes(s) != d->changes) {
        d->changes = store_changes(s);
        __atomic_add_fetch(&d->generation, 1, __ATOMIC_RELEASE);
    }
    if (store_events(s) != d->events) {
        d->events = store_events(s);
        events_publish(d);
    }
    if (store_deliveries(s) != d->deliveries) {
        d->deliveries = store_deliveries(s);
        if (d->outbox)
            outbox_wake(d->outbox);
    }
    int lost = store_lost(s) && !__atomic_exchange_n(&d->lost, 1, __ATOMIC_ACQ_REL);
    pthread_mutex_unlock(&d->books);
    if (lost)
        kill(getpid(), SIGTERM); /* who waits for signals ends the process */
}

int book_also(struct api *a, struct store *s, const cJSON *data, struct hone_err *err)
{
    return a->call && a->call->also ? a->call->also(a->call->also_arg, s, data, err) : 0;
}
