/* See serve_writing.h. */
#include "core/worker/serve_writing.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/guard.h"
#include "core/worker/link.h"

/* A question on its way. */
struct asked {
    struct asked *next;
    int64_t id;                  /* the supervisor's number of it */
    cJSON *question;
    struct hone_string text;
    struct answer_wish wish;
    struct write_wish write;
    struct written out;
    int streams;                 /* its answer is told piece by piece */
};

struct desk {
    struct task *task;
    struct answerer *agent;
    struct writer *writer;
    struct asked *slot[WRITER_TOGETHER]; /* what is being written; the writer's numbers */
    struct asked *waiting, **end;
    struct asked *done;          /* written, and not told yet */
    struct guard guard;
    int stops;                   /* "stop" came, or the supervisor is gone */
};

static void asked_free(struct asked *q)
{
    if (!q)
        return;
    written_free(&q->out);
    cJSON_Delete(q->question);
    free(q);
}

/* ---- what comes ---- */

/* Says that a question is not answered, and why. */
static int refuse(struct desk *d, int64_t id, const char *why, struct hone_err *err)
{
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "id", id);
    json_put_str(f, "error", why);
    if (json_get(f, "error"))
        return task_send(d->task, "answer", f, err);
    cJSON_Delete(f);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for an answer");
}

/* Takes the question. */
static int take_question(struct desk *d, cJSON *question, struct hone_err *err)
{
    struct hone_err why = { 0 };
    struct asked *q = calloc(1, sizeof *q);
    if (!q) {
        cJSON_Delete(question);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a question");
    }
    q->question = question;
    q->id = json_int(question, "id", -1);
    q->write = *predictor_wish(d->agent->p);
    q->streams = json_bool(question, "stream", 0);
    int rc = answer_wish_read(question, &q->wish, &q->text, &why);
    if (rc >= 0 && q->wish.rule != ANSWER_BEST)
        rc = hone_fail(&why, HONE_EINVAL, "explore: this agent writes its answers; give generation.temperature in its place");
    if (rc >= 0)
        rc = write_wish_read(json_get(question, "generation"), &q->write, &why);
    if (rc < 0) {
        rc = refuse(d, q->id, why.text, err);
        asked_free(q);
        return rc;
    }
    *d->end = q;
    d->end = &q->next;
    return 0;
}

static int take_questions(struct desk *d, cJSON *frame, struct hone_err *err)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(frame, "questions"), *q;
    int rc = 0;
    while (rc >= 0 && (q = list ? list->child : NULL))
        rc = take_question(d, cJSON_DetachItemViaPointer(list, q), err);
    return rc;
}

/* Whoever asked is gone: nothing more is told of it. */
static void cancel(struct desk *d, int64_t id)
{
    for (struct asked **at = &d->waiting, *q; (q = *at); at = &q->next) {
        if (q->id != id)
            continue;
        if (!(*at = q->next))
            d->end = at;
        asked_free(q);
        return;
    }
    for (int i = 0; i < WRITER_TOGETHER; i++) {
        if (!d->slot[i] || d->slot[i]->id != id)
            continue;
        writer_drop(d->writer, i);
        asked_free(d->slot[i]);
        d->slot[i] = NULL;
    }
}

/* All frames that are there; waits for one where nothing is to be written. */
static int listen(struct desk *d, struct hone_err *err)
{
    for (;;) {
        cJSON *frame = NULL;
        struct hone_err gone;
        int busy = d->waiting || writer_busy(d->writer) > 0, rc = link_read(busy ? 0 : -1, &frame, &gone);
        const char *type = json_str(frame, "type", "");
        d->stops |= rc == HONE_EIO || strcmp(type, "stop") == 0;
        if (rc < 0 && !d->stops)
            *err = gone;
        else if (strcmp(type, "ask") == 0)
            rc = take_questions(d, frame, err) < 0 ? err->code : rc;
        else if (strcmp(type, "cancel") == 0)
            cancel(d, json_int(frame, "id", -1));
        cJSON_Delete(frame);
        if (rc <= 0 || d->stops)
            return d->stops || rc == 0 ? 0 : rc;
    }
}

/* ---- what goes ---- */

static int on_text(void *arg, int64_t i, const char *bytes, int64_t len, struct hone_err *err)
{
    struct desk *d = arg;
    return d->slot[i]->streams ? task_text(d->task, "id", d->slot[i]->id, bytes, len, err) : 0;
}

static void on_done(void *arg, int64_t i)
{
    struct desk *d = arg;
    d->slot[i]->next = d->done;
    d->done = d->slot[i];
    d->slot[i] = NULL;
}

static void on_token(void *arg)
{
    task_beat(((struct desk *)arg)->task);
}

static int tell(struct desk *d, const struct asked *q, struct hone_err *err)
{
    struct buf b = { 0 };
    answerer_put_written(d->agent, &b, &q->out, &q->wish);
    const char *text = buf_str(&b);
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "id", q->id);
    json_put_int(f, "memory_bytes", task_resident());
    json_put(f, "answer", text ? cJSON_CreateRaw(text) : NULL);
    buf_free(&b);
    if (json_get(f, "answer"))
        return task_send(d->task, "answer", f, err);
    cJSON_Delete(f);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for an answer");
}

/* What is done, after a look at whether plugins changed the process: answers after that would not be those of the same weights elsewhere. */
static int tell_done(struct desk *d, struct hone_err *err)
{
    int rc = d->done ? guard_leave(&d->guard, "a plugin of this agent", err) : 0;
    if (d->done)
        guard_enter(&d->guard);
    while (d->done && rc >= 0) {
        struct asked *q = d->done;
        rc = tell(d, q, err);
        d->done = q->next;
        asked_free(q);
    }
    return rc;
}

/* ---- writing ---- */

/* Begins the question that waits longest, by itself, so that its first token is what it would be alone. */
static int begin(struct desk *d, struct hone_err *err)
{
    struct asked *q = d->waiting;
    int64_t i = 0;
    while (d->slot[i])
        i++;
    if (!(d->waiting = q->next))
        d->end = &d->waiting;
    d->slot[i] = q;
    const struct write_order order = { q->text, &q->write, &q->out };
    return writer_begin(d->writer, &order, i, 1, err);
}

static int write_on(struct desk *d, struct hone_err *err)
{
    int rc = 0;
    while (rc >= 0) {
        rc = listen(d, err);
        if (rc < 0 || d->stops)
            break;
        if (d->waiting && writer_busy(d->writer) < WRITER_TOGETHER)
            rc = begin(d, err);
        if (rc >= 0)
            rc = writer_step(d->writer, err);
        if (rc >= 0)
            rc = tell_done(d, err);
    }
    return rc;
}

int serve_writing(struct task *t, struct answerer *agent, struct hone_err *err)
{
    struct desk d = { .task = t, .agent = agent, .end = &d.waiting };
    struct hone_err ignored;
    const struct write_sink sink = { .arg = &d, .text = on_text, .done = on_done, .beat = on_token, .lenient = 1 };
    if (!(d.writer = predictor_writer(agent->p, &sink, err)))
        return err->code;
    guard_enter(&d.guard);
    int rc = write_on(&d, err);
    if (guard_leave(&d.guard, "a plugin of this agent", rc < 0 ? &ignored : err) < 0 && rc >= 0)
        rc = err->code;
    writer_close(d.writer);
    for (int i = 0; i < WRITER_TOGETHER; i++)
        asked_free(d.slot[i]);
    for (struct asked *q; (q = d.waiting);) {
        d.waiting = q->next;
        asked_free(q);
    }
    for (struct asked *q; (q = d.done);) {
        d.done = q->next;
        asked_free(q);
    }
    return rc;
}
