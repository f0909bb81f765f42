/* The daemon's places for jobs: each is a thread that claims a job, runs it in a worker to the end of that run, and claims the next.
 * See daemon.h; what a run does is resume.c's and runner.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/api/daemon_priv.h"
#include "core/base/clock.h"
#include "core/base/crash.h"
#include "core/base/json.h"
#include "core/base/log.h"

#define LOOK_MS 60000 /* without anything that is due, the queue is looked at so often */

void queue_wake(struct daemon *d)
{
    pthread_mutex_lock(&d->queue);
    d->wakes++;
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->queue);
}

void queue_hurry(struct daemon *d, const char *job_id, enum job_stop stop)
{
    pthread_mutex_lock(&d->queue);
    for (int i = 0; i < d->o.jobs; i++) {
        struct place *p = &d->place[i];
        if (strcmp(p->job_id, job_id) != 0)
            continue;
        __atomic_store_n(&p->stop, (int)stop, __ATOMIC_RELEASE);
        if (p->runner)
            __atomic_store_n(&p->runner->hurry, 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&d->queue);
}

/* ---- what a run tells and asks ---- */

static void on_event(void *arg, const char *type, const cJSON *fields)
{
    struct place *p = arg;
    if (strcmp(type, "progress") == 0 || strcmp(type, "log") == 0)
        events_live(p->d, p->runner->tenant, p->job_id, type, fields);
    if (strcmp(type, "log") == 0)
        log_line((int)json_int(fields, "level", LOG_INFO), "job %s: %s", p->job_id, json_str(fields, "text", ""));
}

static enum api_wish on_wish(void *arg)
{
    struct place *p = arg;
    if (__atomic_load_n(&p->d->killing, __ATOMIC_ACQUIRE))
        return API_KILL;
    if (__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE) == JOB_STOP_CANCEL)
        return API_CANCEL;
    return daemon_stopping(p->d) || __atomic_load_n(&p->stop, __ATOMIC_ACQUIRE) == JOB_STOP_PAUSE ? API_PAUSE : API_GO;
}

/* ---- a run ---- */

static void occupy(struct place *p, const char *job_id, struct runner *r)
{
    pthread_mutex_lock(&p->d->queue);
    snprintf(p->job_id, sizeof p->job_id, "%s", job_id);
    p->runner = r;
    if (!*job_id)
        p->stop = JOB_STOP_NONE;
    pthread_mutex_unlock(&p->d->queue);
}

/* A run that ended before the worker began to train: `why` says how. */
static int book_unstarted(struct runner *r, struct store *s, const struct hone_err *why, struct hone_err *err)
{
    const struct worker_end *how = r->w ? worker_how(r->w) : NULL;
    int died = how && how->cause != WORKER_ALIVE && how->cause != WORKER_DONE;
    int rc = job_fence(s, r->job_id, r->fence, err), asked = rc < 0 ? rc : job_stop_requested(s, r->job_id, err);
    if (asked < 0)
        return asked;
    if (asked == JOB_STOP_CANCEL)
        return job_finish(s, r->job_id, &(struct job_end){ .status = JOB_CANCELLED, .reason = "cancelled", .stop_reason = "cancelled" }, err);
    if (asked == JOB_STOP_PAUSE && why->code == ERR_INTERRUPTED)
        return job_finish(s, r->job_id, &(struct job_end){ .status = JOB_PAUSED, .reason = "paused before it ran" }, err);
    if (why->code == ERR_INTERRUPTED)
        return job_requeue(s, r->job_id, r->fence, 0, NULL, "the daemon stops", err);
    if (why->code == ERR_FULL)
        return runner_waits(r, s, why->text, err);
    if (died || !r->w)
        return runner_died(r, s, died ? how->code : why->code == HONE_EIO || why->code == HONE_ENOMEM ? "spawn_failed" : err_api_code(why->code),
                           why->text, err);
    char *details = r->a->details ? json_text(r->a->details, 0) : NULL;
    rc = job_finish(s, r->job_id, &(struct job_end){ .status = JOB_FAILED, .reason = "failed", .error_code = err_api_code(why->code),
                    .error_text = why->text, .error_stage = "preparing", .error_details = details }, err);
    free(details);
    return rc;
}

static int write_unstarted(struct runner *r, const struct hone_err *why, struct hone_err *err)
{
    struct store *s = books_open(r->a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = book_unstarted(r, s, why, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(r->a, s);
    return rc;
}

static void close_unstarted(struct runner *r, const struct hone_err *why)
{
    struct hone_err err = { 0 };
    int rc;
    do
        rc = write_unstarted(r, why, &err);
    while (rc < 0 && runner_tries_again(r, rc, &err));
    if (rc == ERR_CONFLICT)
        __atomic_add_fetch(&r->a->daemon->dropped, 1, __ATOMIC_RELAXED);
    if (rc < 0)
        log_line(LOG_ERROR, "job %s: its end could not be written down: %s", r->job_id, err.text);
}

/* Stored files by the names that people gave them. */
static void name_files(struct api *a, const struct job_row *row, struct hone_err *err)
{
    struct kept data = { .name = row->data_name, .path = state_path(a, row->data_file) },
                held = { .name = row->validation_name, .path = row->validation_file ? state_path(a, row->validation_file) : NULL };
    const struct kept *const files[] = { &data, &held };
    user_names(err, files, 2);
    free(data.path);
    free(held.path);
}

static void run_job(struct place *p, struct job_row *row)
{
    struct api one = p->d->api;
    const struct api_hooks hooks = { .arg = p, .event = on_event, .wish = on_wish };
    struct runner r = { .a = &one, .hooks = &hooks, .lock = -1, .fence = row->fence, .deaths = row->deaths };
    struct hone_err err = { 0 };
    int began = 0;
    if (p->d->o.job_ms > 0)
        r.deadline_us = clock_mono_us() + (p->d->o.job_ms - row->progress.elapsed_ms) * 1000;
    occupy(p, row->id, &r);
    log_line(LOG_INFO, "job %s of agent %s begins (attempt %lld)", row->id, row->agent_id, (long long)row->attempt + 1);
    int rc = run_claimed(&r, row, &began, &err);
    if (rc < 0)
        name_files(&one, row, &err);
    if (rc < 0 && !began)
        close_unstarted(&r, &err);
    log_line(rc < 0 && err.code != ERR_INTERRUPTED && err.code != ERR_CANCELLED ? LOG_WARN : LOG_INFO, "job %s: %s", row->id,
             rc < 0 ? err.text : "completed");
    occupy(p, "", NULL);
    runner_free(&r);
    api_clear(&one);
}

/* Claims a job: 1 with it, 0 with the time until one may be due, or a negative code. */
static int claim(struct place *p, struct job_row *row, int64_t *wait_ms)
{
    struct api one = p->d->api;
    struct hone_err err = { 0 };
    int64_t now = clock_wall_ms(), at = now + LOOK_MS;
    struct store *s = books_open(&one, &err);
    int rc = s ? job_claim(s, now, row, &err) : err.code;
    if (rc == 1)
        occupy(p, row->id, NULL);
    else if (rc == 0 && job_next_due(s, &at, &err) < 0)
        rc = err.code;
    books_close(&one, s);
    crash_at(rc == 1 ? CRASH_claim_committed : CRASH_NONE);
    if (rc < 0 && !p->warned++)
        log_line(LOG_ERROR, "no job can be taken from the queue at present: %s", err.text);
    else if (rc >= 0)
        p->warned = 0;
    *wait_ms = rc < 0 ? 1000 : at < now ? 0 : at - now < LOOK_MS ? at - now : LOOK_MS;
    return rc;
}

static void wait_for_work(struct daemon *d, int64_t wakes, int64_t ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&d->queue);
    while (d->wakes == wakes && !daemon_stopping(d) && pthread_cond_timedwait(&d->wake, &d->queue, &end) == 0)
        ;
    pthread_mutex_unlock(&d->queue);
}

void *queue_run(void *place)
{
    struct place *p = place;
    struct daemon *d = p->d;
    while (!daemon_stopping(d)) {
        struct job_row row = { 0 };
        int64_t ms;
        (void)json_lost(); /* of the job before */
        pthread_mutex_lock(&d->queue);
        int64_t wakes = d->wakes;
        pthread_mutex_unlock(&d->queue);
        if (claim(p, &row, &ms) == 1) {
            log_trace(row.trace_id); /* of the request that asked for it */
            run_job(p, &row);
            log_trace(NULL);
        } else {
            wait_for_work(d, wakes, ms);
        }
        job_free(&row);
    }
    pthread_mutex_lock(&d->queue);
    p->ended = 1;
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->queue);
    return NULL;
}
