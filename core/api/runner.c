/* A training under way: frames of the worker into the books, wishes of people to the worker, and the end of it. The books are
 * opened about once a second and at events that must not be lost. Called by train.c and resume.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"
#include "core/base/clock.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/lock.h"
#include "core/store/checkpoint.h"
#include "core/store/event.h"
#include "core/store/history.h"
#include "core/store/outbox.h"
#include "core/store/version.h"

#define WRITE_US 1000000
#define TICK_MS 100
#define AGAIN_MS 500 /* between tries to write an end down */
#define FULL_WAITS 10 /* a job waits so many times retry_ms for space on the disk */

int runner_start(struct runner *r, const cJSON *start, struct hone_err *err)
{
    const struct daemon_options none = { 0 }, *o = r->a->daemon ? &r->a->daemon->o : &none;
    r->w = worker_start(&(struct worker_opts){ .lock_fd = r->lock > 0 ? r->lock : 0, .memory_mb = o->memory_mb, .silence_ms = o->silence_ms }, err);
    int rc = r->w ? worker_send(r->w, start, err) : err->code;
    return r->w && rc == HONE_EIO ? 0 : rc; /* it is gone: runner_ready() hears what it said before, and why */
}

static enum api_wish wish(const struct runner *r)
{
    return r->hooks && r->hooks->wish ? r->hooks->wish(r->hooks->arg) : API_GO;
}

static void tell(const struct runner *r, const char *type, const cJSON *fields)
{
    if (r->hooks && r->hooks->event)
        r->hooks->event(r->hooks->arg, type, fields);
}

cJSON *runner_ready(struct runner *r, struct hone_err *err)
{
    int rc = 0;
    while (rc >= 0) {
        cJSON *frame = NULL;
        if (wish(r) != API_GO) {
            hone_fail(err, ERR_INTERRUPTED, "interrupted before training began; nothing was stored");
            return NULL;
        }
        rc = worker_next(r->w, TICK_MS, &frame, err);
        const char *type = json_str(frame, "type", "");
        if (strcmp(type, "ready") == 0)
            return frame;
        if (strcmp(type, "error") == 0)
            rc = take_error(r->a, frame, err);
        else if (strcmp(type, "result") == 0)
            rc = hone_fail(err, ERR_JOB_FAILED, "the worker ended before it was ready");
        else if (frame)
            tell(r, type, frame);
        cJSON_Delete(frame);
    }
    return NULL;
}

static void set_text(char **slot, char *text)
{
    free(*slot);
    *slot = text;
}

int ready_columns(struct job_row *row, const cJSON *ready, struct hone_err *err)
{
    const cJSON *model = json_get(ready, "model"), *progress = json_get(ready, "progress");
    const char *name = json_str(model, "name", NULL), *reason = json_str(model, "reason", NULL);
    set_text(&row->config, json_text(json_get(ready, "config"), 0));
    set_text(&row->model, json_copy(name));
    set_text(&row->model_reason, json_copy(reason));
    set_text(&row->plugins, json_text(json_get(ready, "plugins"), 0));
    set_text(&row->data_counts, json_text(json_get(ready, "data"), 0));
    set_text(&row->estimates, json_text(json_get(ready, "estimates"), 0));
    row->progress.total_epochs = json_int(progress, "total_epochs", 0);
    row->progress.total_steps = json_int(progress, "total_steps", 0);
    int all = row->config && row->plugins && row->data_counts && row->estimates && !name == !row->model && !reason == !row->model_reason;
    return all ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* ---- into the books ---- */

static int write_epochs(struct runner *r, struct store *s, struct hone_err *err)
{
    const cJSON *e;
    int rc = 0;
    cJSON_ArrayForEach(e, r->epochs) {
        char *text = json_text(e, 0);
        if (rc >= 0)
            rc = text ? history_put(s, r->job_id, json_int(e, "epoch", 0), json_int(e, "step", 0), text, err)
                      : hone_fail(err, HONE_ENOMEM, "memory ran out");
        if (rc >= 0)
            rc = event_add(s, r->job_id, *r->tenant ? r->tenant : NULL, "epoch", text, err);
        if (rc >= 0)
            rc = outbox_news(s, r->tenant, "training.progress", r->job_id, r->agent_id, "metrics", e, err);
        free(text);
    }
    return rc;
}

static int write_checkpoint(struct runner *r, struct store *s, const cJSON *c, struct hone_err *err)
{
    const char *removed = json_str(c, "removed", NULL);
    char *metrics = json_copy(r->metrics);
    struct checkpoint_row row = { .job_id = r->job_id, .file = (char *)(intptr_t)json_str(c, "file", ""), .bytes = json_int(c, "bytes", 0),
                                  .sha256 = (char *)(intptr_t)json_str(c, "sha256", ""), .epoch = json_int(c, "epoch", 0),
                                  .step = json_int(c, "step", 0), .kind = (char *)(intptr_t)json_str(c, "kind", "interval"),
                                  .metrics = metrics };
    int rc = checkpoint_put(s, &row, err);
    if (rc >= 0 && removed && strcmp(removed, row.file) != 0)
        rc = checkpoint_forget(s, r->job_id, removed, err);
    cJSON *event = cJSON_CreateObject();
    json_put_str(event, "id", row.id);
    json_put_int(event, "epoch", row.epoch);
    json_put_int(event, "step", row.step);
    json_put_str(event, "kind", row.kind);
    char *text = json_text(event, 0);
    if (rc >= 0)
        rc = text ? event_add(s, r->job_id, *r->tenant ? r->tenant : NULL, "checkpoint", text, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = outbox_news(s, r->tenant, "training.checkpoint", r->job_id, r->agent_id, "checkpoint", event, err);
    free(text);
    cJSON_Delete(event);
    free(row.id);
    free(metrics);
    return rc;
}

static int write_pending(struct runner *r, struct store *s, struct hone_err *err)
{
    const cJSON *c;
    int rc = job_fence(s, r->job_id, r->fence, err);
    if (rc >= 0 && r->rolled >= 0)
        rc = history_truncate(s, r->job_id, r->rolled, err);
    if (rc >= 0)
        rc = write_epochs(r, s, err);
    cJSON_ArrayForEach(c, r->checkpoints) {
        if (rc >= 0)
            rc = write_checkpoint(r, s, c, err);
    }
    return rc >= 0 ? job_set_progress(s, r->job_id, &r->progress, r->metrics, r->best, err) : rc;
}

/* The files of checkpoints that the books no longer name; a worker is believed no other name. */
static void remove_replaced(const struct runner *r)
{
    const cJSON *c;
    char *dir = job_dir(r->a->state_dir, r->job_id);
    cJSON_ArrayForEach(c, r->checkpoints) {
        const char *name = json_str(c, "removed", "");
        char *path = dir && strncmp(name, "checkpoint-", 11) == 0 && !strchr(name, '/') ? path_join(dir, name) : NULL;
        if (path && strcmp(name, json_str(c, "file", "")) != 0)
            unlink(path);
        crash_at(path ? CRASH_checkpoint_removed : CRASH_NONE);
        free(path);
    }
    free(dir);
}

static void empty(cJSON **list)
{
    cJSON_Delete(*list);
    *list = cJSON_CreateArray();
}

/* Writes what is pending and reads what others ask for. What cannot be written stays pending. */
static void visit_books(struct runner *r)
{
    struct hone_err err;
    __atomic_store_n(&r->hurry, 0, __ATOMIC_RELEASE);
    struct store *s = books_open(r->a, &err);
    int asked = 0, rc = s ? store_begin(s, &err) : err.code;
    if (rc >= 0)
        rc = write_pending(r, s, &err);
    if (rc >= 0)
        rc = asked = job_stop_requested(s, r->job_id, &err);
    int has_checkpoint = rc >= 0 && cJSON_GetArraySize(r->checkpoints) > 0;
    crash_at(has_checkpoint ? CRASH_checkpoint_before_commit : CRASH_NONE);
    if (rc >= 0)
        rc = store_commit(s, &err);
    crash_at(has_checkpoint ? CRASH_checkpoint_committed : CRASH_NONE);
    books_close(r->a, s);
    r->wrote_us = clock_mono_us();
    if (rc >= 0) {
        remove_replaced(r);
        empty(&r->epochs);
        empty(&r->checkpoints);
        r->rolled = -1;
    } else if (!r->warned++) {
        log_line(LOG_WARN, "progress cannot be recorded at present: %s", err.text);
    }
    if (asked == JOB_STOP_CANCEL && r->asked < 2) {
        r->asked = 2;
        worker_signal(r->w, "stop", "cancel", NULL);
    } else if (asked == JOB_STOP_PAUSE && r->asked < 1) {
        r->asked = 1;
        worker_signal(r->w, "stop", "checkpoint", NULL);
    }
}

/* ---- frames ---- */

static void note_progress(struct runner *r, const cJSON *f)
{
    struct job_progress *p = &r->progress;
    p->epoch = json_int(f, "epoch", p->epoch);
    p->step = json_int(f, "step", p->step);
    p->total_steps = json_int(f, "total_steps", p->total_steps);
    p->token_usage = json_int(f, "token_usage", p->token_usage);
    p->loss = json_num(f, "loss", p->loss);
    p->learning_rate = json_num(f, "learning_rate", p->learning_rate);
    p->gradient_norm = json_num(f, "gradient_norm", p->gradient_norm);
    p->examples_per_second = json_num(f, "examples_per_second", p->examples_per_second);
    p->memory_mb = json_num(f, "memory_usage_mb", p->memory_mb);
}

static void note_epoch(struct runner *r, const cJSON *f)
{
    cJSON *row = cJSON_Duplicate(f, 1);
    note_progress(r, f);
    cJSON_DeleteItemFromObjectCaseSensitive(row, "type");
    char *text = json_text(row, 0);
    if (json_bool(f, "best", 0)) {
        cJSON *best = cJSON_CreateObject();
        json_put_int(best, "epoch", json_int(f, "epoch", 0));
        json_put(best, "metrics", cJSON_Duplicate(row, 1));
        set_text(&r->best, json_text(best, 0));
        cJSON_Delete(best);
    }
    if (text)
        set_text(&r->metrics, text);
    cJSON_AddItemToArray(r->epochs, row);
}

/* Epochs above the step are void: those that wait to be written, and those that were. */
static void note_rollback(struct runner *r, const cJSON *f)
{
    r->rolled = json_int(f, "step", 0);
    for (cJSON *e = r->epochs->child, *next; e; e = next) {
        next = e->next;
        if (json_int(e, "step", 0) > r->rolled)
            cJSON_Delete(cJSON_DetachItemViaPointer(r->epochs, e));
    }
}

/* ---- the end ---- */

static int add_version(struct runner *r, struct store *s, const cJSON *weights, const char *file, struct hone_err *err)
{
    struct version_row v = { .agent_id = r->agent_id, .job_id = r->job_id, .weights_file = (char *)(intptr_t)file,
                             .weights_sha256 = (char *)(intptr_t)json_str(weights, "sha256", ""),
                             .weights_bytes = json_int(weights, "bytes", 0) };
    int rc = version_insert(s, &v, err), withheld = rc < 0 ? rc : job_withheld(s, r->job_id, err);
    rc = withheld < 0 ? withheld : rc;
    if (rc >= 0 && !withheld)
        rc = agent_activate(s, r->agent_id, v.id, "trained", err);
    free(v.id);
    return rc;
}

static int write_result(struct runner *r, struct store *s, const cJSON *result, struct hone_err *err)
{
    const char *status = json_str(result, "status", "");
    const cJSON *weights = json_get(result, "weights"), *best = json_get(result, "best");
    char file[200];
    int known = job_status_by_name(status), rc = 0;
    if (known != JOB_COMPLETED && known != JOB_PAUSED && known != JOB_CANCELLED)
        return hone_fail(err, ERR_CORRUPT, "the worker sent a result with status '%.40s'", status);
    snprintf(file, sizeof file, "jobs/%s/%.80s", r->job_id, json_str(weights, "file", ""));
    char *results = json_text(result, 0), *best_text = cJSON_GetArraySize(best) > 0 ? json_text(best, 0) : NULL;
    struct job_end end = { .status = (enum job_status)known, .reason = known == JOB_PAUSED ? "stopped with a checkpoint" : "done",
                           .stop_reason = json_str(result, "stop_reason", NULL), .results = results, .best = best_text };
    if (known == JOB_COMPLETED) {
        end.weights_file = file;
        end.weights_sha256 = json_str(weights, "sha256", NULL);
    }
    if (known == JOB_CANCELLED)
        end.reason = "cancelled";
    if (known == JOB_PAUSED && r->fence && job_stop_requested(s, r->job_id, err) == JOB_STOP_NONE)
        rc = job_requeue(s, r->job_id, r->fence, 0, NULL, "the daemon stops; its checkpoint is written", err);
    else
        rc = job_finish(s, r->job_id, &end, err);
    if (rc >= 0 && known == JOB_COMPLETED)
        rc = add_version(r, s, weights, file, err);
    free(results);
    free(best_text);
    return rc;
}

/* How long a job waits after its worker has died for the nth time. */
static int64_t patience_ms(const struct runner *r, int64_t deaths)
{
    int64_t ms = r->a->daemon->o.retry_ms;
    for (int64_t i = 1; i < deaths && ms < INT64_C(3600000); i++)
        ms *= 4;
    return ms;
}

int runner_died(struct runner *r, struct store *s, const char *cause, const char *why, struct hone_err *err)
{
    char reason[600];
    int64_t deaths = r->deaths + 1;
    struct job_end end = { .status = JOB_FAILED, .reason = "failed", .error_code = cause, .error_text = why, .error_stage = "training" };
    if (!r->fence)
        return job_finish(s, r->job_id, &end, err);
    __atomic_add_fetch(&r->a->daemon->deaths, 1, __ATOMIC_RELAXED);
    if (deaths < r->a->daemon->o.deaths) {
        __atomic_add_fetch(&r->a->daemon->retries, 1, __ATOMIC_RELAXED);
        snprintf(reason, sizeof reason, "%s; attempt %lld of %d follows", why, (long long)deaths + 1, r->a->daemon->o.deaths);
        return job_requeue(s, r->job_id, r->fence, clock_wall_ms() + patience_ms(r, deaths), cause, reason, err);
    }
    snprintf(reason, sizeof reason, "its workers died %lld times; the last one: %s", (long long)deaths, why);
    end.error_code = "poison";
    end.error_text = reason;
    end.cause = cause;
    return job_finish(s, r->job_id, &end, err);
}

int runner_waits(struct runner *r, struct store *s, const char *why, struct hone_err *err)
{
    return job_requeue(s, r->job_id, r->fence, clock_wall_ms() + FULL_WAITS * r->a->daemon->o.retry_ms, JOB_CAUSE_FULL, why, err);
}

int runner_tries_again(struct runner *r, int rc, const struct hone_err *why)
{
    struct daemon *d = r->a->daemon;
    if (!d || (rc != ERR_FULL && rc != HONE_EIO) || daemon_lost(d, NULL) || daemon_stopping(d))
        return 0;
    if (!r->warned++)
        log_line(LOG_ERROR, "job %s: its end cannot be written down and is tried again until it can: %s", r->job_id, why->text);
    nanosleep(&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
    return 1;
}

/* The disk was full: the job waits for space, unless it was asked to end meanwhile, which needs none. */
static int write_full(struct runner *r, struct store *s, const struct hone_err *why, struct hone_err *err)
{
    int asked = job_stop_requested(s, r->job_id, err);
    if (asked < 0)
        return asked;
    if (asked == JOB_STOP_CANCEL)
        return job_finish(s, r->job_id, &(struct job_end){ .status = JOB_CANCELLED, .reason = "cancelled", .stop_reason = "cancelled" }, err);
    if (asked == JOB_STOP_PAUSE)
        return job_finish(s, r->job_id, &(struct job_end){ .status = JOB_PAUSED, .reason = "paused at its newest checkpoint: the disk was full" }, err);
    return runner_waits(r, s, why->text, err);
}

/* Of a failed job. `why` has the sentence; frame is the worker's "error", or NULL when it died. */
static int write_failure(struct runner *r, struct store *s, const cJSON *frame, const struct hone_err *why, struct hone_err *err)
{
    const struct worker_end *how = worker_how(r->w);
    if (!frame && how->cause != WORKER_ALIVE && !r->late)
        return runner_died(r, s, how->code, why->text, err);
    if (frame && why->code == ERR_FULL && r->fence)
        return write_full(r, s, why, err);
    char *details = json_text(json_get(frame, "details"), 0);
    struct job_end end = { .status = JOB_FAILED, .reason = "failed", .error_text = why->text,
                           .error_code = r->late ? "time_limit" : err_api_code(why->code),
                           .error_stage = json_str(frame, "stage", "training"), .error_details = details };
    if (why->code == HONE_EDIVERGED)
        end.stop_reason = "diverged";
    int rc = job_finish(s, r->job_id, &end, err);
    free(details);
    return rc;
}

/* The last visit: `frame` is a result or an error frame, or NULL when there was neither. */
static int close_books(struct runner *r, const cJSON *frame, const struct hone_err *why, struct hone_err *err)
{
    struct store *s = books_open(r->a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = write_pending(r, s, err);
    if (rc >= 0 && frame && strcmp(json_str(frame, "type", ""), "result") == 0)
        rc = write_result(r, s, frame, err);
    else if (rc >= 0)
        rc = write_failure(r, s, frame, why, err);
    crash_at(rc >= 0 ? CRASH_end_before_commit : CRASH_NONE);
    if (rc >= 0)
        rc = store_commit(s, err);
    crash_at(rc >= 0 ? CRASH_end_committed : CRASH_NONE);
    books_close(r->a, s);
    if (rc >= 0)
        remove_replaced(r);
    return rc;
}

static int conclude(struct runner *r, const cJSON *frame, const struct hone_err *why, struct hone_err *err)
{
    const char *status = json_str(frame, "status", "");
    int is_result = strcmp(json_str(frame, "type", ""), "result") == 0;
    if (is_result) {
        r->progress.elapsed_ms += json_int(frame, "duration_ms", 0);
        r->progress.token_usage = json_int(frame, "token_usage", r->progress.token_usage);
        r->progress.step = json_int(frame, "steps", r->progress.step);
        r->progress.memory_mb = json_num(frame, "memory_usage_mb", r->progress.memory_mb);
    }
    int rc;
    do
        rc = close_books(r, frame, why, err);
    while (rc < 0 && runner_tries_again(r, rc, err));
    if (rc < 0)
        return err_prefix(err, "the end of job %s could not be written down", r->job_id);
    if (!is_result)
        return hone_fail(err, ERR_JOB_FAILED, "%s", why->text);
    if (strcmp(status, "paused") == 0)
        return hone_fail(err, ERR_INTERRUPTED, "job %s is paused; its checkpoint is written", r->job_id);
    if (strcmp(status, "cancelled") == 0)
        return hone_fail(err, ERR_CANCELLED, "job %s was cancelled", r->job_id);
    return 0;
}

/* Killed on request, by a second Ctrl-C: paused at its newest checkpoint. */
static int killed(struct runner *r, struct hone_err *err)
{
    struct store *s;
    worker_kill(r->w);
    s = books_open(r->a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = write_pending(r, s, err);
    if (rc >= 0)
        rc = r->fence ? job_requeue(s, r->job_id, r->fence, 0, NULL, "killed when the daemon stopped", err)
                      : job_finish(s, r->job_id, &(struct job_end){ .status = JOB_PAUSED, .reason = "killed on request" }, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(r->a, s);
    return rc < 0 ? rc : hone_fail(err, ERR_INTERRUPTED, "job %s was killed; it is paused at its newest checkpoint", r->job_id);
}

/* Returns 1 when the job is to be killed. */
static int heed(struct runner *r)
{
    enum api_wish now = wish(r);
    if (now == API_PAUSE && r->asked < 1) {
        r->asked = 1;
        worker_signal(r->w, "stop", "checkpoint", NULL);
    }
    if (now == API_CANCEL && r->asked < 2) {
        r->asked = 2;
        worker_signal(r->w, "stop", "cancel", NULL);
    }
    if (r->deadline_us && clock_mono_us() > r->deadline_us && !r->late) {
        r->late = 1;
        worker_kill(r->w);
    }
    return now == API_KILL;
}

/* What a frame brings, up to the next visit of the books. HONE_ENOMEM when a part of it was lost, which nobody could make up for later. */
static int note(struct runner *r, const char *type, const cJSON *frame, struct hone_err *err)
{
    if (r->epochs && r->checkpoints) {
        (void)json_lost(); /* of what is still pending */
        if (strcmp(type, "progress") == 0)
            note_progress(r, frame);
        else if (strcmp(type, "epoch") == 0)
            note_epoch(r, frame);
        else if (strcmp(type, "rollback") == 0)
            note_rollback(r, frame);
        else if (strcmp(type, "checkpoint") == 0)
            cJSON_AddItemToArray(r->checkpoints, cJSON_Duplicate(frame, 1));
        if (!json_lost())
            return 0;
    }
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the progress of the job");
}

int runner_follow(struct runner *r, struct hone_err *err)
{
    int rc = worker_signal(r->w, "go", NULL, err), unseen = 0;
    r->epochs = cJSON_CreateArray();
    r->checkpoints = cJSON_CreateArray();
    r->wrote_us = clock_mono_us();
    r->rolled = -1;
    for (;;) {
        cJSON *frame = NULL;
        if (heed(r))
            return killed(r, err);
        rc = worker_next(r->w, TICK_MS, &frame, err);
        const char *type = json_str(frame, "type", "");
        int last = strcmp(type, "result") == 0 || strcmp(type, "error") == 0;
        if (rc >= 0 && frame && !last)
            rc = note(r, type, frame, err);
        if (rc < 0 || last) {
            struct hone_err why = *err;
            if (!last) { /* it has died, or cannot be followed any more, which comes to the same */
                if (worker_how(r->w)->cause == WORKER_ALIVE)
                    worker_kill(r->w);
                cJSON_Delete(frame);
                frame = NULL;
            }
            if (last && strcmp(type, "error") == 0)
                take_error(r->a, frame, &why);
            else if (r->late)
                hone_fail(&why, ERR_JOB_FAILED, "the job ran longer than the %lld s that the daemon allows", (long long)r->a->daemon->o.job_ms / 1000);
            rc = conclude(r, frame, &why, err);
            if (unseen) /* what was shown lacks parts, but nothing that is kept */
                json_note_loss();
            cJSON_Delete(frame);
            return rc;
        }
        if (frame)
            tell(r, type, frame);
        unseen |= json_lost();
        if (strcmp(type, "checkpoint") == 0 || strcmp(type, "rollback") == 0 || clock_mono_us() - r->wrote_us > WRITE_US ||
            __atomic_load_n(&r->hurry, __ATOMIC_ACQUIRE))
            visit_books(r);
        cJSON_Delete(frame);
    }
}

void runner_free(struct runner *r)
{
    if (r->w && worker_concluded(r->w))
        worker_wait(r->w, 10000);
    worker_free(r->w);
    char *dir = r->lock >= 0 ? job_dir(r->a->state_dir, r->job_id) : NULL;
    if (dir)
        remove_parts(dir);
    free(dir);
    if (r->lock >= 0)
        close(r->lock);
    cJSON_Delete(r->epochs);
    cJSON_Delete(r->checkpoints);
    free(r->metrics);
    free(r->best);
}
