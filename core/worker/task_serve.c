/* The task "serve": keeps an agent's weights in memory and answers batch after batch until it is told to end or its supervisor is gone.
 * It neither knows which texts belong together nor keeps any of them. What travels is described in docs/architecture.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/host/guard.h"
#include "core/worker/answerer.h"
#include "core/worker/link.h"

struct serving {
    struct task *task;
    struct answerer *agent;
    struct hone_string text[ANSWERER_BLOCK];
    struct answer_wish wish[ANSWERER_BLOCK];
    int64_t n;
    int rows;            /* somebody wants alternatives */
    struct buf out;
};

/* What of this process is in memory, in bytes; 0 where the system does not tell. */
static int64_t resident(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %lld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int tell_ready(struct serving *s, struct hone_err *err)
{
    cJSON *f = cJSON_CreateObject(), *info = predictor_info(s->agent->p);
    json_put_str(f, "model", json_str(info, "model", ""));
    json_put_int(f, "outputs", predictor_outputs(s->agent->p));
    json_put_int(f, "parameters", json_int(info, "parameters", 0));
    json_put_int(f, "memory_bytes", resident());
    cJSON_Delete(info);
    return task_send(s->task, "ready", f, err);
}

static void on_token(void *task)
{
    task_beat(task);
}

/* The texts of a frame; they stay the frame's. */
static int take_questions(struct serving *s, const cJSON *frame, struct hone_err *err)
{
    const cJSON *q;
    s->n = s->rows = 0;
    cJSON_ArrayForEach(q, json_get(frame, "questions")) {
        const char *text = json_str(q, "text", NULL);
        struct answer_wish *w = &s->wish[s->n];
        int rule = answer_rule_of(json_str(q, "rule", NULL));
        *w = (struct answer_wish){ .top = json_int(q, "top", 0), .threshold = json_num(q, "threshold", -1), .complete = 1,
                                   .setting = json_num(q, "setting", 0), .seed = (uint64_t)json_int(q, "seed", 0), .draw = (uint64_t)json_int(q, "draw", 0) };
        if (rule < 0)
            return hone_fail(err, HONE_EINVAL, "rule is '%.40s'; expected epsilon_greedy, softmax or squarecb", json_str(q, "rule", ""));
        w->rule = (enum answer_rule)rule;
        if (!text || s->n == ANSWERER_BLOCK || w->top < 0 || w->top > ANSWERER_MAX_TOP)
            return hone_fail(err, HONE_EINVAL, "question %lld of a frame is none: expected at most %d with text and top (0 to %d)",
                             (long long)s->n + 1, ANSWERER_BLOCK, ANSWERER_MAX_TOP);
        s->rows |= w->top > 0 || w->rule != ANSWER_BEST;
        if (s->agent->write && write_wish_read(json_get(q, "generation"), &s->agent->write[s->n], err) < 0)
            return err->code;
        s->text[s->n++] = (struct hone_string){ text, (int64_t)strlen(text) };
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
    json_put_int(f, "memory_bytes", resident());
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
    int rc = (s->agent = answerer_open(t, json_str(t->start, "weights", ""), err)) ? 0 : err->code;
    const struct write_sink sink = { .arg = t, .beat = on_token, .lenient = 1 };
    if (rc == 0)
        s->agent->sink = &sink;
    if (rc == 0)
        rc = tell_ready(s, err);
    t->stage = rc == 0 ? "answers" : t->stage;
    if (rc == 0)
        rc = serve(s, err);
    answerer_close(s->agent);
    buf_free(&s->out);
    free(s);
    return rc;
}
