/* See events.h. One lock for all: what is done under it is copying a few hundred bytes. It is never held while the program is asked for
 * kept events, since the program tells of new ones with locks of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/http/conns.h"
#include "core/http/events.h"

#define BUCKETS 256
#define WAKE_MS 50                    /* watchers are woken no more often, however many events there are */

struct event {
    int64_t seq;                      /* 0: live */
    int refs;
    int status;                       /* it may be the last one */
    size_t n;
    char text[];
};

struct topic {
    char job_id[64], tenant[64];
    struct event *ring[EVENTS_RING];  /* the i-th event is at i % EVENTS_RING */
    uint64_t first, next;             /* first == next: none */
    struct watcher *watchers;
    int n, news;
    int64_t told;                     /* conns_now() when watchers were last woken */
    uint64_t beat;
    struct topic *next_topic;
};

struct watcher {
    struct events *events;
    struct topic *topic;
    void *connection;
    struct watcher *prev, *next;
    uint64_t at, beat;                /* at: the next event of the ring */
    int64_t seen;                     /* the last kept event that was sent */
    struct event *partial;            /* one that did not fit as a whole */
    size_t sent;
    struct buf page;                  /* kept events on their way */
    size_t page_sent;
    int waiting, started, catching, over;
};

struct events {
    struct events_source source;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct topic *bucket[BUCKETS];
    int64_t watchers;
    int ending, news;
};

/* ---- events ---- */

static void event_free(struct event *v)
{
    if (v && --v->refs == 0)
        free(v);
}

static void put_event(struct buf *b, const struct api_event *v)
{
    if (v->seq)
        buf_printf(b, "id: %lld\n", (long long)v->seq);
    buf_printf(b, "event: %s\ndata: ", v->type);
    buf_add(b, v->data->bytes, v->data->n);
    buf_add(b, "\n\n", 2);
}

static struct event *event_new(const struct api_event *from)
{
    struct buf b = { 0 };
    put_event(&b, from);
    struct event *v = buf_oom(&b) ? NULL : malloc(sizeof *v + b.n);
    if (v) {
        *v = (struct event){ .seq = from->seq, .refs = 1, .status = strcmp(from->type, "status") == 0, .n = b.n };
        memcpy(v->text, b.p, b.n);
    }
    buf_free(&b);
    return v;
}

/* ---- topics ---- */

static unsigned bucket_of(const char *id)
{
    unsigned h = 5381;
    while (*id)
        h = h * 33 ^ (unsigned char)*id++;
    return h % BUCKETS;
}

static struct topic *topic_find(struct events *e, const char *tenant, const char *job_id)
{
    struct topic *t = e->bucket[bucket_of(job_id)];
    while (t && (strcmp(t->job_id, job_id) != 0 || strcmp(t->tenant, tenant) != 0))
        t = t->next_topic;
    return t;
}

static struct topic *topic_new(struct events *e, const char *tenant, const char *job_id)
{
    struct topic *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    snprintf(t->job_id, sizeof t->job_id, "%s", job_id);
    snprintf(t->tenant, sizeof t->tenant, "%s", tenant);
    t->told = conns_now();
    t->next_topic = e->bucket[bucket_of(job_id)];
    e->bucket[bucket_of(job_id)] = t;
    return t;
}

static void empty(struct topic *t)
{
    for (; t->first != t->next; t->first++)
        event_free(t->ring[t->first % EVENTS_RING]);
}

/* When nobody watches any more. */
static void topic_release(struct events *e, struct topic *t)
{
    struct topic **at = &e->bucket[bucket_of(t->job_id)];
    if (t->n)
        return;
    while (*at != t)
        at = &(*at)->next_topic;
    *at = t->next_topic;
    empty(t);
    free(t);
}

void events_take(void *arg, const struct api_event *event)
{
    struct events *e = arg;
    pthread_mutex_lock(&e->lock);
    struct topic *t = e->watchers ? topic_find(e, event->tenant, event->job_id) : NULL;
    struct event *v = t ? event_new(event) : NULL;
    if (t && !v) {                    /* no memory: everybody falls out and reads on from the database */
        empty(t);
        t->first = ++t->next;
    }
    if (v) {
        if (t->next - t->first == EVENTS_RING)
            event_free(t->ring[t->first++ % EVENTS_RING]);
        t->ring[t->next++ % EVENTS_RING] = v;
    }
    if (t) {
        t->news = e->news = 1;
        pthread_cond_signal(&e->wake);
    }
    pthread_mutex_unlock(&e->lock);
}

/* ---- the thread that wakes ---- */

static void wake_all(struct events *e, struct topic *t)
{
    for (struct watcher *w = t->watchers; w; w = w->next) {
        if (!w->waiting)
            continue;
        w->waiting = 0;
        e->source.wake(w->connection);
    }
}

static void wake_some(struct events *e, int64_t now)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (struct topic *t = e->bucket[i]; t; t = t->next_topic) {
            int beat = now - t->told >= e->source.heartbeat_ms;
            if (!t->news && !beat)
                continue;
            t->beat += !t->news;
            t->news = 0;
            t->told = now;
            wake_all(e, t);
        }
    }
}

static void *waker(void *arg)
{
    struct events *e = arg;
    pthread_mutex_lock(&e->lock);
    while (!e->ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += !e->watchers * 3600;
        until.tv_nsec += (e->source.heartbeat_ms < 1000 ? 10 : 250) * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (!e->news)
            pthread_cond_timedwait(&e->wake, &e->lock, &until);
        if (e->ending)
            break;
        int news = e->news;
        e->news = 0;
        wake_some(e, conns_now());
        if (!news)
            continue;
        pthread_mutex_unlock(&e->lock);
        nanosleep(&(struct timespec){ .tv_nsec = WAKE_MS * 1000000L }, NULL);
        pthread_mutex_lock(&e->lock);
    }
    pthread_mutex_unlock(&e->lock);
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
    if (pthread_create(&e->thread, NULL, waker, e) == 0)
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

/* ---- watchers ---- */

static void take_kept(void *arg, const struct api_event *event)
{
    struct watcher *w = arg;
    put_event(&w->page, event);
    w->seen = event->seq;
}

/* Reads a page of kept events, without the lock. What comes into the ring from now on is not missed: `at` is set before. */
static int read_page(struct watcher *w, struct hone_err *err)
{
    struct events *e = w->events;
    const struct http_program *p = e->source.program;
    int ended = 0;
    pthread_mutex_lock(&e->lock);
    w->at = w->topic->next;
    pthread_mutex_unlock(&e->lock);
    buf_clear(&w->page);
    w->page_sent = 0;
    int n = p->events_since(p->arg, w->topic->tenant, w->topic->job_id, w->seen, EVENTS_PAGE, take_kept, w, &ended, err);
    if (n < 0)
        return n;
    w->catching = n == EVENTS_PAGE;
    w->over = ended && n < EVENTS_PAGE;
    return buf_oom(&w->page) ? hone_fail(err, HONE_ENOMEM, "memory ran out for events") : n;
}

struct watcher *events_watch(struct events *e, const char *tenant, const char *job_id, int64_t after, void *connection, int *over,
                             struct hone_err *err)
{
    struct watcher *w = calloc(1, sizeof *w);
    *over = 0;
    pthread_mutex_lock(&e->lock);
    struct topic *t = topic_find(e, tenant, job_id);
    if (!t)
        t = topic_new(e, tenant, job_id);
    if (w && t) {
        *w = (struct watcher){ .events = e, .topic = t, .connection = connection, .next = t->watchers, .beat = t->beat, .seen = after };
        if (t->watchers)
            t->watchers->prev = w;
        t->watchers = w;
        t->n++;
        if (e->watchers++ == 0)
            pthread_cond_signal(&e->wake);
    }
    pthread_mutex_unlock(&e->lock);
    if (!w || !t) {
        free(w);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    int rc = read_page(w, err);
    *over = rc == 0 && w->over;
    if (rc >= 0 && !*over)
        return w;
    events_leave(w);
    return NULL;
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
    t->n--;
    topic_release(e, t);
    pthread_mutex_unlock(&e->lock);
    buf_free(&w->page);
    free(w);
}

/* Copies what fits of the page. */
static size_t send_page(struct watcher *w, char *to, size_t n)
{
    size_t left = w->page.n - w->page_sent, some = left < n ? left : n;
    if (some)
        memcpy(to, w->page.p + w->page_sent, some);
    w->page_sent += some;
    if (w->page_sent == w->page.n)
        buf_free(&w->page);
    if (!w->page.n)
        w->page_sent = 0;
    return some;
}

/* Copies what fits of the event under way. */
static size_t send_event(struct watcher *w, char *to, size_t n)
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

/* The ring's events, as far as they fit. Behind a status the database is asked whether it was the last one. */
static size_t send_ring(struct watcher *w, char *to, size_t n)
{
    struct topic *t = w->topic;
    size_t used = 0;
    while (used < n && !w->catching) {
        if (w->partial) {
            used += send_event(w, to + used, n - used);
            continue;
        }
        if (w->at < t->first)
            w->catching = 1;          /* fallen out */
        else if (w->at == t->next)
            break;
        if (w->catching)
            break;
        struct event *v = t->ring[w->at++ % EVENTS_RING];
        if (v->seq && v->seq <= w->seen)
            continue;                 /* came with a page */
        w->partial = v;
        v->refs++;
        w->sent = 0;
        w->seen = v->seq ? v->seq : w->seen;
        w->catching = v->status && w->at == t->next;
        if (w->catching)
            used += send_event(w, to + used, n - used);
    }
    return used;
}

static size_t greet(struct watcher *w, char *to, size_t n)
{
    if (w->started || n < 32)
        return 0;
    w->started = 1;
    return (size_t)snprintf(to, n, "retry: %d\n\n", w->events->source.retry_ms);
}

/* With the lock: what can be sent without asking the program. */
static size_t fill(struct watcher *w, char *to, size_t n)
{
    size_t used = greet(w, to, n);
    if (w->page.n)
        return used + send_page(w, to + used, n - used);
    if (w->partial)
        used += send_event(w, to + used, n - used);
    if (!w->catching && !w->over)
        used += send_ring(w, to + used, n - used);
    if (used == 0 && w->beat != w->topic->beat && n >= 3) {
        memcpy(to, ":\n\n", 3);
        used = 3;
    }
    w->beat = w->topic->beat;
    return used;
}

ptrdiff_t events_read(struct watcher *w, char *to, size_t n)
{
    struct events *e = w->events;
    struct hone_err err;
    for (;;) {
        pthread_mutex_lock(&e->lock);
        ptrdiff_t used = (ptrdiff_t)fill(w, to, n);
        int ask = used == 0 && w->catching && !e->ending;
        if (used == 0 && (w->over || e->ending)) {
            used = -1;
        } else if (used == 0 && !ask) {
            w->waiting = 1;
            e->source.wait(w->connection);
        }
        pthread_mutex_unlock(&e->lock);
        if (!ask)
            return used;
        if (read_page(w, &err) < 0)
            return -1;                /* the job is gone, or the database is in trouble: the client comes back and is told */
    }
}

/* ---- as JSON ---- */

struct listing {
    struct buf *b;
    int64_t last;
    int n;
};

static void list_one(void *arg, const struct api_event *v)
{
    struct listing *l = arg;
    buf_printf(l->b, "%s{\"id\": \"%lld\", \"event\": \"%s\", \"data\": ", l->n++ ? ", " : "", (long long)v->seq, v->type);
    buf_add(l->b, v->data->bytes, v->data->n);
    buf_putc(l->b, '}');
    l->last = v->seq;
}

int events_list(struct events *e, const char *tenant, const char *job_id, int64_t after, int limit, struct buf *b, struct hone_err *err)
{
    const struct http_program *p = e->source.program;
    struct listing l = { .b = b, .last = after };
    int ended = 0;
    buf_puts(b, "{\"events\": [");
    int rc = p->events_since(p->arg, tenant, job_id, after, limit, list_one, &l, &ended, err);
    buf_printf(b, "], \"last_event_id\": \"%lld\", \"ended\": %s}", (long long)l.last, ended && l.n < limit ? "true" : "false");
    return rc < 0 ? rc : buf_oom(b) ? hone_fail(err, HONE_ENOMEM, "memory ran out for events") : 0;
}
