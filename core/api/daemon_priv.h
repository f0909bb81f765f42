/* What the files of the daemon share. Private to core/api. */
#ifndef API_DAEMON_PRIV_H
#define API_DAEMON_PRIV_H
#include <pthread.h>
#include "core/api/daemon.h"
#include "core/api/outbox.h"
#include "core/api/priv.h"
#include "core/api/quota.h"

#define MAX_JOBS 64
#define MAX_WATCHERS 16
#define MAX_DRIVES 4      /* runs of pipelines that are driven at once */

/* A place for a job that runs, with the thread that runs it. */
struct place {
    struct daemon *d;
    pthread_t thread;
    int started;
    int ended;                /* the thread does nothing more. Under d->queue */
    int warned;               /* its own thread's: that the queue cannot be used */
    char job_id[64];          /* "": free. Under d->queue */
    struct runner *runner;    /* under d->queue */
    int stop;                 /* enum job_stop; atomic */
};

/* A place for a run of a pipeline. */
struct drive_place {
    struct daemon *d;
    pthread_t thread;
    int started;
    char run_id[64];          /* "": free. Under d->queue */
};

struct watcher {
    api_watcher *fn;
    void *arg;
    int number;               /* 0: free */
};

struct daemon {
    struct api api;
    struct daemon_options o;

    pthread_mutex_t books;    /* the store, and what follows until `queue` */
    struct store *store;
    int64_t changes, events, deliveries; /* of the store, as last seen */
    struct outbox *outbox;    /* NULL: not running */
    int64_t published;        /* seq of the last event that watchers were told */
    int64_t generation;       /* atomic; rises with every change of the books */

    pthread_mutex_t watching; /* watchers; taken after `books` when both are */
    struct watcher watcher[MAX_WATCHERS];
    int last_number;

    pthread_mutex_t queue;    /* the places */
    pthread_cond_t wake;      /* a job may be due, the daemon stops, or a place's thread has ended */
    int64_t wakes;            /* how often that was said */
    struct place place[MAX_JOBS];
    struct drive_place drive[MAX_DRIVES];
    int stopping, killing;    /* atomic */
    int lost;                 /* atomic; the books cannot be trusted to reach the disk any more */
    int64_t deaths, retries, dropped, calls, faults; /* atomic */
    int64_t over_quota[QUOTAS]; /* atomic: calls that were refused, by quota */
    struct webhook_test *tests; /* under way, with `queue`: webhooks.c */

    struct monitor_cache *monitor; /* monitor.c */
    struct token_cache *tokens;    /* tokens.c */
    struct plugin_names *names;    /* plugin_names.c */
};

/* Counts a call of a function that ended, for metrics. NULL is fine. [any] */
void daemon_note_call(struct daemon *d, int rc);
/* queue.c: a place's thread. */
void *queue_run(void *place);
/* pipe_daemon.c: the same for runs of pipelines. */
void *drive_run(void *place);
/* A job may be due. [any] */
void queue_wake(struct daemon *d);
/* Tells whoever runs the job to look into the books now. [any] */
void queue_hurry(struct daemon *d, const char *job_id, enum job_stop stop);

/* daemon_events.c. With `books` held: tells watchers of events that were added. */
void events_publish(struct daemon *d);
/* Live news of a job. [any] */
void events_live(struct daemon *d, const char *tenant, const char *job_id, const char *type, const cJSON *fields);

/* tokens.c */
struct token_cache *tokens_new(void);
void tokens_free(struct token_cache *t);
/* plugin_names.c */
struct plugin_names *plugin_names_new(void);
void plugin_names_free(struct plugin_names *n);
struct train_config;
/* Whether the plugins that a configuration names by name are found, in a daemon: 0, or HONE_EINVAL with a->details. When no worker can tell, all
 * pass and the job's own worker says it. [any] */
int plugin_names_check(struct api *a, const struct train_config *config, struct hone_err *err);
/* monitor.c */
struct monitor_cache *monitor_new(void);
void monitor_free(struct monitor_cache *m);

#endif
