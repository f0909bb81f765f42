/* What tasks call to speak with the supervisor; see task.h. */
#include "core/worker/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/worker/link.h"

#define BEAT_US 2000000

static enum task_stop asked; /* never falls */

/* Takes a "stop" frame's wish; frees the frame. Returns whether it was one. */
static int take_stop(cJSON *frame)
{
    int is_stop = strcmp(json_str(frame, "type", ""), "stop") == 0;
    if (is_stop && strcmp(json_str(frame, "mode", ""), "cancel") == 0)
        asked = TASK_STOP_CANCEL;
    else if (is_stop && asked == TASK_RUN)
        asked = TASK_STOP_CHECKPOINT;
    cJSON_Delete(frame);
    return is_stop;
}

int task_send(struct task *t, const char *type, cJSON *fields, struct hone_err *err)
{
    (void)t;
    return link_send(type, fields, err);
}

int task_text(struct task *t, const char *key, int64_t number, const char *bytes, int64_t len, struct hone_err *err)
{
    char *text = strndup(bytes, (size_t)len);
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, key, number);
    json_put_str(f, "text", text);
    int whole = text && json_get(f, key) && json_get(f, "text");
    free(text);
    if (whole)
        return task_send(t, "text", f, err);
    cJSON_Delete(f);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for a piece of an answer");
}

int task_ready(struct task *t, cJSON *fields, struct hone_err *err)
{
    int rc = task_send(t, "ready", fields, err);
    while (rc == 0 && asked == TASK_RUN) {
        cJSON *frame = NULL;
        int got = link_read(-1, &frame, err);
        if (got < 0)
            return got;
        if (got > 0 && strcmp(json_str(frame, "type", ""), "go") == 0) {
            cJSON_Delete(frame);
            return 0;
        }
        if (got > 0)
            take_stop(frame);
    }
    return rc ? rc : hone_fail(err, ERR_CANCELLED, "it was stopped before it began");
}

int task_ask(struct task *t, const char *type, cJSON *fields, const char *answer, cJSON **frame, struct hone_err *err)
{
    int rc = task_send(t, type, fields, err);
    while (rc == 0 && asked == TASK_RUN) {
        int got = link_read(-1, frame, err);
        if (got < 0)
            return got;
        if (got > 0 && strcmp(json_str(*frame, "type", ""), answer) == 0)
            return 0;
        if (got > 0)
            take_stop(*frame);
        *frame = NULL;
    }
    return rc ? rc : hone_fail(err, ERR_CANCELLED, "stopped");
}

enum task_stop task_stop_asked(struct task *t)
{
    (void)t;
    for (;;) {
        cJSON *frame = NULL;
        int got = link_read(0, &frame, NULL);
        if (got < 0 && asked == TASK_RUN)
            asked = TASK_STOP_CHECKPOINT;
        if (got <= 0)
            return asked;
        take_stop(frame);
    }
}

void task_beat(struct task *t)
{
    static int64_t count, last_us;
    int64_t now = clock_mono_us();
    count++;
    if (last_us != 0 && now - last_us < BEAT_US)
        return;
    last_us = now;
    cJSON *fields = cJSON_CreateObject();
    if (!fields)
        return;
    json_put_int(fields, "count", count);
    (void)task_send(t, "beat", fields, NULL);
}

int64_t task_resident(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %lld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}
