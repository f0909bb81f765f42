/* See warm.h: the list of keepers, asking them, and which of them has to go. What a keeper does is in warm_keeper.c. */
#include "core/jobs/warm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/jobs/warm_priv.h"

#define MEMORY_BYTES (INT64_C(1) << 30)
#define IDLE_MS 600000
#define ANSWER_MS 30000
#define QUEUE 10000
#define SUPERSEDED_MS 2000 /* requests that chose the older version just before are still on their way */

static void init_cond(pthread_cond_t *c)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

struct warm *warm_new(const struct warm_opts *o, struct hone_err *err)
{
    struct warm *w = calloc(1, sizeof *w);
    if (!w || (o->program && !(w->program = strdup(o->program)))) {
        free(w);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    w->o = *o;
    w->o.program = w->program;
    w->o.threads = o->threads > 0 ? o->threads : 1;
    w->o.memory_bytes = o->memory_bytes > 0 ? o->memory_bytes : MEMORY_BYTES;
    w->o.idle_ms = o->idle_ms > 0 ? o->idle_ms : IDLE_MS;
    w->o.answer_ms = o->answer_ms > 0 ? o->answer_ms : ANSWER_MS;
    w->o.queue = o->queue > 0 ? o->queue : QUEUE;
    pthread_mutex_init(&w->lock, NULL);
    init_cond(&w->left);
    return w;
}

void warm_free(struct warm *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    for (struct keeper *k = w->keepers; k; k = k->next) {
        k->leaving = 1;
        pthread_cond_signal(&k->asked);
    }
    while (w->running > 0)
        pthread_cond_wait(&w->left, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&w->left);
    pthread_mutex_destroy(&w->lock);
    free(w->program);
    free(w);
}

/* ---- keepers ---- */

static cJSON *start_of(const struct warm *w, const struct warm_version *v)
{
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", "start");
    json_put_str(f, "task", "serve");
    json_put_str(f, "weights", v->weights);
    json_put(f, "plugin_dirs", v->plugin_dirs ? cJSON_Duplicate(v->plugin_dirs, 1) : cJSON_CreateArray());
    json_put_bool(f, "map", w->o.map);
    json_put_int(f, "threads", w->o.threads);
    json_put_int(f, "log_level", w->o.log_level);
    return f;
}

static struct keeper *keeper_new(struct warm *w, const struct warm_version *v)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    init_cond(&k->asked);
    k->pool = w;
    k->wake = -1;
    k->queue.end = &k->queue.head;
    k->idle_us = w->o.idle_ms * 1000;
    k->used_at = clock_mono_us();
    k->version_id = strdup(v->version_id);
    k->agent_id = strdup(v->agent_id);
    k->start = start_of(w, v);
    if (k->version_id && k->agent_id && json_get(k->start, "log_level"))
        return k;
    keeper_free(k);
    return NULL;
}

/* A new keeper in the list, and its thread. Older versions of its agent have little time left. */
static struct keeper *add_keeper(struct warm *w, const struct warm_version *v, struct hone_err *err)
{
    pthread_t thread;
    pthread_attr_t detached;
    struct keeper *k = keeper_new(w, v);
    if (!k) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &detached, keeper_run, k); /* it waits for our lock */
    pthread_attr_destroy(&detached);
    if (rc != 0) {
        hone_fail(err, HONE_EIO, "no thread can be started for a warm agent: %s", strerror(rc));
        keeper_free(k);
        return NULL;
    }
    for (struct keeper *old = w->keepers; old; old = old->next) {
        if (strcmp(old->agent_id, k->agent_id) == 0 && old->idle_us > SUPERSEDED_MS * 1000) {
            old->idle_us = SUPERSEDED_MS * 1000;
            pthread_cond_signal(&old->asked);
        }
    }
    k->next = w->keepers;
    w->keepers = k;
    w->running++;
    return k;
}

static struct keeper *find_keeper(struct warm *w, const char *version_id)
{
    struct keeper *k = w->keepers;
    while (k && (k->leaving || strcmp(k->version_id, version_id) != 0))
        k = k->next;
    return k;
}

/* ---- questions ---- */

void questions_add(struct questions *l, struct question *q)
{
    q->next = NULL;
    *l->end = q;
    l->end = &q->next;
    l->n++;
}

static struct question *question_new(const struct warm_question *q, warm_done *done, void *arg)
{
    struct question *n = calloc(1, sizeof *n);
    if (n && q && (!(n->text = strdup(q->text)) || (q->generation && !(n->generation = strdup(q->generation))))) {
        free(n->text);
        free(n);
        n = NULL;
    }
    if (n) {
        n->top = q ? q->top : 0;
        n->threshold = q ? q->threshold : 0;
        if (q && q->rule) {
            snprintf(n->rule, sizeof n->rule, "%s", q->rule);
            n->setting = q->setting;
            n->seed = q->seed;
            n->draw = q->draw;
        }
        n->piece = q ? q->piece : NULL;
        n->gone = q ? q->gone : NULL;
        n->done = done;
        n->arg = arg;
    }
    return n;
}

static int enqueue(struct warm *w, const struct warm_version *v, struct question *n, struct hone_err *err)
{
    struct keeper *k = find_keeper(w, v->version_id);
    if (!k && !(k = add_keeper(w, v, err)))
        return err->code;
    if (k->queue.n >= w->o.queue)
        return hone_fail(err, ERR_QUOTA, "%lld questions wait for version %.80s; ask again in a moment", (long long)k->queue.n, v->version_id);
    questions_add(&k->queue, n);
    if (k->waits)
        pthread_cond_signal(&k->asked);
    else if (k->wake >= 0)
        (void)eventfd_write(k->wake, 1);
    return 0;
}

static int ask(struct warm *w, const struct warm_version *v, const struct warm_question *q, warm_done *done, void *arg,
               struct hone_err *err)
{
    struct hone_err ignored;
    struct question *n = question_new(q, done, arg);
    if (!n)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a question");
    pthread_mutex_lock(&w->lock);
    int rc = enqueue(w, v, n, err ? err : &ignored);
    pthread_mutex_unlock(&w->lock);
    if (rc < 0) {
        free(n->text);
        free(n->generation);
        free(n);
    }
    return rc;
}

int warm_ask(struct warm *w, const struct warm_version *v, const struct warm_question *q, warm_done *done, void *arg,
             struct hone_err *err)
{
    return ask(w, v, q, done, arg, err);
}

/* Somebody who waits for one question. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int over;
    cJSON *answer;
    struct hone_err err;
};

static void wake(void *arg, cJSON *answer, const struct hone_err *err)
{
    struct waiter *w = arg;
    pthread_mutex_lock(&w->lock);
    w->answer = answer;
    if (err)
        w->err = *err;
    w->over = 1;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static int ask_and_wait(struct warm *w, const struct warm_version *v, const struct warm_question *q, cJSON **answer, struct hone_err *err)
{
    struct waiter me = { .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER };
    int rc = ask(w, v, q, wake, &me, err);
    if (rc == 0) {
        pthread_mutex_lock(&me.lock);
        while (!me.over)
            pthread_cond_wait(&me.done, &me.lock);
        pthread_mutex_unlock(&me.lock);
        *answer = me.answer;
        if (me.err.code < 0 && err)
            *err = me.err;
        rc = me.err.code;
    }
    pthread_cond_destroy(&me.done);
    pthread_mutex_destroy(&me.lock);
    return rc;
}

cJSON *warm_answer(struct warm *w, const struct warm_version *v, const struct warm_question *q, struct hone_err *err)
{
    cJSON *answer = NULL;
    ask_and_wait(w, v, q, &answer, err);
    return answer;
}

int warm_load(struct warm *w, const struct warm_version *v, struct hone_err *err)
{
    cJSON *what = NULL;
    int rc = ask_and_wait(w, v, NULL, &what, err), writes = json_bool(what, "writes", 0);
    cJSON_Delete(what);
    return rc < 0 ? rc : writes;
}

void warm_stats(struct warm *w, struct warm_stats *s)
{
    pthread_mutex_lock(&w->lock);
    *s = w->stats;
    s->workers = s->memory_bytes = s->waiting = 0;
    for (struct keeper *k = w->keepers; k; k = k->next) {
        s->workers += k->memory_bytes > 0;
        s->memory_bytes += k->memory_bytes;
        s->waiting += k->queue.n;
    }
    pthread_mutex_unlock(&w->lock);
}
