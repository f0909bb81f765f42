/* The task "serve": keeps an agent's weights in memory and answers batch after batch until it is told to end or its supervisor is gone;
 * where the agent writes, serve_writing.c answers. It neither knows which texts belong together nor keeps any of them. What travels is
 * described in docs/architecture.md. */
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/guard.h"
#include "core/worker/answerer.h"
#include "core/worker/link.h"
#include "core/worker/serve_writing.h"

struct serving {
    struct task *task;
    struct answerer *agent;
    struct hone_string text[ANSWERER_BLOCK];
    struct answer_wish wish[ANSWERER_BLOCK];
    int64_t n;
    int rows;            /* somebody wants alternatives */
    struct buf out;
};

static int tell_ready(struct serving *s, struct hone_err *err)
{
    cJSON *f = cJSON_CreateObject(), *info = predictor_info(s->agent->p);
    json_put_str(f, "model", json_str(info, "model", ""));
    json_put_int(f, "outputs", predictor_outputs(s->agent->p));
    json_put_int(f, "parameters", json_int(info, "parameters", 0));
    json_put_int(f, "memory_bytes", task_resident());
    json_put_bool(f, "writes", predictor_writes(s->agent->p));
    cJSON_Delete(info);
    return task_send(s->task, "ready", f, err);
}

/* The texts of a frame; they stay the frame's. */
static int take_questions(struct serving *s, const cJSON *frame, struct hone_err *err)
{
    const cJSON *q;
    s->n = s->rows = 0;
    cJSON_ArrayForEach(q, json_get(frame, "questions")) {
        if (s->n == ANSWERER_BLOCK)
            return hone_fail(err, HONE_EINVAL, "a frame has more than %d questions", ANSWERER_BLOCK);
        struct answer_wish *w = &s->wish[s->n];
        if (answer_wish_read(q, w, &s->text[s->n], err) < 0)
            return err_prefix(err, "question %lld of a frame", (long long)s->n + 1);
        s->rows |= w->top > 0 || w->rule != ANSWER_BEST;
        s->n++;
    }
    return 0;
}

/* The answers of a batch, in the order of its questions. What plugins changed in the process ends the task: the answers after
 * that would not be those of the same weights elsewhere. */
static int answer(struct serving *s, const cJSON *frame, struct hone_err *err)
{
    struct guard g;
    guard_enter(&g);
    int rc = take_questions(s, frame, err);
    if (rc == 0)
        rc = answerer_run(s->agent, s->text, s->n, s->rows, err);
    struct hone_err changed = { 0 };
    if (guard_leave(&g, "a plugin of this agent", &changed) != 0 && rc == 0) {
        *err = changed;
        rc = changed.code;
    }
    if (rc < 0)
        return rc;
    buf_clear(&s->out);
    for (int64_t i = 0; i < s->n; i++) {
        buf_putc(&s->out, i ? ',' : '[');
        answerer_put(s->agent, &s->out, i, &s->wish[i]);
    }
    buf_puts(&s->out, s->n ? "]" : "[]");
    const char *text = buf_str(&s->out);
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "memory_bytes", task_resident());
    json_put(f, "answers", text ? cJSON_CreateRaw(text) : NULL);
    if (!json_get(f, "answers")) {
        cJSON_Delete(f);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)s->n);
    }
    return task_send(s->task, "answers", f, err);
}

/* Until the end is asked for. */
static int serve(struct serving *s, struct hone_err *err)
{
    for (;;) {
        cJSON *frame = NULL;
        struct hone_err gone;
        int rc = link_read(-1, &frame, &gone);
        const char *type = json_str(frame, "type", "");
        if (rc == HONE_EIO || strcmp(type, "stop") == 0) {
            cJSON_Delete(frame);
            return 0;
        }
        if (rc < 0)
            *err = gone;
        else if (strcmp(type, "ask") == 0)
            rc = answer(s, frame, err);
        cJSON_Delete(frame);
        if (rc < 0)
            return rc;
    }
}

int task_serve(struct task *t, struct hone_err *err)
{
    struct serving *s = calloc(1, sizeof *s);
    if (!s)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    s->task = t;
    t->stage = "weights";
    int rc = (s->agent = answerer_open(t, json_str(t->start, "weights", ""), json_bool(t->start, "map", 0), err)) ? 0 : err->code;
    if (rc == 0)
        rc = tell_ready(s, err);
    t->stage = rc == 0 ? "answers" : t->stage;
    if (rc == 0)
        rc = predictor_writes(s->agent->p) ? serve_writing(t, s->agent, err) : serve(s, err);
    answerer_close(s->agent);
    buf_free(&s->out);
    free(s);
    return rc;
}
