/* Driving a run of a pipeline: which steps are due, what stops them, how the run ends. See pipe.h; a single step is pipe_step.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "core/api/pipe.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"

#define LOOK_US 500000      /* the books are asked so often whether the run was cancelled */
#define WAIT_MS 200         /* jobs of a daemon are looked at so often */

/* ---- what whoever drives a run needs ---- */

int pipe_lock(const struct api *a, const char *id, struct hone_err *err)
{
    char *dir = state_path(a, "runs"), *path = NULL;
    int rc = dir ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out"), fd = -1;
    if (rc == 0 && asprintf(&path, "%s/%s.lock", dir, id) < 0) {
        path = NULL;
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    if (rc == 0 && (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
        rc = err_errno(err, "open", path);
    if (rc == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
        rc = errno == EWOULDBLOCK ? hone_fail(err, ERR_CONFLICT, "run %s is driven by another process", id) : err_errno(err, "lock", path);
    if (rc < 0 && fd >= 0)
        close(fd);
    free(path);
    free(dir);
    return rc < 0 ? rc : fd;
}

static void forward(void *arg, const char *type, const cJSON *fields)
{
    struct pipe_run *r = arg;
    if (!r->hooks || !r->hooks->event)
        return;
    pthread_mutex_lock(&r->look); /* workers of a sweep tell at once */
    r->hooks->event(r->hooks->arg, type, fields);
    pthread_mutex_unlock(&r->look);
}

static enum api_wish inner_wish(void *arg)
{
    return pipe_wish(arg);
}

int pipe_open(struct pipe_run *r, const struct api *like, const char *id, const struct api_hooks *hooks, struct hone_err *err)
{
    *r = (struct pipe_run){ .a = *like, .hooks = hooks, .lock = -1, .workers = 1 };
    r->a.details = NULL;
    pthread_mutex_init(&r->look, NULL);
    struct store *s = books_open(&r->a, err);
    int rc = s ? run_get(s, id, &r->row, err) : err->code;
    if (rc >= 0)
        rc = step_list(s, id, &r->steps, err);
    books_close(&r->a, s);
    cJSON *def = rc >= 0 ? stored_json(r->row.definition) : NULL;
    if (rc >= 0 && strcmp(r->row.kind, "pipeline") == 0)
        rc = pipe_plan_make(&r->plan, def, NULL, NULL, NULL, err);
    else
        r->plan.def = def;
    if (rc >= 0)
        rc = r->lock = pipe_lock(&r->a, id, err);
    r->inner = (struct api_hooks){ .arg = r, .event = forward, .wish = inner_wish };
    r->call = (struct api_call){ .tenant = r->row.tenant, .token_id = r->row.token_id, .trace_id = r->row.trace_id, .scope = API_TRAIN, .local = (int)r->row.local, .hooks = &r->inner };
    r->a.call = &r->call;
    r->begun_us = clock_mono_us();
    if (rc < 0)
        pipe_close(r);
    return rc < 0 ? rc : 0;
}

void pipe_close(struct pipe_run *r)
{
    if (r->lock >= 0)
        close(r->lock);
    pipe_plan_free(&r->plan);
    step_list_free(&r->steps);
    run_free(&r->row);
    api_clear(&r->a);
    pthread_mutex_destroy(&r->look);
    r->lock = -1;
}

enum api_wish pipe_wish(struct pipe_run *r)
{
    struct hone_err ignored;
    enum api_wish wish = r->hooks && r->hooks->wish ? r->hooks->wish(r->hooks->arg) : API_GO;
    pthread_mutex_lock(&r->look);
    if (!r->cancelled && clock_mono_us() - r->looked_us > LOOK_US) {
        struct store *s = books_open(&r->a, &ignored);
        r->cancelled = s && run_cancelled(s, r->row.id, &ignored) == 1;
        books_close(&r->a, s);
        r->looked_us = clock_mono_us();
    }
    int cancelled = r->cancelled;
    pthread_mutex_unlock(&r->look);
    return wish != API_GO ? wish : cancelled ? API_CANCEL : API_GO;
}

cJSON *pipe_call(struct pipe_run *r, const char *function, cJSON *in, const struct api_call *more, struct hone_err *err)
{
    struct api_call call = more ? *more : r->call;
    struct api_answer answer;
    call.function = function;
    call.in = in;
    int rc = api_call_function(&r->a, &call, &answer, err);
    cJSON *data = rc < 0 ? NULL : answer.data;
    if (rc >= 0 && !data && answer.text)
        data = json_parse(answer.text->bytes, answer.text->n, function, err);
    if (rc >= 0)
        answer.data = NULL;
    api_answer_free(&answer);
    cJSON_Delete(in);
    return data;
}

void pipe_wait(struct pipe_run *r)
{
    struct timespec end;
    struct daemon *d = r->a.daemon;
    if (!d) {
        nanosleep(&(struct timespec){ .tv_nsec = WAIT_MS * 1000000L }, NULL);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += WAIT_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&d->queue);
    if (!daemon_stopping(d))
        pthread_cond_timedwait(&d->wake, &d->queue, &end);
    pthread_mutex_unlock(&d->queue);
}

/* ---- rows ---- */

void pipe_tell(struct pipe_run *r, const struct step_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "pipeline_run_id", r->row.id);
    json_put_str(o, "step", row->name);
    json_put_int(o, "part", row->part);
    json_put_int(o, "seq", row->seq);
    json_put_str(o, "status", step_status_name((enum step_status)row->status));
    json_put_str(o, "same_as", row->same_as);
    json_put_str(o, "reason", row->reason);
    json_put_str(o, "job_id", row->job_id);
    json_put_int(o, "duration_ms", row->completed_at ? row->completed_at - row->started_at : 0);
    forward(r, "step", o);
    cJSON_Delete(o);
}

int pipe_note(struct pipe_run *r, struct step_row *row, struct hone_err *err)
{
    struct store *s = books_open(&r->a, err);
    int rc = s ? step_put(s, row, err) : err->code;
    books_close(&r->a, s);
    if (rc >= 0)
        pipe_tell(r, row);
    return rc < 0 ? rc : 0;
}

static int end_unrun(struct pipe_run *r, struct step_row *row, const char *why, struct hone_err *err)
{
    free(row->reason);
    row->reason = strdup(why);
    row->status = STEP_STOPPED;
    row->completed_at = row->started_at = clock_wall_ms();
    return row->reason ? pipe_note(r, row, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* ---- which steps are due ---- */

/* 1 when all that a step needs is done, 0 not yet, -1 when it never will be: `why` says so. */
static int due(const struct pipe_run *r, const struct pipe_step *s, char why[128])
{
    int done = 1;
    for (int k = 0; k < s->n_needs; k++) {
        const struct pipe_step *n = &r->plan.step[s->need[k]];
        for (int p = 0; p < n->n_parts; p++) {
            int64_t status = r->steps.v[n->first + p].status;
            if (status == STEP_FAILED || status == STEP_STOPPED) {
                snprintf(why, 128, "step '%.63s', which it needs, %s", n->name, status == STEP_FAILED ? "failed"
                         : strcmp(n->kind->name, "gate") == 0 ? "did not let it through" : "was not run");
                return -1;
            }
            done = done && (status == STEP_COMPLETED || status == STEP_SKIPPED);
        }
    }
    return done;
}

/* Everything of a step that is due. Counts what ended and what goes on. */
static int advance(struct pipe_run *r, int i, int *ended, int *going, struct hone_err *err)
{
    struct pipe_step *s = &r->plan.step[i];
    char why[128];
    int rc = 0, ready = due(r, s, why);
    for (int p = 0; p < s->n_parts && rc >= 0; p++) {
        struct step_row *row = &r->steps.v[s->first + p];
        if ((row->status != STEP_PENDING && row->status != STEP_RUNNING) || ready == 0)
            continue;
        if (ready < 0) {
            rc = end_unrun(r, row, why, err);
            *ended += rc >= 0;
            continue;
        }
        if (pipe_wish(r) != API_GO)
            return hone_fail(err, ERR_INTERRUPTED, "run %s was asked to stop", r->row.id);
        rc = pipe_step_run(r, i, row, err);
        *ended += rc == 1;
        *going += rc == 0;
    }
    return rc;
}

static int all_ended(const struct pipe_run *r)
{
    for (size_t i = 0; i < r->steps.n; i++) {
        if (r->steps.v[i].status == STEP_PENDING || r->steps.v[i].status == STEP_RUNNING)
            return 0;
    }
    return 1;
}

/* ---- the end ---- */

static cJSON *summary(const struct pipe_run *r)
{
    int count[STEP_STATUSES] = { 0 }, same = 0;
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < r->steps.n; i++) {
        count[r->steps.v[i].status]++;
        same += r->steps.v[i].same_as != NULL;
    }
    for (int i = STEP_COMPLETED; i < STEP_STATUSES; i++)
        json_put_int(o, step_status_name((enum step_status)i), count[i]);
    json_put_int(o, "unchanged", same);
    return o;
}

int pipe_finish(struct pipe_run *r, enum run_status status, cJSON *result, const struct hone_err *why, struct hone_err *err)
{
    char *text = result ? json_text(result, 0) : NULL;
    const struct run_row end = { .result = text, .error_code = why ? (char *)(intptr_t)err_api_code(why->code) : NULL,
                                 .error_text = why ? (char *)(intptr_t)why->text : NULL };
    struct store *s = books_open(&r->a, err);
    int rc = s ? run_move(s, r->row.id, status, &end, (clock_mono_us() - r->begun_us) / 1000, err) : err->code;
    books_close(&r->a, s);
    cJSON_Delete(result);
    free(text);
    return rc;
}

/* Ends jobs in the daemon's queue that a cancelled run has begun. */
static void cancel_jobs(struct pipe_run *r)
{
    struct hone_err ignored;
    for (size_t i = 0; i < r->steps.n; i++) {
        const struct step_row *row = &r->steps.v[i];
        if (row->status != STEP_RUNNING || !row->job_id)
            continue;
        cJSON *in = cJSON_CreateObject();
        json_put_str(in, "job_id", row->job_id);
        cJSON_Delete(pipe_call(r, "cancelTrainingJob", in, NULL, &ignored));
    }
}

int pipe_rest(struct pipe_run *r, struct hone_err *err)
{
    struct hone_err why = { 0 };
    if (r->cancelled) {
        cancel_jobs(r);
        int rc = pipe_finish(r, RUN_CANCELLED, NULL, NULL, err);
        return rc < 0 ? rc : hone_fail(err, ERR_CANCELLED, "run %s was cancelled", r->row.id);
    }
    if (!r->a.daemon && pipe_finish(r, RUN_PAUSED, NULL, NULL, &why) < 0) {
        *err = why;
        return err->code;
    }
    return hone_fail(err, ERR_INTERRUPTED, "run %s is paused; `hone pipeline resume %s` goes on with it", r->row.id, r->row.id);
}

static int conclude(struct pipe_run *r, struct hone_err *err)
{
    struct hone_err why = { 0 };
    for (size_t i = 0; i < r->steps.n && !why.code; i++) {
        const struct step_row *row = &r->steps.v[i];
        if (row->status == STEP_FAILED)
            hone_fail(&why, ERR_JOB_FAILED, "step '%.63s' failed: %s", row->name, row->reason ? row->reason : "");
    }
    int rc = pipe_finish(r, why.code ? RUN_FAILED : RUN_COMPLETED, summary(r), why.code ? &why : NULL, err);
    if (rc >= 0 && why.code)
        *err = why;
    return rc < 0 ? rc : why.code;
}

int pipe_drive(struct pipe_run *r, struct hone_err *err)
{
    while (!all_ended(r)) {
        int ended = 0, going = 0, rc = 0;
        for (int i = 0; i < r->plan.n && rc >= 0; i++)
            rc = advance(r, i, &ended, &going, err);
        if (rc == ERR_INTERRUPTED || (rc < 0 && r->cancelled))
            return pipe_rest(r, err);
        if (rc < 0)
            return rc;
        if (!ended && going)
            pipe_wait(r);
    }
    return conclude(r, err);
}
