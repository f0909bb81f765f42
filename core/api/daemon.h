/* A daemon: the one process that owns a state directory for as long as it lives. It keeps the books open, runs the queue of jobs, and
 * answers api_call_function() from any number of threads. Not a transport: core/local (the Unix socket) and core/http call it.
 * Life: daemon_open(), then the transports may be made, daemon_start(), and at the end the transports stop taking calls,
 * daemon_stop() (running jobs write a checkpoint and go back to the queue), daemon_close().
 *
 * Threads. daemon_open, _start, _stop, _close: the main thread. Everything else, and api_call_function() on daemon_api(): any thread,
 * at once. Workers are started by one thread that lives as long as the daemon, whoever asks for them, since the kernel kills a worker
 * when the thread that forked it ends (core/jobs/spawner.h). */
#ifndef API_DAEMON_H
#define API_DAEMON_H
#include <stdint.h>
#include "core/api/function.h"
#include "core/base/buf.h"
#include "core/store/job.h"

/* What may be used; 0: without limit. */
struct quota_limits {
    int64_t jobs_per_day;    /* started, by days of UTC */
    int64_t jobs_active;     /* waiting or running at once */
    int64_t examples, bytes; /* kept: of datasets, modules and jobs; bytes also of weights and checkpoints */
    int64_t webhooks;        /* of a tenant */
};

struct daemon_options {
    int jobs;                /* run at once; 0: one a core */
    int64_t memory_mb;       /* of a job's worker; 0: no limit */
    int64_t job_ms;          /* longest time that a job may run, over all its starts; 0: no limit */
    int64_t retry_ms;        /* wait after the first death of a job's worker, four times as long after each further one; 0: 1000 */
    int deaths;              /* so many deaths of its workers fail a job; 0: 3 */
    int64_t silence_ms;      /* a job's worker that shows no progress for so long is killed; 0: WORKER_SILENCE_MS */
    int64_t drain_ms;        /* how long running jobs may take for a checkpoint at the end; 0: 25000 */
    struct quota_limits tenant, token; /* of each */
};

struct daemon;

/* Takes the state directory (made when it is missing) and brings it in order: jobs that a former daemon ran are in the queue again.
 * `like`: its state_dir, plugin_dirs, threads, log_level and webhooks, borrowed until daemon_close(). Nothing runs yet. NULL with err:
 * ERR_CONFLICT when another process has the directory or a command line trains there, else as store_open(). */
struct daemon *daemon_open(const struct api *like, const struct daemon_options *o, struct hone_err *err);
/* Begins to run jobs. On failure nothing runs. */
int daemon_start(struct daemon *d, struct hone_err *err);
/* No job is begun any more; those that run write a checkpoint and go back to the queue, or after drain_ms are killed and go on from
 * their last one at the next start. Returns when no job runs. */
void daemon_stop(struct daemon *d);
/* NULL is fine. Calls daemon_stop() when that was not done. Workers that others have started must have ended: the thread that started
 * them ends here. */
void daemon_close(struct daemon *d);
/* For api_call_function(). */
struct api *daemon_api(struct daemon *d);
/* Whether a sync of the database has failed: every call fails from then on, the process gets SIGTERM from itself and should end with a
 * failure; a new one goes on with all that was acknowledged. *why (may be NULL) gets the sentence. [any] */
int daemon_lost(const struct daemon *d, struct hone_err *why);
/* 0 when calls can be served and what they change be written; else why not. [any] */
int daemon_ready(struct daemon *d, struct hone_err *err);
/* Whether daemon_stop() was called: calls that would wait for jobs should end. [any] */
int daemon_stopping(const struct daemon *d);

/* ---- events: daemon_events.c ---- */

struct api_event {
    int64_t seq;             /* of a kept event: rises, and api_events_since() gives it again; 0: live news that are not kept */
    const char *tenant, *job_id;
    const char *type;        /* "status", "epoch", "checkpoint" are kept; "progress" and "log" are live */
    struct api_text *data;   /* JSON object; borrowed, api_text_keep() to have it for longer */
};
/* Called for every event of every job, one at a time and in order of seq, by the thread that made it and with locks held: it must
 * return at once and must not call the API. */
typedef void api_watcher(void *arg, const struct api_event *event);
/* Returns a number for daemon_unwatch(), or a negative code. After daemon_unwatch() the watcher is not called any more. [any] */
int daemon_watch(struct daemon *d, api_watcher *fn, void *arg, struct hone_err *err);
void daemon_unwatch(struct daemon *d, int watch);

/* Kept events of a job with a seq above `after`, oldest first, each given to `each`; at most `limit`. The number given, or
 * ERR_NOT_FOUND when the call's tenant has no such job. *ended (may be NULL): the job rests or has ended, and there is nothing
 * newer. `job`: an id. [any] */
int daemon_events_since(struct daemon *d, const char *tenant, const char *job, int64_t after, int limit, api_watcher *each, void *arg,
                        int *ended, struct hone_err *err);

/* ---- tokens: tokens.c ---- */

struct api_who {
    char tenant[64], token_id[16];
    enum api_scope scope;
};
/* Who shows this token ("hone_..."). ERR_AUTH with one sentence that does not repeat it. Fast: no database is read. [any] */
int daemon_token(struct daemon *d, const char *token, struct api_who *who, struct hone_err *err);

/* ---- for /metrics and /readyz ---- */

struct daemon_counts {
    int64_t jobs[JOB_STATUSES], waiting, running; /* waiting: for a free place; running: workers of jobs */
    int64_t deaths, retries, dropped; /* since the start: workers that died, jobs given back to the queue, messages of older runs refused */
    int64_t calls, faults;            /* of api_call_function(): those that went well, and those that failed */
};
int daemon_counts(struct daemon *d, struct daemon_counts *c, struct hone_err *err);
/* Appends what webhooks, quotas and agents that are kept ready have to tell, in the text format of Prometheus; usage of one
 * tenant, NULL: of all. [any] */
void daemon_metrics(struct daemon *d, const char *tenant, struct buf *b);

#endif
