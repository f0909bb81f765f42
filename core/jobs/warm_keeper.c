/* A keeper of the warm pool: takes what has queued up, has its worker answer it, hands the answers out. See warm.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/warm_priv.h"
#include "core/jobs/worker_proc.h"

#define BATCH 256                /* questions; what an encoder takes at once */
#define BATCH_BYTES (1u << 20)   /* of text, however few questions that is */
#define HALF_US 600e6            /* after so long a question counts half as much */
#define END_MS 2000              /* for a worker that is told to end */

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    pthread_cond_destroy(&k->asked);
    cJSON_Delete(k->start);
    if (k->wake >= 0)
        close(k->wake);
    free(k->version_id);
    free(k->agent_id);
    free(k);
}

double keeper_use(const struct keeper *k, int64_t now)
{
    return k->use * exp2((double)(k->used_at - now) / HALF_US);
}

/* ---- the worker ---- */

int keeper_side_frame(const cJSON *f, struct hone_err *err)
{
    const char *type = json_str(f, "type", "");
    if (strcmp(type, "log") == 0)
        log_line((int)json_int(f, "level", LOG_INFO), "%s", json_str(f, "text", ""));
    if (strcmp(type, "error") == 0)
        return worker_error(f, err);
    if (strcmp(type, "result") == 0)
        return hone_fail(err, ERR_JOB_FAILED, "hone-worker ended before it had answered");
    return 0;
}

/* The next frame of that type; NULL with err when the worker ends instead. */
static cJSON *await_frame(struct worker_proc *w, const char *type, struct hone_err *err)
{
    for (;;) {
        cJSON *f = NULL;
        int rc = worker_next(w, -1, &f, err);
        if (rc > 0 && strcmp(json_str(f, "type", ""), type) == 0)
            return f;
        rc = rc > 0 ? keeper_side_frame(f, err) : rc;
        cJSON_Delete(f);
        if (rc < 0)
            return NULL;
    }
}

void keeper_set_memory(struct keeper *k, int64_t bytes)
{
    pthread_mutex_lock(&k->pool->lock);
    k->memory_bytes = bytes;
    pthread_mutex_unlock(&k->pool->lock);
}

static void drop_worker(struct keeper *k)
{
    worker_free(k->worker);
    k->worker = NULL;
    keeper_set_memory(k, 0);
}

/* From here on what is asked wakes the thread, which listens to its worker too. */
static int set_wake(struct keeper *k)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_lock(&k->pool->lock);
    k->wake = fd;
    pthread_mutex_unlock(&k->pool->lock);
    return fd;
}

static int start_once(struct keeper *k, struct hone_err *err)
{
    struct warm *w = k->pool;
    struct worker_opts o = { .program = w->program, .silence_ms = w->o.answer_ms };
    pthread_mutex_lock(&w->lock);
    w->stats.starts++;
    pthread_mutex_unlock(&w->lock);
    if (!(k->worker = worker_start(&o, err)))
        return err->code;
    int rc = worker_send(k->worker, k->start, err);
    cJSON *ready = rc == 0 || rc == HONE_EIO ? await_frame(k->worker, "ready", err) : NULL;
    if (!ready)
        return err->code;
    int64_t bytes = json_int(ready, "memory_bytes", 0);
    int writes = json_bool(ready, "writes", 0);
    cJSON_Delete(ready);
    if (writes && k->wake < 0 && set_wake(k) < 0)
        return err_errno(err, "make", "a descriptor that wakes the keeper of an agent");
    keeper_set_memory(k, bytes > 0 ? bytes : 1);
    return 1;
}

/* A worker that somebody killed while it loaded is started once more. */
static int start_worker(struct keeper *k, struct hone_err *err)
{
    int rc = start_once(k, err);
    if (rc < 0 && k->worker && worker_how(k->worker)->cause == WORKER_SIGNAL) {
        drop_worker(k);
        rc = start_once(k, err);
    }
    if (rc < 0)
        drop_worker(k);
    return rc;
}

/* 1 when one had to be started, 0 when one was there. A worker that died while it had nothing to do is replaced; nobody's question
 * was lost. */
static int ensure_worker(struct keeper *k, struct hone_err *err)
{
    cJSON *f = NULL;
    struct hone_err why;
    if (k->worker)
        worker_rested(k->worker);
    while (k->worker) {
        int rc = worker_next(k->worker, 0, &f, &why);
        if (rc == 0)
            return 0;
        if (rc > 0)
            rc = keeper_side_frame(f, &why);
        cJSON_Delete(f);
        if (rc < 0) {
            log_line(LOG_WARN, "the worker of version %s is started again: %s", k->version_id, why.text);
            pthread_mutex_lock(&k->pool->lock);
            k->pool->stats.deaths++;
            pthread_mutex_unlock(&k->pool->lock);
            drop_worker(k);
        }
    }
    return start_worker(k, err);
}

/* ---- memory ---- */

/* Lets those leave that are used least, never `self`, until the rest fits. */
static void make_room(struct keeper *self)
{
    struct warm *w = self->pool;
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&w->lock);
    for (;;) {
        int64_t total = 0;
        struct keeper *least = NULL;
        for (struct keeper *k = w->keepers; k; k = k->next) {
            if (k->leaving)
                continue;
            total += k->memory_bytes;
            if (k != self && k->memory_bytes > 0 && (!least || keeper_use(k, now) < keeper_use(least, now)))
                least = k;
        }
        if (total <= w->o.memory_bytes || !least)
            break;
        least->leaving = 1;
        w->stats.evictions++;
        pthread_cond_signal(&least->asked);
    }
    pthread_mutex_unlock(&w->lock);
}

/* ---- a batch ---- */

void question_finish(struct question *q, cJSON *answer, const struct hone_err *err)
{
    q->done(q->arg, answer, answer || !err || err->code == 0 ? NULL : err);
    (void)json_lost(); /* whoever asked knows what was lost of what is his */
    free(q->text);
    free(q->generation);
    free(q);
}

void keeper_count(struct keeper *k, int64_t answers, int64_t failures, int64_t deaths)
{
    struct warm_stats *s = &k->pool->stats;
    pthread_mutex_lock(&k->pool->lock);
    s->answers += answers;
    s->failures += failures;
    s->deaths += deaths;
    s->batches += answers > 0;
    pthread_mutex_unlock(&k->pool->lock);
}

static void fail_all(struct keeper *k, struct questions *batch, const struct hone_err *err)
{
    keeper_count(k, 0, batch->n, 0);
    for (struct question *q = batch->head, *next; q; q = next) {
        next = q->next;
        question_finish(q, NULL, err);
    }
}

void keeper_finish_loads(const struct keeper *k, struct questions *batch)
{
    for (struct question **at = &batch->head, *q; (q = *at);) {
        if (q->text) {
            at = &q->next;
            continue;
        }
        *at = q->next;
        batch->n--;
        struct hone_err err = { 0 };
        cJSON *what = cJSON_CreateObject();
        json_put_bool(what, "writes", k->wake >= 0);
        if (!json_get(what, "writes")) {
            cJSON_Delete(what);
            what = NULL;
            hone_fail(&err, HONE_ENOMEM, "memory ran out when version %s was loaded", k->version_id);
        }
        question_finish(q, what, &err);
    }
}

cJSON *keeper_ask_frame(const struct questions *batch)
{
    cJSON *f = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(f, "type", "ask");
    for (const struct question *q = batch->head; q; q = q->next) {
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "text", q->text);
        if (q->id)
            json_put_int(o, "id", q->id);
        if (q->piece)
            json_put_bool(o, "stream", 1);
        if (q->generation)
            json_put(o, "generation", cJSON_CreateRaw(q->generation));
        if (q->top > 0)
            json_put_int(o, "top", q->top);
        if (q->threshold >= 0)
            json_put_num(o, "threshold", q->threshold);
        if (q->rule[0]) {
            json_put_str(o, "rule", q->rule);
            json_put_num(o, "setting", q->setting);
            json_put_int(o, "seed", (int64_t)q->seed);
            json_put_int(o, "draw", (int64_t)q->draw);
        }
        cJSON_AddItemToArray(list, o);
    }
    json_put(f, "questions", list);
    return f;
}

/* The answers of the batch (a frame), or NULL with the reason why the worker gave none. */
static cJSON *have_answered(struct keeper *k, const struct questions *batch, struct hone_err *err)
{
    cJSON *ask = keeper_ask_frame(batch);
    if (cJSON_GetArraySize(json_get(ask, "questions")) != batch->n) {
        cJSON_Delete(ask);
        hone_fail(err, HONE_ENOMEM, "memory ran out for %lld questions", (long long)batch->n);
        return NULL;
    }
    int rc = worker_send(k->worker, ask, err);
    cJSON_Delete(ask);
    cJSON *f = rc == 0 || rc == HONE_EIO ? await_frame(k->worker, "answers", err) : NULL;
    int n = cJSON_GetArraySize(json_get(f, "answers"));
    if (f && n != batch->n) {
        hone_fail(err, ERR_JOB_FAILED, "hone-worker answered %d of %lld questions", n, (long long)batch->n);
        cJSON_Delete(f);
        f = NULL;
    }
    return f;
}

static void hand_out(struct keeper *k, struct questions *batch, cJSON *frame)
{
    int64_t bytes = json_int(frame, "memory_bytes", 0);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(frame, "answers"), *answer = list->child;
    keeper_count(k, batch->n, 0, 0);
    if (bytes > 0)
        keeper_set_memory(k, bytes);
    list->child = NULL; /* each becomes its question's */
    for (struct question *q = batch->head, *next; q; q = next) {
        cJSON *a = answer;
        next = q->next;
        answer = a->next;
        a->next = a->prev = NULL;
        question_finish(q, a, NULL);
    }
    cJSON_Delete(frame);
}

/* After a worker's death: back to the front of the queue, to be asked one by one; what was alone already has failed. */
static void ask_again(struct keeper *k, struct questions *batch, const struct hone_err *err)
{
    struct questions again = { .end = &again.head }, failed = { .end = &failed.head };
    keeper_count(k, 0, 0, 1);
    log_line(LOG_WARN, "the worker of version %s left questions unanswered (%lld): %s", k->version_id, (long long)batch->n, err->text);
    for (struct question *q = batch->head, *next; q; q = next) {
        next = q->next;
        q->again = q->told;
        questions_add(q->deaths++ ? &failed : &again, q);
    }
    pthread_mutex_lock(&k->pool->lock);
    if (again.n) {
        if (!k->queue.head)
            k->queue.end = again.end;
        *again.end = k->queue.head;
        k->queue.head = again.head;
        k->queue.n += again.n;
    }
    pthread_mutex_unlock(&k->pool->lock);
    fail_all(k, &failed, err);
}

/* The same of an agent that writes, with what comes meanwhile. */
static void converse(struct keeper *k, struct questions *batch)
{
    struct questions left = { .end = &left.head };
    struct hone_err err = { 0 };
    if (keeper_converse(k, batch, &left, &err) == 0)
        return;
    drop_worker(k);
    ask_again(k, &left, &err);
}

static void answer_batch(struct keeper *k, struct questions *batch)
{
    struct hone_err err = { 0 };
    int started = ensure_worker(k, &err);
    if (started < 0) {
        fail_all(k, batch, &err);
        return;
    }
    if (started)
        make_room(k);
    keeper_finish_loads(k, batch);
    if (!batch->head)
        return;
    if (k->wake >= 0) {
        converse(k, batch);
        return;
    }
    cJSON *frame = have_answered(k, batch, &err);
    if (frame) {
        hand_out(k, batch, frame);
        return;
    }
    drop_worker(k);
    ask_again(k, batch, &err);
}

/* ---- the thread ---- */

void keeper_take(struct keeper *k, struct questions *batch, int64_t most)
{
    size_t bytes = 0;
    int alone = k->queue.head->deaths > 0;
    *batch = (struct questions){ .end = &batch->head };
    while (k->queue.head && batch->n < most && bytes < BATCH_BYTES) {
        struct question *q = k->queue.head;
        if (batch->n && (alone || q->deaths > 0))
            break;
        if (!(k->queue.head = q->next))
            k->queue.end = &k->queue.head;
        k->queue.n--;
        bytes += q->text ? strlen(q->text) : 0;
        questions_add(batch, q);
    }
    int64_t now = clock_mono_us();
    k->use = keeper_use(k, now) + (double)batch->n;
    k->used_at = now;
}

/* Sleeps until there is a question (1) or the keeper has to leave (0). [with the lock] */
static int await_question(struct keeper *k)
{
    while (!k->queue.head) {
        int64_t until = k->used_at + k->idle_us;
        if (k->leaving || clock_mono_us() >= until) {
            k->leaving = 1;
            return 0;
        }
        struct timespec t = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };
        k->waits = 1;
        pthread_cond_timedwait(&k->asked, &k->pool->lock, &t);
        k->waits = 0;
    }
    return 1;
}

static void leave_list(struct keeper *k)
{
    struct keeper **at = &k->pool->keepers;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
}

void *keeper_run(void *arg)
{
    struct keeper *k = arg;
    struct warm *w = k->pool;
    struct questions batch;
    pthread_mutex_lock(&w->lock);
    while (await_question(k)) {
        keeper_take(k, &batch, BATCH);
        pthread_mutex_unlock(&w->lock);
        answer_batch(k, &batch);
        pthread_mutex_lock(&w->lock);
    }
    leave_list(k);
    pthread_mutex_unlock(&w->lock);
    if (k->worker && worker_signal(k->worker, "stop", NULL, NULL) == 0)
        worker_wait(k->worker, END_MS);
    worker_free(k->worker);
    keeper_free(k);
    pthread_mutex_lock(&w->lock);
    w->running--;
    pthread_cond_signal(&w->left);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}
