/* The daemon's threads for runs of pipelines and sweeps: each takes a run that is under way and that no other one drives, drives it to its end, and
 * looks for the next. Their trainings are jobs of the daemon's queue; what else their steps do is done here. See daemon.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/api/pipe.h"
#include "core/base/json.h"
#include "core/base/log.h"

#define LOOK_S 10

static enum api_wish on_wish(void *arg)
{
    struct drive_place *p = arg;
    if (__atomic_load_n(&p->d->killing, __ATOMIC_ACQUIRE))
        return API_KILL;
    return daemon_stopping(p->d) ? API_PAUSE : API_GO;
}

/* The oldest run under way that nobody drives, into p->run_id: 1, 0 without one. */
static int take(struct drive_place *p, const char *but)
{
    struct api one = p->d->api;
    struct run_list list = { 0 };
    struct hone_err err = { 0 };
    struct store *s = books_open(&one, &err);
    if (!s || run_list(s, NULL, RUN_RUNNING, 0, &list, &err) < 0)
        log_line(LOG_ERROR, "runs of pipelines cannot be read: %s", err.text);
    books_close(&one, s);
    pthread_mutex_lock(&p->d->queue);
    for (size_t i = list.n; i-- > 0 && !*p->run_id;) {
        int driven = strcmp(list.v[i].id, but) == 0;
        for (int k = 0; k < MAX_DRIVES; k++)
            driven = driven || strcmp(p->d->drive[k].run_id, list.v[i].id) == 0;
        if (!driven)
            snprintf(p->run_id, sizeof p->run_id, "%s", list.v[i].id);
    }
    pthread_mutex_unlock(&p->d->queue);
    run_list_free(&list);
    return *p->run_id != '\0';
}

/* 0 when it has ended or rests; else it could not be driven at present. */
static int drive(struct drive_place *p)
{
    struct api one = p->d->api;
    const struct api_hooks hooks = { .arg = p, .wish = on_wish };
    struct pipe_run r;
    struct hone_err err = { 0 };
    int rc = pipe_open(&r, &one, p->run_id, &hooks, &err);
    if (rc == 0) {
        log_line(LOG_INFO, "%s %s (%s) begins", r.row.kind, r.row.name, p->run_id);
        rc = strcmp(r.row.kind, "sweep") == 0 ? sweep_drive(&r, &err) : pipe_drive(&r, &err);
        pipe_close(&r);
    }
    log_line(rc < 0 && rc != ERR_INTERRUPTED && rc != ERR_CANCELLED ? LOG_WARN : LOG_INFO, "run %s: %s", p->run_id, rc < 0 ? err.text : "completed");
    return rc < 0 && rc != ERR_INTERRUPTED && rc != ERR_CANCELLED && rc != ERR_JOB_FAILED ? rc : 0;
}

static void rest(struct daemon *d)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += LOOK_S;
    pthread_mutex_lock(&d->queue);
    int64_t wakes = d->wakes;
    while (d->wakes == wakes && !daemon_stopping(d) && pthread_cond_timedwait(&d->wake, &d->queue, &end) == 0)
        ;
    pthread_mutex_unlock(&d->queue);
}

void *drive_run(void *place)
{
    struct drive_place *p = place;
    char failed[64] = "";
    while (!daemon_stopping(p->d)) {
        (void)json_lost(); /* of the run before */
        if (!take(p, failed)) {
            rest(p->d);
            *failed = '\0';
            continue;
        }
        *failed = '\0';
        if (drive(p) < 0)
            snprintf(failed, sizeof failed, "%s", p->run_id);
        pthread_mutex_lock(&p->d->queue);
        p->run_id[0] = '\0';
        pthread_mutex_unlock(&p->d->queue);
    }
    return NULL;
}
