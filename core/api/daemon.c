/* A daemon's life: taking the state directory, starting and ending its threads. See daemon.h. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "core/api/backup.h"
#include "core/api/daemon_priv.h"
#include "core/api/serving.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/jobs/lock.h"
#include "core/jobs/spawner.h"
#include "core/store/event.h"
#include "core/store/idempotency.h"

#define RETRY_MS 1000
#define DEATHS 3
#define DRAIN_MS 25000
#define SPACE_BYTES 1000000 /* free, for a daemon that is ready */

static void set_options(struct daemon *d, const struct daemon_options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    d->o = *o;
    if (d->o.jobs < 1)
        d->o.jobs = cores > 0 ? (int)cores : 1;
    d->o.jobs = d->o.jobs < MAX_JOBS ? d->o.jobs : MAX_JOBS;
    d->o.retry_ms = d->o.retry_ms > 0 ? d->o.retry_ms : RETRY_MS;
    d->o.deaths = d->o.deaths > 0 ? d->o.deaths : DEATHS;
    d->o.drain_ms = d->o.drain_ms > 0 ? d->o.drain_ms : DRAIN_MS;
}

/* A job that a command line runs at this moment could not be written down any more. */
static int check_local_jobs(struct daemon *d, struct hone_err *err)
{
    struct job_list list;
    struct hone_err ignored;
    int rc = job_list(d->store, &(struct job_filter){ .status = 1 << JOB_RUNNING | 1 << JOB_PREPARING }, &list, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        if (list.v[i].queue == JOB_LOCAL && job_lock_is_free(d->api.state_dir, list.v[i].id, &ignored) == 0)
            rc = hone_fail(err, ERR_CONFLICT, "job %s is being run by a command line; wait for it to end, or pause it, before a daemon is started",
                           list.v[i].id);
        else if (list.v[i].queue == JOB_LOCAL)
            rc = settle_job(d->store, &list.v[i], err);
    }
    job_list_free(&list);
    return rc;
}

/* Names that a former daemon had made and not yet synced when it was killed: what is built on them must last. */
static int sync_names(const char *state_dir, struct hone_err *err)
{
    static const char *const within[] = { "hone.db", "data/", "jobs/" };
    int rc = 0;
    for (size_t i = 0; i < sizeof within / sizeof within[0] && rc == 0; i++) {
        char *path = path_join(state_dir, within[i]);
        if (!path)
            return hone_fail(err, HONE_ENOMEM, "memory ran out");
        if (access(path, F_OK) == 0)
            rc = file_sync_dir(path, err);
        free(path);
    }
    return rc;
}

static int put_in_order(struct daemon *d, struct hone_err *err)
{
    store_act_as(d->store, NULL);
    backup_sweep(d->api.state_dir);
    int rc = sync_names(d->api.state_dir, err);
    if (rc == 0)
        rc = check_local_jobs(d, err);
    int64_t n = rc < 0 ? rc : job_recover(d->store, err);
    if (n > 0)
        log_line(LOG_INFO, "%lld jobs of a former daemon are in the queue again", (long long)n);
    rc = n < 0 ? (int)n : idempotency_prune(d->store, 1, err);
    if (rc >= 0 && (n = sweep_orphans(&d->api)) > 0)
        log_line(LOG_INFO, "%lld leftovers of a former daemon were removed", (long long)n);
    if (rc >= 0)
        rc = event_newest(d->store, &d->published, err);
    d->changes = store_changes(d->store);
    d->events = store_events(d->store);
    d->deliveries = store_deliveries(d->store);
    return rc;
}

struct daemon *daemon_open(const struct api *like, const struct daemon_options *o, struct hone_err *err)
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d || !(d->monitor = monitor_new()) || !(d->tokens = tokens_new()) || !(d->names = plugin_names_new())) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        goto failed;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&d->books, NULL);
    pthread_mutex_init(&d->watching, NULL);
    pthread_mutex_init(&d->queue, NULL);
    pthread_cond_init(&d->wake, &clock);
    pthread_condattr_destroy(&clock);
    set_options(d, o);
    d->api = (struct api){ .state_dir = like->state_dir, .plugin_dirs = like->plugin_dirs, .threads = like->threads,
                           .log_level = like->log_level, .webhooks = like->webhooks, .completion = like->completion,
                           .daemon = d };
    for (int i = 0; i < MAX_JOBS; i++)
        d->place[i].d = d;
    for (int i = 0; i < MAX_DRIVES; i++)
        d->drive[i].d = d;
    if (!(d->store = store_open(like->state_dir, err)) || put_in_order(d, err) < 0)
        goto failed;
    return d;
failed:
    daemon_close(d);
    return NULL;
}

static int start_outbox(struct daemon *d, struct hone_err *err)
{
    struct outbox *o = outbox_open(&d->api, err);
    int rc = o ? outbox_run(o, err) : err->code;
    if (rc < 0) {
        outbox_close(o);
        return rc;
    }
    pthread_mutex_lock(&d->books);
    d->outbox = o;
    pthread_mutex_unlock(&d->books);
    return 0;
}

static void stop_outbox(struct daemon *d)
{
    pthread_mutex_lock(&d->books);
    struct outbox *o = d->outbox;
    d->outbox = NULL;
    pthread_mutex_unlock(&d->books);
    outbox_close(o); /* its thread takes the books */
}

int daemon_start(struct daemon *d, struct hone_err *err)
{
    sigset_t all, old;
    int rc = spawner_start(err), error = 0;
    if (rc == 0)
        rc = start_outbox(d, err);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
    for (int i = 0; i < d->o.jobs && rc == 0; i++) {
        error = pthread_create(&d->place[i].thread, NULL, queue_run, &d->place[i]);
        d->place[i].started = error == 0;
        if (error)
            rc = hone_fail(err, HONE_EIO, "no thread for a job: %s", strerror(error));
    }
    for (int i = 0; i < MAX_DRIVES && rc == 0; i++) {
        error = pthread_create(&d->drive[i].thread, NULL, drive_run, &d->drive[i]);
        d->drive[i].started = error == 0;
        if (error)
            rc = hone_fail(err, HONE_EIO, "no thread for pipelines: %s", strerror(error));
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc < 0)
        daemon_stop(d);
    return rc;
}

static int all_ended(const struct daemon *d)
{
    for (int i = 0; i < d->o.jobs; i++) {
        if (d->place[i].started && !d->place[i].ended)
            return 0;
    }
    return 1;
}

/* Waits until no place's thread does anything; when drain_ms are over, their workers are killed. */
static void join_all(struct daemon *d)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += d->o.drain_ms / 1000;
    end.tv_nsec += d->o.drain_ms % 1000 * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&d->queue);
    while (!all_ended(d) && pthread_cond_timedwait(&d->wake, &d->queue, &end) == 0)
        ;
    if (!all_ended(d))
        __atomic_store_n(&d->killing, 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&d->queue);
    for (int i = 0; i < MAX_DRIVES; i++) {
        if (d->drive[i].started)
            pthread_join(d->drive[i].thread, NULL);
        d->drive[i].started = 0;
    }
    for (int i = 0; i < d->o.jobs; i++) {
        if (d->place[i].started)
            pthread_join(d->place[i].thread, NULL);
        d->place[i].started = 0;
    }
}

void daemon_stop(struct daemon *d)
{
    __atomic_store_n(&d->stopping, 1, __ATOMIC_RELEASE);
    queue_wake(d);
    join_all(d);
}

int daemon_stopping(const struct daemon *d)
{
    return __atomic_load_n(&d->stopping, __ATOMIC_ACQUIRE);
}

int daemon_lost(const struct daemon *d, struct hone_err *why)
{
    if (!__atomic_load_n(&d->lost, __ATOMIC_ACQUIRE))
        return 0;
    hone_fail(why, HONE_EIO, "the database in %s could not be synced; look after the disk and start again", d->api.state_dir);
    return 1;
}

/* Whether the next things to be written have a place: with less, a checkpoint or the log of the database soon fails. */
static int has_space(const char *dir, struct hone_err *err)
{
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0)
        return err_errno(err, "look at", dir);
    if ((uint64_t)fs.f_bavail * fs.f_frsize < SPACE_BYTES)
        return hone_fail(err, ERR_FULL, "%s: less than %d KB are free on this disk; free some space", dir, SPACE_BYTES / 1000);
    return 0;
}

int daemon_ready(struct daemon *d, struct hone_err *err)
{
    struct api one = d->api;
    if (daemon_stopping(d))
        return hone_fail(err, ERR_PRECONDITION, "the daemon is about to stop");
    struct store *s = books_open(&one, err);
    int rc = s ? 0 : err->code;
    if (rc == 0 && (store_failing(s) || store_lost(s)))
        rc = store_probe(s, err);
    books_close(&one, s);
    return rc < 0 ? rc : has_space(d->api.state_dir, err);
}

void daemon_close(struct daemon *d)
{
    if (!d)
        return;
    if (d->store && !daemon_stopping(d))
        daemon_stop(d);
    if (d->store)
        stop_outbox(d);
    spawner_stop();
    store_close(d->store);
    monitor_free(d->monitor);
    tokens_free(d->tokens);
    plugin_names_free(d->names);
    if (d->o.jobs > 0) {
        pthread_mutex_destroy(&d->books);
        pthread_mutex_destroy(&d->watching);
        pthread_mutex_destroy(&d->queue);
        pthread_cond_destroy(&d->wake);
    }
    free(d);
}

struct api *daemon_api(struct daemon *d)
{
    return &d->api;
}

static int64_t counter(const int64_t *n)
{
    return __atomic_load_n(n, __ATOMIC_RELAXED);
}

void daemon_note_call(struct daemon *d, int rc)
{
    if (d)
        __atomic_add_fetch(rc < 0 ? &d->faults : &d->calls, 1, __ATOMIC_RELAXED);
}

int daemon_counts(struct daemon *d, struct daemon_counts *c, struct hone_err *err)
{
    struct api one = d->api;
    *c = (struct daemon_counts){ .deaths = counter(&d->deaths), .retries = counter(&d->retries), .dropped = counter(&d->dropped),
                                 .calls = counter(&d->calls), .faults = counter(&d->faults) };
    struct store *s = books_open(&one, err);
    int rc = s ? job_counts(s, c->jobs, &c->waiting, err) : err->code;
    books_close(&one, s);
    pthread_mutex_lock(&d->queue);
    for (int i = 0; i < d->o.jobs; i++)
        c->running += d->place[i].job_id[0] != '\0';
    pthread_mutex_unlock(&d->queue);
    return rc;
}

void daemon_metrics(struct daemon *d, const char *tenant, struct buf *b)
{
    pthread_mutex_lock(&d->books);
    struct outbox *o = d->outbox;
    pthread_mutex_unlock(&d->books);
    if (o)
        outbox_metrics(o, b);
    quota_metrics(d, tenant, b);
    if (d->api.serving)
        serving_metrics(d->api.serving, b);
}
