/* resumeTrainingJob: a job that is paused, failed or has lost its process goes on from its newest checkpoint that is whole, else
 * from its start, which gives the same weights. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/lock.h"
#include "core/store/checkpoint.h"
#include "core/store/history.h"

#define DYING_LOOKS 10 /* tenths of a second that the worker of a killed program may take to end */

struct resumption {
    struct job_row row;
    struct checkpoint_row from;  /* id NULL: from the start */
    char older[64];              /* file of the checkpoint before, "": none */
    char *dir;
};

/* Whether the checkpoint's file is what was written; HONE_ENOMEM when nobody knows. */
static int whole(const struct resumption *q, const struct checkpoint_row *c, struct hone_err *err)
{
    char have[65];
    struct hone_err why = { 0 };
    char *path = path_join(q->dir, c->file);
    int rc = path ? file_sha256(path, have, &why) : HONE_ENOMEM, ok = rc == 0 && strcmp(have, c->sha256) == 0;
    if (rc == HONE_ENOMEM)
        ok = hone_fail(err, HONE_ENOMEM, "memory ran out while checkpoint %s was read", c->file);
    else if (!ok)
        log_line(LOG_WARN, "checkpoint %s of step %lld is missing or damaged; looking for an older one", c->file, (long long)c->step);
    free(path);
    return ok;
}

/* Removes files of checkpoints but the two that are kept: what a killed process left behind. */
static void tidy(const struct resumption *q)
{
    DIR *d = opendir(q->dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strncmp(e->d_name, "checkpoint-", 11) == 0 && strcmp(e->d_name, q->from.id ? q->from.file : "") != 0 &&
            strcmp(e->d_name, q->older) != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
}

/* Forgets all checkpoints but the one to go on from and the one before. */
static int keep_two(struct store *s, struct resumption *q, const struct checkpoint_list *list, struct hone_err *err)
{
    int rc = 0;
    for (size_t i = list->n; rc >= 0 && i-- > 0;) {
        const char *file = list->v[i].file;
        if (q->from.id && strcmp(file, q->from.file) == 0)
            continue;
        if (q->from.id && !q->older[0] && list->v[i].step < q->from.step && strlen(file) < sizeof q->older)
            snprintf(q->older, sizeof q->older, "%s", file);
        else
            rc = checkpoint_forget(s, q->row.id, file, err);
    }
    return rc;
}

/* The newest whole checkpoint; damaged ones are forgotten. The books are not held while files are read. */
static int find_checkpoint(struct api *a, struct resumption *q, struct hone_err *err)
{
    struct checkpoint_list list = { 0 };
    struct store *s = books_open(a, err);
    int rc = s ? checkpoint_list(s, q->row.id, 0, &list, err) : err->code;
    books_close(a, s);
    for (size_t i = list.n; rc >= 0 && i-- > 0 && !q->from.id;) {
        rc = whole(q, &list.v[i], err);
        if (rc > 0) {
            q->from = list.v[i];
            q->from.file = strdup(list.v[i].file);
            q->from.sha256 = strdup(list.v[i].sha256);
            q->from.id = strdup(list.v[i].id);
            q->from.job_id = q->from.kind = q->from.metrics = NULL;
            if (!q->from.file || !q->from.sha256 || !q->from.id)
                rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
        }
    }
    s = rc >= 0 && list.n > 0 ? books_open(a, err) : NULL;
    if (s)
        rc = store_begin(s, err);
    if (s && rc >= 0)
        rc = keep_two(s, q, &list, err);
    if (s && rc >= 0)
        rc = store_commit(s, err);
    else if (rc >= 0 && list.n > 0)
        rc = err->code;
    books_close(a, s);
    checkpoint_list_free(&list);
    return rc;
}

static int read_books(struct runner *r, const char *name, struct resumption *q, struct hone_err *err)
{
    struct store *s = books_open(r->a, err);
    int rc = s ? find_job(s, name, &q->row, err) : err->code;
    if (rc >= 0) {
        const char *id = q->row.id;
        snprintf(r->job_id, sizeof r->job_id, "%s", id);
        snprintf(r->agent_id, sizeof r->agent_id, "%s", q->row.agent_id);
        if (q->row.status == JOB_CANCELLED)
            rc = hone_fail(err, ERR_CONFLICT, "job %s was cancelled and cannot go on; start a new one", id);
        else if (q->row.status == JOB_RUNNING || q->row.status == JOB_PREPARING)
            rc = hone_fail(err, ERR_CONFLICT, "job %s is running; `hone monitor %s` shows it", id, id);
        else if (!(q->dir = job_dir(r->a->state_dir, id)))
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    books_close(r->a, s);
    return rc;
}

static cJSON *resume_frame(const struct api *a, const struct resumption *q, cJSON *config)
{
    cJSON *f = start_frame(a, "train"), *data = cJSON_CreateObject(), *from = cJSON_CreateNull();
    char *path = state_path(a, q->row.data_file), *validation = q->row.validation_file ? state_path(a, q->row.validation_file) : NULL;
    json_put_str(data, "path", path);
    json_put_str(data, "format", q->row.data_format);
    json_put_str(data, "validation", validation);
    json_put_bool(data, "single_output", q->row.model || strcmp(q->row.data_name ? q->row.data_name : "", "inline") == 0);
    if (q->from.id) {
        cJSON_Delete(from);
        from = cJSON_CreateObject();
        json_put_str(from, "file", q->from.file);
        json_put_str(from, "sha256", q->from.sha256);
        json_put_str(from, "older", q->older);
    }
    json_put_str(f, "job_dir", q->dir);
    json_put(f, "data", data);
    json_put_int(f, "threads", json_int(config, "threads", 0));
    json_put(f, "config", config);
    json_put(f, "resume", from);
    cJSON *counts = stored_json(q->row.data_counts);
    if (cJSON_IsObject(json_get(counts, "base")))
        json_put(f, "base", cJSON_Duplicate(json_get(counts, "base"), 1));
    cJSON_Delete(counts);
    free(path);
    free(validation);
    return f;
}

/* What the worker found out about a job that has never run. */
static int book_ready(struct store *s, const struct resumption *q, const cJSON *ready, struct hone_err *err)
{
    struct job_row row = { .id = q->row.id, .progress = q->row.progress };
    int rc = ready_columns(&row, ready, err);
    if (rc >= 0)
        rc = job_set_ready(s, &row, err);
    row.id = NULL;
    job_free(&row);
    return rc;
}

static int book(struct runner *r, const struct resumption *q, const cJSON *ready, struct hone_err *err)
{
    struct store *s = books_open(r->a, err);
    char reason[96] = "started";
    if (q->row.model)
        snprintf(reason, sizeof reason, "resumed at step %lld", (long long)(q->from.id ? q->from.step : 0));
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = job_fence(s, r->job_id, r->fence, err);
    if (rc >= 0 && !q->row.model)
        rc = book_ready(s, q, ready, err);
    if (rc >= 0)
        rc = history_truncate(s, r->job_id, q->from.id ? q->from.step : -1, err);
    if (rc >= 0)
        rc = job_transition(s, r->job_id, JOB_RUNNING, reason, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(r->a, s);
    return rc;
}

static void set_progress(struct runner *r, const struct resumption *q, const cJSON *ready)
{
    r->progress = q->row.progress;
    r->progress.step = q->from.id ? q->from.step : 0;
    r->progress.epoch = q->from.id ? q->from.epoch : 0;
    if (!q->row.model) {
        r->progress.total_epochs = json_int(json_get(ready, "progress"), "total_epochs", 0);
        r->progress.total_steps = json_int(json_get(ready, "progress"), "total_steps", 0);
    }
}

/* Up to the entry in the books that it runs. */
static int begin(struct runner *r, struct resumption *q, struct hone_err *err)
{
    cJSON *config = stored_json(q->row.config), *ready = NULL;
    r->metrics = json_copy(q->row.metrics);
    r->best = json_copy(q->row.best);
    int rc = stored_data_whole(r->a, q->row.data_file, q->row.data_sha256, err);
    if (rc == 0 && q->row.validation_file)
        rc = stored_data_whole(r->a, q->row.validation_file, q->row.validation_sha256, err);
    if (rc == 0)
        rc = r->lock = job_lock_take(r->a->state_dir, r->job_id, err);
    if (rc >= 0)
        tidy(q);
    cJSON *start = resume_frame(r->a, q, config);
    if (rc >= 0)
        rc = put_base_path(start, q->dir, err);
    if (rc >= 0)
        rc = runner_start(r, start, err);
    if (rc >= 0) {
        crash_at(CRASH_worker_started);
        ready = runner_ready(r, err);
        rc = ready ? book(r, q, ready, err) : err->code;
    }
    set_progress(r, q, ready);
    cJSON_Delete(ready);
    cJSON_Delete(start);
    return rc;
}

static int go_on(struct runner *r, struct resumption *q, int *began, struct hone_err *err)
{
    int rc = begin(r, q, err);
    *began = rc >= 0;
    crash_at(rc >= 0 ? CRASH_run_committed : CRASH_NONE);
    if (rc >= 0 && r->hooks && r->hooks->event) {
        cJSON *job = show_job(r->a, r->job_id, err);
        if (job)
            r->hooks->event(r->hooks->arg, "started", job);
        cJSON_Delete(job);
    }
    return rc >= 0 ? runner_follow(r, err) : rc;
}

int run_claimed(struct runner *r, const struct job_row *row, int *began, struct hone_err *err)
{
    struct resumption q = { .row = *row }; /* whose strings stay the caller's */
    snprintf(r->job_id, sizeof r->job_id, "%s", row->id);
    snprintf(r->agent_id, sizeof r->agent_id, "%s", row->agent_id);
    snprintf(r->tenant, sizeof r->tenant, "%s", row->tenant);
    *began = 0;
    q.dir = job_dir(r->a->state_dir, row->id);
    int rc = q.dir ? find_checkpoint(r->a, &q, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = go_on(r, &q, began, err);
    checkpoint_free(&q.from);
    free(q.dir);
    return rc;
}

static int enqueue_again(struct api *a, struct store *s, const char *id, struct hone_err *err)
{
    int rc = store_part_begin(s, err);
    if (rc < 0)
        return rc;
    rc = job_enqueue(s, id, "resumed", err);
    return store_part_end(s, rc < 0 ? rc : quota_check(a, s, QUOTA_BIT(QUOTA_JOBS_ACTIVE), err), err);
}

/* With a daemon: into its queue again. */
static cJSON *enqueue(struct api *a, const char *name, struct hone_err *err)
{
    struct job_row row;
    char id[64] = "";
    struct store *s = books_open(a, err);
    int rc = s ? find_job(s, name, &row, err) : err->code, done = 0;
    if (rc >= 0) {
        snprintf(id, sizeof id, "%s", row.id);
        done = row.status == JOB_COMPLETED;
        rc = done ? 0 : enqueue_again(a, s, id, err);
        job_free(&row);
    }
    books_close(a, s);
    if (rc >= 0 && !done)
        queue_wake(a->daemon);
    cJSON *out = rc >= 0 ? show_job(a, id, err) : NULL;
    if (out && done)
        json_put_str(out, "note", "the job is completed; there is nothing to resume");
    return out;
}

cJSON *api_resume(struct api *a, const cJSON *in, const struct api_hooks *hooks, char job_id[64], struct hone_err *err)
{
    struct runner r = { .a = a, .hooks = hooks, .lock = -1 };
    struct resumption q = { 0 };
    const char *name = need_text(in, "job_id", err);
    cJSON *out = NULL;
    api_clear(a);
    if (job_id)
        job_id[0] = '\0';
    if (!name)
        return NULL;
    if (a->daemon)
        return enqueue(a, name, err);
    int began, rc = read_books(&r, name, &q, err);
    for (int i = 0; i < DYING_LOOKS && rc == ERR_CONFLICT && q.row.status == JOB_RUNNING; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        job_free(&q.row);
        q.row = (struct job_row){ 0 };
        rc = read_books(&r, name, &q, err);
    }
    int done = rc >= 0 && q.row.status == JOB_COMPLETED;
    if (rc >= 0 && !done)
        rc = find_checkpoint(a, &q, err);
    if (rc >= 0 && !done)
        rc = go_on(&r, &q, &began, err);
    if (rc >= 0)
        out = show_job(a, r.job_id, err);
    if (out && done)
        json_put_str(out, "note", "the job is completed; there is nothing to resume");
    if (job_id)
        snprintf(job_id, 64, "%s", r.job_id);
    runner_free(&r);
    job_free(&q.row);
    checkpoint_free(&q.from);
    free(q.dir);
    return out;
}
