/* See events.h. One lock for all: what is done under it is copying a few hundred bytes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/base/clock.h"
#include "core/http/conns.h"
#include "core/http/events.h"

#define BUCKETS 256
#define IDLE_TOPICS 128               /* unwatched jobs whose states are kept for who comes back */

struct event {
    uint64_t id;
    int refs;
    int ended;
    size_t n, data, data_n;           /* of the text, and where the state is in it */
    char text[];
};

struct topic {
    char job_id[64], tenant[64];
    struct event *ring[EVENTS_RING];  /* event `id` is at id % EVENTS_RING */
    uint64_t first, next;             /* ids; first == next: none yet */
    struct watcher *watchers;
    int n, pins, ended, gone;
    int64_t last_us, look_at, left_at;   /* last_us: of the last event or heartbeat; look_at in conns_now() */
    uint64_t beat;
    struct topic *next_topic;
};

struct watcher {
    struct events *events;
    struct topic *topic;
    void *connection;
    struct watcher *prev, *next;
    uint64_t at, beat;                /* at: the next event's id */
    struct event *partial;            /* one that did not fit as a whole */
    size_t sent;
    int waiting, started;
};

struct events {
    struct events_source source;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct topic *bucket[BUCKETS];
    int64_t watchers;
    int idle, ending, hurry;
};

/* ---- events ---- */

static void event_free(struct event *v)
{
    if (v && --v->refs == 0)
        free(v);
}

static struct event *event_new(uint64_t id, const char *state, size_t n, int ended)
{
    char head[80];
    int h = snprintf(head, sizeof head, "id: %llu\nevent: %s\ndata: ", (unsigned long long)id, ended ? "end" : "progress");
    struct event *v = malloc(sizeof *v + (size_t)h + n + 2);
    if (!v)
        return NULL;
    *v = (struct event){ .id = id, .refs = 1, .ended = ended, .n = (size_t)h + n + 2, .data = (size_t)h, .data_n = n };
    memcpy(v->text, head, (size_t)h);
    memcpy(v->text + h, state, n);
    memcpy(v->text + h + n, "\n\n", 2);
    return v;
}

static const struct event *newest(const struct topic *t)
{
    return t->first == t->next ? NULL : t->ring[(t->next - 1) % EVENTS_RING];
}

/* Keeps the state when it differs from the last one. 1 when it does; 0, also when memory ran out: the next look tries again. */
static int publish(struct topic *t, const char *state, size_t n, int ended)
{
    const struct event *last = newest(t);
    if (last && last->data_n == n && memcmp(last->text + last->data, state, n) == 0)
        return 0;
    struct event *v = event_new(t->next, state, n, ended);
    if (!v)
        return 0;
    if (t->next - t->first == EVENTS_RING) {
        event_free(t->ring[t->first % EVENTS_RING]);
        t->first++;
    }
    t->ring[t->next % EVENTS_RING] = v;
    t->next++;
    t->ended = ended;
    t->last_us = clock_mono_us();
    return 1;
}

/* ---- topics ---- */

static unsigned bucket_of(const char *id)
{
    unsigned h = 5381;
    while (*id)
        h = h * 33 ^ (unsigned char)*id++;
    return h % BUCKETS;
}

static void topic_free(struct topic *t)
{
    for (uint64_t i = t->first; i != t->next; i++)
        event_free(t->ring[i % EVENTS_RING]);
    free(t);
}

static struct topic *topic_find(struct events *e, const char *job_id)
{
    struct topic *t = e->bucket[bucket_of(job_id)];
    while (t && strcmp(t->job_id, job_id) != 0)
        t = t->next_topic;
    return t;
}

/* Ids grow from one life of the program to the next, so that a watcher who comes back after a restart is not taken for one who has
 * seen what is sent now. */
static struct topic *topic_new(struct events *e, const char *tenant, const char *job_id)
{
    struct topic *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    snprintf(t->job_id, sizeof t->job_id, "%s", job_id);
    snprintf(t->tenant, sizeof t->tenant, "%s", tenant);
    t->first = t->next = (uint64_t)clock_wall_ms() * 1000;
    t->next_topic = e->bucket[bucket_of(job_id)];
    e->bucket[bucket_of(job_id)] = t;
    e->idle++;
    return t;
}

static void topic_remove(struct events *e, struct topic *t)
{
    struct topic **at = &e->bucket[bucket_of(t->job_id)];
    while (*at != t)
        at = &(*at)->next_topic;
    *at = t->next_topic;
    topic_free(t);
    e->idle--;
}

/* Lets go of the unwatched jobs that were left first. */
static void forget_some(struct events *e)
{
    while (e->idle > IDLE_TOPICS) {
        struct topic *oldest = NULL;
        for (int i = 0; i < BUCKETS; i++) {
            for (struct topic *t = e->bucket[i]; t; t = t->next_topic) {
                if (!t->n && !t->pins && (!oldest || t->left_at < oldest->left_at))
                    oldest = t;
            }
        }
        if (!oldest)
            return;
        topic_remove(e, oldest);
    }
}

static void wake_all(struct events *e, struct topic *t)
{
    for (struct watcher *w = t->watchers; w; w = w->next) {
        if (!w->waiting)
            continue;
        w->waiting = 0;
        e->source.wake(w->connection);
    }
}

/* ---- the ticker ---- */

/* Looks at one job, without the lock. */
static void look(struct events *e, struct topic *t, struct buf *b, int64_t now)
{
    int ended = 0;
    t->pins++;
    t->look_at = now + e->source.look_ms;
    pthread_mutex_unlock(&e->lock);
    buf_clear(b);
    int rc = e->source.look(e->source.arg, t->tenant, t->job_id, b, &ended);
    pthread_mutex_lock(&e->lock);
    t->pins--;
    if (rc == ERR_NOT_FOUND)
        t->gone = 1;
    if (t->gone || (rc == 0 && !buf_oom(b) && publish(t, b->p, b->n, ended)))
        wake_all(e, t);
}

static void *tick(void *arg)
{
    struct events *e = arg;
    struct buf b = { 0 };
    pthread_mutex_lock(&e->lock);
    while (!e->ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        int step = e->source.look_ms < 50 ? e->source.look_ms : 50;
        until.tv_nsec += step * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (!e->hurry)
            pthread_cond_timedwait(&e->wake, &e->lock, &until);
        e->hurry = 0;
        int64_t now = conns_now(), us = clock_mono_us();
        for (int i = 0; i < BUCKETS && e->watchers && !e->ending; i++) {
            for (struct topic *t = e->bucket[i]; t && !e->ending; t = t->next_topic) {
                if (t->n && !t->ended && !t->gone && now >= t->look_at)
                    look(e, t, &b, now);
                if (t->n && us - t->last_us >= e->source.heartbeat_ms * 1000LL) {
                    t->beat++;
                    t->last_us = us;
                    wake_all(e, t);
                }
            }
        }
    }
    pthread_mutex_unlock(&e->lock);
    buf_free(&b);
    return NULL;
}

struct events *events_open(const struct events_source *source)
{
    pthread_condattr_t attr;
    struct events *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->source = *source;
    pthread_mutex_init(&e->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&e->thread, NULL, tick, e) == 0)
        return e;
    free(e);
    return NULL;
}

void events_end(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    int ended = e->ending;
    e->ending = 1;
    pthread_cond_signal(&e->wake);
    for (int i = 0; i < BUCKETS; i++) {
        for (struct topic *t = e->bucket[i]; t; t = t->next_topic)
            wake_all(e, t);
    }
    pthread_mutex_unlock(&e->lock);
    if (!ended)
        pthread_join(e->thread, NULL);
}

void events_close(struct events *e)
{
    if (!e)
        return;
    for (int i = 0; i < BUCKETS; i++) {
        while (e->bucket[i])
            topic_remove(e, e->bucket[i]);
    }
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->wake);
    free(e);
}

int64_t events_watchers(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    int64_t n = e->watchers;
    pthread_mutex_unlock(&e->lock);
    return n;
}

void events_changed(struct events *e, const char *job_id)
{
    pthread_mutex_lock(&e->lock);
    struct topic *t = topic_find(e, job_id);
    if (t && t->n) {
        t->look_at = 0;
        e->hurry = 1;
        pthread_cond_signal(&e->wake);
    }
    pthread_mutex_unlock(&e->lock);
}

/* ---- watchers ---- */

/* The job's topic with this state as its newest. */
static struct topic *topic_of(struct events *e, const char *tenant, const char *job_id, const char *state, size_t n, int ended)
{
    struct topic *t = topic_find(e, job_id);
    if (!t)
        t = topic_new(e, tenant, job_id);
    if (t && publish(t, state, n, ended))
        wake_all(e, t);
    if (t && t->first == t->next && !t->n) {   /* memory ran out for the only event */
        topic_remove(e, t);
        t = NULL;
    }
    return t;
}

/* Behind `after` when that is one of the ring's, else the newest one. */
static uint64_t place(const struct topic *t, uint64_t after)
{
    return after && after + 1 >= t->first && after < t->next ? after + 1 : t->next - 1;
}

struct watcher *events_watch(struct events *e, const char *tenant, const char *job_id, const char *state, size_t n, int ended, uint64_t after,
                             void *connection, int *over)
{
    struct watcher *w = calloc(1, sizeof *w);
    *over = 0;
    if (!w)
        return NULL;
    pthread_mutex_lock(&e->lock);
    struct topic *t = topic_of(e, tenant, job_id, state, n, ended);
    *over = t && t->ended && after + 1 == t->next;
    if (*over && !t->n)
        forget_some(e);
    if (*over)
        t = NULL;
    if (t) {
        *w = (struct watcher){ .events = e, .topic = t, .connection = connection, .next = t->watchers, .at = place(t, after), .beat = t->beat };
        if (t->watchers)
            t->watchers->prev = w;
        t->watchers = w;
        if (t->n++ == 0) {
            e->idle--;
            t->last_us = clock_mono_us();
            t->look_at = conns_now() + e->source.look_ms;
        }
        e->watchers++;
        forget_some(e);
    }
    pthread_mutex_unlock(&e->lock);
    if (!t)
        free(w);
    return t ? w : NULL;
}

void events_leave(struct watcher *w)
{
    if (!w)
        return;
    struct events *e = w->events;
    pthread_mutex_lock(&e->lock);
    struct topic *t = w->topic;
    if (w->prev)
        w->prev->next = w->next;
    else
        t->watchers = w->next;
    if (w->next)
        w->next->prev = w->prev;
    event_free(w->partial);
    e->watchers--;
    if (--t->n == 0) {
        e->idle++;
        t->left_at = conns_now();
        if (t->gone && !t->pins)
            topic_remove(e, t);
        else
            forget_some(e);
    }
    pthread_mutex_unlock(&e->lock);
    free(w);
}

/* Copies what fits of the event under way. */
static size_t go_on(struct watcher *w, char *to, size_t n)
{
    size_t left = w->partial->n - w->sent, some = left < n ? left : n;
    memcpy(to, w->partial->text + w->sent, some);
    w->sent += some;
    if (w->sent == w->partial->n) {
        event_free(w->partial);
        w->partial = NULL;
    }
    return some;
}

static size_t fill(struct watcher *w, char *to, size_t n)
{
    struct topic *t = w->topic;
    size_t used = 0;
    if (!w->started && n > 32) {
        used = (size_t)snprintf(to, n, "retry: %d\n\n", w->events->source.retry_ms);
        w->started = 1;
    }
    while (used < n) {
        if (w->partial) {
            used += go_on(w, to + used, n - used);
            continue;
        }
        if (w->at < t->first)
            w->at = t->first;
        if (w->at == t->next)
            break;
        w->partial = t->ring[w->at % EVENTS_RING];
        w->partial->refs++;
        w->sent = 0;
        w->at++;
    }
    if (used == 0 && w->beat != t->beat && n >= 3) {
        memcpy(to, ":\n\n", 3);
        used = 3;
    }
    w->beat = t->beat;
    return used;
}

ptrdiff_t events_read(struct watcher *w, char *to, size_t n)
{
    struct events *e = w->events;
    pthread_mutex_lock(&e->lock);
    ptrdiff_t used = (ptrdiff_t)fill(w, to, n);
    if (used == 0 && (w->topic->ended || w->topic->gone || e->ending)) {
        used = -1;
    } else if (used == 0) {
        w->waiting = 1;
        e->source.wait(w->connection);
    }
    pthread_mutex_unlock(&e->lock);
    return used;
}

void events_list(struct events *e, const char *tenant, const char *job_id, const char *state, size_t n, int ended, uint64_t after, struct buf *b)
{
    pthread_mutex_lock(&e->lock);
    struct topic *t = topic_of(e, tenant, job_id, state, n, ended);
    uint64_t from = !t ? 0 : after && after + 1 >= t->first && after < t->next ? after + 1 : t->first;
    buf_puts(b, "{\"events\": [");
    for (uint64_t i = from; t && i != t->next; i++) {
        const struct event *v = t->ring[i % EVENTS_RING];
        buf_printf(b, "%s{\"id\": \"%llu\", \"event\": \"%s\", \"data\": ", i == from ? "" : ", ", (unsigned long long)v->id, v->ended ? "end" : "progress");
        buf_add(b, v->text + v->data, v->data_n);
        buf_putc(b, '}');
    }
    buf_printf(b, "], \"last_event_id\": \"%llu\"}", t ? (unsigned long long)t->next - 1 : after);
    if (t && !t->n)
        forget_some(e);
    pthread_mutex_unlock(&e->lock);
}
