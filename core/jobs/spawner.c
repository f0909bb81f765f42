/* See spawner.h. One request at a time is handed over; starting a process takes a millisecond. */
#include "core/jobs/spawner.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

struct request {
    const struct spawn *spawn;
    struct hone_err *err;
    pid_t pid;
    int done;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    int running, stopping;
    struct request *next;    /* waits for the thread, or is being done */
} spawner = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void *serve(void *unused)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_mutex_lock(&spawner.lock);
    while (!spawner.stopping || spawner.next) {
        struct request *r = spawner.next;
        if (!r || r->done) {
            pthread_cond_wait(&spawner.changed, &spawner.lock);
            continue;
        }
        pthread_mutex_unlock(&spawner.lock);
        r->pid = spawn(r->spawn, r->err);
        pthread_mutex_lock(&spawner.lock);
        r->done = 1;
        pthread_cond_broadcast(&spawner.changed);
    }
    pthread_mutex_unlock(&spawner.lock);
    return unused;
}

int spawner_start(struct hone_err *err)
{
    spawner.stopping = 0;
    int error = pthread_create(&spawner.thread, NULL, serve, NULL);
    if (error)
        return hone_fail(err, HONE_EIO, "no thread to start workers from: %s", strerror(error));
    spawner.running = 1;
    return 0;
}

void spawner_stop(void)
{
    if (!spawner.running)
        return;
    pthread_mutex_lock(&spawner.lock);
    spawner.stopping = 1;
    pthread_cond_broadcast(&spawner.changed);
    pthread_mutex_unlock(&spawner.lock);
    pthread_join(spawner.thread, NULL);
    spawner.running = 0;
}

pid_t spawner_spawn(const struct spawn *s, struct hone_err *err)
{
    struct request r = { .spawn = s, .err = err };
    if (!spawner.running)
        return spawn(s, err);
    pthread_mutex_lock(&spawner.lock);
    while (spawner.next && !spawner.stopping)
        pthread_cond_wait(&spawner.changed, &spawner.lock);
    if (spawner.stopping) {
        pthread_mutex_unlock(&spawner.lock);
        return hone_fail(err, HONE_EIO, "%s cannot be started: the program is ending", s->argv[0]);
    }
    spawner.next = &r;
    pthread_cond_broadcast(&spawner.changed);
    while (!r.done)
        pthread_cond_wait(&spawner.changed, &spawner.lock);
    spawner.next = NULL;
    pthread_cond_broadcast(&spawner.changed);
    pthread_mutex_unlock(&spawner.lock);
    return r.pid;
}
