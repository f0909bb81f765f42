/* Event streams of jobs: one ring of texts a job, shared by everybody who watches it. What is sent is the job's state as
 * monitorTrainingProgress tells it, each time that it has changed: a watcher that is too slow misses states in between, never the last
 * one. A watched job is looked at once for all of its watchers. A watcher costs its connection and a few words, and waits without a
 * thread. Server-Sent Events as in the HTML standard. Called by stream.c and server.c. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H
#include <stddef.h>
#include <stdint.h>
#include "core/base/buf.h"

#define EVENTS_RING 64            /* states a job that a watcher can come back to */

struct events;
struct watcher;

/* What the streams need from outside. */
struct events_source {
    void *arg;
    /* The job's state as one line of JSON appended to b; *ended: it will not change any more. 0, or a negative code: it is gone. [ticker's thread] */
    int (*look)(void *arg, const char *tenant, const char *job_id, struct buf *b, int *ended);
    /* Wakes a connection that waits. Must not call back into events. [any] */
    void (*wake)(void *connection);
    /* Lets a connection wait; within events_read(). */
    void (*wait)(void *connection);
    int heartbeat_ms, retry_ms, look_ms;
};

/* With a thread of its own that looks at the jobs. NULL when memory or threads ran out. */
struct events *events_open(const struct events_source *source);
/* All streams end: watchers are woken and read the end. */
void events_end(struct events *e);
/* After events_end(), when every watcher has left. */
void events_close(struct events *e);
int64_t events_watchers(struct events *e);

/* Watches a job from behind event `after` on (0: from its state of now, which `state` is). `connection` goes to wait and wake. NULL when memory
 * ran out, or, with *over set, when the job has ended and nothing comes behind `after`. [any] */
struct watcher *events_watch(struct events *e, const char *tenant, const char *job_id, const char *state, size_t n, int ended, uint64_t after,
                             void *connection, int *over);
/* The next bytes of the stream: how many, 0 when it waits (wait() was called), -1 at the end. [connection's thread] */
ptrdiff_t events_read(struct watcher *w, char *to, size_t n);
void events_leave(struct watcher *w);
/* Looks at a job now. [any] */
void events_changed(struct events *e, const char *job_id);
/* {"events": [{"id", "event", "data"}]} behind `after`, appended to b, for who takes JSON. Includes `state` when nothing is kept. [any] */
void events_list(struct events *e, const char *tenant, const char *job_id, const char *state, size_t n, int ended, uint64_t after, struct buf *b);

#endif
