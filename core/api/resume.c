/* resumeTrainingJob: a job that is paused, failed or has lost its process goes on from its newest checkpoint that is whole, else
 * from its start, which gives the same weights. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/api/priv.h"
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

/* Whether the checkpoint's file is what was written. */
static int whole(const struct resumption *q, const struct checkpoint_row *c)
{
    char have[65];
    struct hone_err err;
    char *path = path_join(q->dir, c->file);
    int ok = path && file_sha256(path, have, &err) == 0 && strcmp(have, c->sha256) == 0;
    if (!ok)
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
static int keep_two(struct store *s, struct resumption *q, struct hone_err *err)
{
    struct checkpoint_list list;
    int rc = checkpoint_list(s, q->row.id, 0, &list, err);
    for (size_t i = list.n; rc >= 0 && i-- > 0;) {
        const char *file = list.v[i].file;
        if (q->from.id && strcmp(file, q->from.file) == 0)
            continue;
        if (q->from.id && !q->older[0] && list.v[i].step < q->from.step && strlen(file) < sizeof q->older)
            snprintf(q->older, sizeof q->older, "%s", file);
        else
            rc = checkpoint_forget(s, q->row.id, file, err);
    }
    if (rc >= 0)
        checkpoint_list_free(&list);
    return rc;
}

/* The newest whole checkpoint; damaged ones are forgotten. */
static int find_checkpoint(struct store *s, struct resumption *q, struct hone_err *err)
{
    for (;;) {
        int rc = checkpoint_latest(s, q->row.id, &q->from, err);
        if (rc < 0)
            return rc == ERR_NOT_FOUND ? 0 : rc;
        if (whole(q, &q->from))
            return keep_two(s, q, err);
        rc = checkpoint_forget(s, q->row.id, q->from.file, err);
        checkpoint_free(&q->from);
        if (rc < 0)
            return rc;
    }
}

static int read_books(struct runner *r, const char *name, struct resumption *q, struct hone_err *err)
{
    struct store *s = store_open_existing(r->a->state_dir, err);
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
    if (rc >= 0 && q->row.status != JOB_COMPLETED)
        rc = find_checkpoint(s, q, err);
    store_close(s);
    return rc;
}

static cJSON *resume_frame(const struct api *a, const struct resumption *q, cJSON *config)
{
    cJSON *f = start_frame(a, "train"), *data = cJSON_CreateObject(), *from = cJSON_CreateNull();
    char *path = state_path(a, q->row.data_file), *validation = q->row.validation_file ? state_path(a, q->row.validation_file) : NULL;
    json_put_str(data, "path", path);
    json_put_str(data, "format", q->row.data_format);
    json_put_str(data, "validation", validation);
    json_put_bool(data, "single_output", 1); /* it was accepted */
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
    free(path);
    free(validation);
    return f;
}

static int book(struct runner *r, const struct resumption *q, struct hone_err *err)
{
    struct store *s = store_open_existing(r->a->state_dir, err);
    char reason[96];
    snprintf(reason, sizeof reason, "resumed at step %lld", (long long)(q->from.id ? q->from.step : 0));
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = history_truncate(s, r->job_id, q->from.id ? q->from.step : -1, err);
    if (rc >= 0)
        rc = job_transition(s, r->job_id, JOB_RUNNING, reason, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    store_close(s);
    return rc;
}

static int go_on(struct runner *r, struct resumption *q, struct hone_err *err)
{
    cJSON *config = stored_json(q->row.config), *ready = NULL;
    r->progress = q->row.progress;
    r->progress.step = q->from.id ? q->from.step : 0;
    r->progress.epoch = q->from.id ? q->from.epoch : 0;
    r->metrics = q->row.metrics ? strdup(q->row.metrics) : NULL;
    r->best = q->row.best ? strdup(q->row.best) : NULL;
    int rc = stored_data_whole(r->a, q->row.data_file, q->row.data_sha256, err);
    if (rc == 0 && q->row.validation_file)
        rc = stored_data_whole(r->a, q->row.validation_file, q->row.validation_sha256, err);
    if (rc == 0)
        rc = r->lock = job_lock_take(r->a->state_dir, r->job_id, err);
    if (rc >= 0)
        tidy(q);
    cJSON *start = resume_frame(r->a, q, config);
    if (rc >= 0)
        rc = runner_start(r, start, err);
    if (rc >= 0) {
        ready = runner_ready(r, err);
        rc = ready ? book(r, q, err) : err->code;
    }
    if (rc >= 0 && r->hooks && r->hooks->event) {
        cJSON *job = show_job(r->a, r->job_id, err);
        if (job)
            r->hooks->event(r->hooks->arg, "started", job);
        cJSON_Delete(job);
    }
    if (rc >= 0)
        rc = runner_follow(r, err);
    cJSON_Delete(ready);
    cJSON_Delete(start);
    return rc;
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
    int rc = read_books(&r, name, &q, err);
    for (int i = 0; i < DYING_LOOKS && rc == ERR_CONFLICT && q.row.status == JOB_RUNNING; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        job_free(&q.row);
        q.row = (struct job_row){ 0 };
        rc = read_books(&r, name, &q, err);
    }
    int done = rc >= 0 && q.row.status == JOB_COMPLETED;
    if (rc >= 0 && !done)
        rc = go_on(&r, &q, err);
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
