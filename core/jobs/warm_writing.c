/* A keeper whose agent writes: questions go to the worker as they come, and each answer comes back when it is done, piece by piece for who
 * asked for that; whoever is gone is not written for any more. See warm.h and warm_priv.h. */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include "core/base/json.h"
#include "core/jobs/warm_priv.h"
#include "core/jobs/worker_proc.h"

#define MOST 64      /* questions that the worker has; it writes 16 beside one another */
#define LOOK_MS 1000 /* whether somebody is gone is looked at so often, where no frame comes */

static int is_gone(const struct question *q)
{
    return q->gone ? q->gone(q->arg) : 0;
}

static void forget(struct keeper *k, struct question *q, int gone)
{
    struct hone_err err;
    if (gone == 1)
        hone_fail(&err, ERR_CANCELLED, "whoever asked is gone; the answer was not written to its end");
    else
        hone_fail(&err, ERR_INTERRUPTED, "the server stops; the answer was not written to its end");
    keeper_count(k, 0, 1, 0);
    question_finish(q, NULL, &err);
}

/* Takes one out of a list. */
static struct question *take_out(struct questions *l, struct question **at)
{
    struct question *q = *at;
    if (!(*at = q->next))
        l->end = at;
    l->n--;
    return q;
}

static struct question **find(struct questions *l, int64_t id)
{
    struct question **at = &l->head;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return *at ? at : NULL;
}

/* ---- to the worker ---- */

/* A worker that is gone takes nothing; what became of it, the next frame tells. owes: it has questions already. */
static int send_to(struct keeper *k, int owes, const cJSON *frame, struct hone_err *err)
{
    int rc = owes ? worker_send_more(k->worker, frame, err) : worker_send(k->worker, frame, err);
    return rc == HONE_EIO ? 0 : rc;
}

/* Asks a batch, which then is among the asked. */
static int ask(struct keeper *k, struct questions *batch, struct questions *asked, struct hone_err *err)
{
    struct questions now = { .end = &now.head };
    while (batch->head) {
        struct question *q = take_out(batch, &batch->head);
        int gone = is_gone(q);
        if (gone) {
            forget(k, q, gone);
            continue;
        }
        q->id = ++k->ids;
        questions_add(&now, q);
    }
    if (!now.n)
        return 0;
    cJSON *f = keeper_ask_frame(&now);
    int rc = cJSON_GetArraySize(json_get(f, "questions")) == now.n ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld questions", (long long)now.n);
    int owes = asked->n > 0;
    *asked->end = now.head;
    asked->end = now.end;
    asked->n += now.n;
    rc = rc < 0 ? rc : send_to(k, owes, f, err);
    cJSON_Delete(f);
    return rc;
}

/* What has come meanwhile. A question that a worker died of is asked when nothing else is. */
static int ask_more(struct keeper *k, struct questions *asked, struct hone_err *err)
{
    struct questions more = { .end = &more.head };
    int alone = asked->head && asked->head->deaths > 0;
    pthread_mutex_lock(&k->pool->lock);
    if (k->queue.head && !alone && !(asked->n && k->queue.head->deaths > 0) && asked->n < MOST)
        keeper_take(k, &more, MOST - asked->n);
    pthread_mutex_unlock(&k->pool->lock);
    keeper_finish_loads(k, &more);
    return ask(k, &more, asked, err);
}

static int cancel_gone(struct keeper *k, struct questions *asked, struct hone_err *err)
{
    int rc = 0;
    for (struct question **at = &asked->head, *q; (q = *at) && rc >= 0;) {
        int gone = is_gone(q);
        if (!gone) {
            at = &q->next;
            continue;
        }
        cJSON *f = cJSON_CreateObject();
        json_put_str(f, "type", "cancel");
        json_put_int(f, "id", q->id);
        rc = send_to(k, 1, f, err);
        cJSON_Delete(f);
        forget(k, take_out(asked, at), gone);
    }
    return rc;
}

/* ---- from the worker ---- */

/* The next frame, or 0 after a while or when something was asked. */
static int next_frame(struct keeper *k, cJSON **frame, struct hone_err *err)
{
    eventfd_t ignored;
    struct pollfd p[2] = { { .fd = worker_fd(k->worker), .events = POLLIN }, { .fd = k->wake, .events = POLLIN } };
    int rc = worker_next(k->worker, 0, frame, err);
    if (rc == 0 && poll(p, 2, LOOK_MS) > 0 && (p[1].revents & POLLIN))
        (void)eventfd_read(k->wake, &ignored);
    return rc;
}

/* A piece of an answer; of one that is written a second time, what whoever asked has not had. */
static void pass_on(struct question *q, const char *text)
{
    size_t n = strlen(text), old = q->again < n ? q->again : n;
    q->again -= old;
    q->told += n - old;
    if (q->piece && n > old)
        q->piece(q->arg, text + old);
    (void)json_lost(); /* what was lost of a piece is told to who hears it */
}

static int take_frame(struct keeper *k, struct questions *asked, cJSON *frame, struct hone_err *err)
{
    const char *type = json_str(frame, "type", "");
    struct question **at = find(asked, json_int(frame, "id", 0));
    if (at && strcmp(type, "text") == 0) {
        pass_on(*at, json_str(frame, "text", ""));
    } else if (at && strcmp(type, "answer") == 0) {
        cJSON *answer = cJSON_DetachItemFromObjectCaseSensitive(frame, "answer");
        const char *refused = json_str(frame, "error", NULL);
        int64_t bytes = json_int(frame, "memory_bytes", 0);
        if (!answer && !refused)
            return hone_fail(err, ERR_JOB_FAILED, "hone-worker sent an answer without one");
        if (bytes > 0)
            keeper_set_memory(k, bytes);
        struct hone_err why = { 0 };
        if (refused)
            hone_fail(&why, HONE_EINVAL, "%s", refused);
        keeper_count(k, answer != NULL, refused != NULL, 0);
        question_finish(take_out(asked, at), answer, answer ? NULL : &why);
    }
    return keeper_side_frame(frame, err);
}

int keeper_converse(struct keeper *k, struct questions *batch, struct questions *left, struct hone_err *err)
{
    struct questions asked = { .end = &asked.head };
    int rc = ask(k, batch, &asked, err);
    while (rc >= 0 && asked.n) {
        cJSON *f = NULL;
        rc = next_frame(k, &f, err);
        if (rc > 0)
            rc = take_frame(k, &asked, f, err);
        cJSON_Delete(f);
        if (rc >= 0)
            rc = cancel_gone(k, &asked, err);
        if (rc >= 0)
            rc = ask_more(k, &asked, err);
    }
    *left = asked;
    if (!left->head)
        left->end = &left->head;
    return rc < 0 ? rc : 0;
}
