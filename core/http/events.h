/* Event streams of jobs, as Server-Sent Events (HTML standard). Kept events have an id and are in the database: a watcher gets all of them
 * from behind the last one that it has seen, also after a restart. Live ones (progress) are sent to who is there and can take them. What
 * happens is held once a job, in a ring that all of its watchers read; who falls out of it reads on from the database. A watcher costs its
 * connection and a few words, and waits without a thread. Called by stream.c and server.c. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H
#include <stddef.h>
#include <stdint.h>
#include "core/base/buf.h"
#include "core/http/http.h"

#define EVENTS_RING 64
#define EVENTS_PAGE 16            /* kept events read at once */

struct events;
struct watcher;

/* What the streams need from outside. */
struct events_source {
    const struct http_program *program;
    /* Wakes a connection that waits. Must not call back into events. [any] */
    void (*wake)(void *connection);
    /* Lets a connection wait; within events_read(). */
    void (*wait)(void *connection);
    int heartbeat_ms, retry_ms;
};

/* With a thread of its own, which wakes watchers. NULL when memory or threads ran out. */
struct events *events_open(const struct events_source *source);
/* All streams end: watchers are woken and read the end. */
void events_end(struct events *e);
/* After events_end(), when every watcher has left. NULL is fine. */
void events_close(struct events *e);
int64_t events_watchers(struct events *e);
/* Takes an event: a daemon's watcher (daemon_watch()) with the events as arg. [any, with the caller's locks] */
void events_take(void *arg, const struct api_event *event);

/* Watches a job from behind event `after` on (0: from its first). `connection` goes to wait and wake. NULL with ERR_NOT_FOUND when the tenant
 * has no such job, or ENOMEM; or, with *over set, when the job rests or has ended and nothing comes behind `after`. [any] */
struct watcher *events_watch(struct events *e, const char *tenant, const char *job_id, int64_t after, void *connection, int *over,
                             struct hone_err *err);
/* The next bytes of the stream: how many, 0 when it waits (wait() was called), -1 at the end. [connection's thread] */
ptrdiff_t events_read(struct watcher *w, char *to, size_t n);
void events_leave(struct watcher *w);   /* NULL is fine */

/* {"job_id", "events": [{"id", "event", "data"}], "last_event_id", "ended"} of the kept events behind `after`, at most `limit`, appended to b.
 * 0 or a negative code. [any] */
int events_list(struct events *e, const char *tenant, const char *job_id, int64_t after, int limit, struct buf *b, struct hone_err *err);

#endif
