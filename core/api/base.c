/* The configuration key `base`: from what the user wrote to a file of weights or word vectors, and its copy beside the job, so that
 * the job can be resumed when the base is gone. Called by train.c and resume.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/data/vectors.h"
#include "core/store/checkpoint.h"
#include "core/store/version.h"

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* A file in the state directory. */
static int stored(struct store *s, struct base_ref *b, const struct api *a, const char *rel, const char *sha256, const char *job, struct hone_err *err)
{
    struct hone_err why;
    struct job_row row;
    b->path = state_path(a, rel);
    b->job_id = strdup(job);
    int rc = job_get(s, job, &row, &why);
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = why;
        return rc;
    }
    if (rc >= 0) {
        cJSON *config = stored_json(row.config);
        b->data = cJSON_CreateObject();
        json_put_str(b->data, "source", row.data_file);
        json_put_str(b->data, "format", row.data_format);
        json_put_str(b->data, "validation_source", row.validation_file);
        json_put_str(b->data, "validation_format", row.validation_format);
        json_put_num(b->data, "split", json_num(config, "validationSplit", 0));
        json_put_int(b->data, "seed", json_int(config, "seed", 0));
        cJSON_Delete(config);
        job_free(&row);
    }
    snprintf(b->sha256, sizeof b->sha256, "%s", sha256 ? sha256 : "");
    return b->path && b->job_id ? 0 : no_memory(err);
}

static int in_job_dir(struct store *s, struct base_ref *b, const struct api *a, const struct checkpoint_row *c, struct hone_err *err)
{
    char rel[300];
    snprintf(rel, sizeof rel, "jobs/%.80s/%.160s", c->job_id, c->file);
    return stored(s, b, a, rel, c->sha256, c->job_id, err);
}

static int from_job(struct store *s, const struct api *a, const char *name, struct base_ref *b, struct hone_err *err)
{
    struct job_row job;
    struct checkpoint_row c = { 0 };
    int rc = find_job(s, name, &job, err);
    if (rc < 0)
        return rc;
    if (job.weights_file)
        rc = stored(s, b, a, job.weights_file, job.weights_sha256, job.id, err);
    else if (job.status == JOB_RUNNING || job.status == JOB_PREPARING)
        rc = hone_fail(err, ERR_CONFLICT, "job %s is still running; wait for its end", job.id);
    else if ((rc = checkpoint_latest(s, job.id, &c, err)) == 0)
        rc = in_job_dir(s, b, a, &c, err);
    else if (rc == ERR_NOT_FOUND)
        rc = hone_fail(err, ERR_PRECONDITION, "job %s is %s and has neither weights nor a checkpoint", job.id,
                       job_status_name((enum job_status)job.status));
    checkpoint_free(&c);
    job_free(&job);
    return rc < 0 ? rc : 0;
}

static int from_agent(struct store *s, const struct api *a, const char *name, struct base_ref *b, struct hone_err *err)
{
    struct agent_row agent;
    struct version_row v;
    int rc = find_agent(s, name, &agent, err);
    if (rc < 0)
        return rc;
    rc = version_active(s, agent.id, &v, err);
    if (rc >= 0) {
        rc = stored(s, b, a, v.weights_file, v.weights_sha256, v.job_id, err);
        version_free(&v);
    }
    agent_free(&agent);
    return rc < 0 ? rc : 0;
}

/* Checkpoints are few: a job keeps two. */
static int from_checkpoint(struct store *s, const struct api *a, const char *id, struct base_ref *b, struct hone_err *err)
{
    struct job_list jobs = { 0 };
    int rc = job_list(s, &(struct job_filter){ .limit = 0 }, &jobs, err), hit = 0;
    for (size_t i = 0; i < jobs.n && rc >= 0 && !hit; i++) {
        struct checkpoint_list list = { 0 };
        rc = checkpoint_list(s, jobs.v[i].id, 0, &list, err);
        for (size_t k = 0; k < list.n && rc >= 0 && !hit; k++)
            if (strcmp(list.v[k].id, id) == 0) {
                hit = 1;
                rc = in_job_dir(s, b, a, &list.v[k], err);
            }
        checkpoint_list_free(&list);
    }
    job_list_free(&jobs);
    if (rc >= 0 && !hit)
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no checkpoint '%.80s'; jobs keep their two newest", id);
    return rc < 0 ? rc : 0;
}

/* A folder of Hugging Face becomes a weights file in the state directory, which goes when the job has its copy. */
static int from_folder(struct api *a, const char *path, struct base_ref *b, struct hone_err *err)
{
    char name[80];
    snprintf(name, sizeof name, "base-%lld-%lld.safetensors", (long long)getpid(), (long long)clock_mono_us());
    char *data = state_path(a, "data");
    b->path = data ? path_join(data, name) : NULL;
    int rc = b->path ? file_mkdirs(data, err) : no_memory(err);
    cJSON *in = cJSON_CreateObject(), *out = NULL;
    json_put_str(in, "folder", path);
    json_put_str(in, "output", b->path);
    if (rc == 0 && !(out = api_model_import(a, in, NULL, err)))
        rc = err->code;
    b->temporary = 1;
    cJSON_Delete(in);
    cJSON_Delete(out);
    free(data);
    return rc;
}

static int from_file(struct api *a, const char *path, struct base_ref *b, struct hone_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return from_folder(a, path, b, err);
    int rc = strcmp(path, "-") == 0 ? hone_fail(err, HONE_EINVAL, "a base cannot come from standard input; give a file")
                                    : file_usable(path, err);
    if (rc == 0 && !(b->path = strdup(path)))
        rc = no_memory(err);
    b->kind = vectors_named(path) ? "vectors" : "weights";
    return rc;
}

static int is_file_name(const char *text)
{
    size_t n = strlen(text);
    return strchr(text, '/') || vectors_named(text) || (n > 12 && strcmp(text + n - 12, ".safetensors") == 0);
}

static int resolve(struct api *a, const char *text, struct base_ref *b, struct hone_err *err)
{
    static const char *const kinds[] = { "file:", "agent:", "job:", "checkpoint:" };
    int kind = -1;
    for (int i = 0; i < 4; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
            kind = i;
    const char *name = kind < 0 ? text : text + strlen(kinds[kind]);
    if (kind == 0 || (kind < 0 && is_file_name(text)))
        return from_file(a, name, b, err);
    struct store *s = books_open(a, err);
    int rc = s ? 0 : err->code;
    if (s && (kind == 3 || (kind < 0 && strncmp(name, "ckpt_", 5) == 0)))
        rc = from_checkpoint(s, a, name, b, err);
    else if (s && (kind == 2 || (kind < 0 && (strncmp(name, "job_", 4) == 0 || strcmp(name, "latest") == 0))))
        rc = from_job(s, a, name, b, err);
    else if (s)
        rc = from_agent(s, a, name, b, err);
    books_close(a, s);
    if (rc == ERR_NOT_FOUND && kind < 0) {
        if (strcmp(name, "-") == 0 || access(name, F_OK) == 0)
            return from_file(a, name, b, err);
        return hone_fail(err, ERR_NOT_FOUND, "there is no agent, job, checkpoint or file '%.120s'", name);
    }
    return rc;
}

int find_base(struct api *a, const char *text, struct base_ref *b, struct hone_err *err)
{
    *b = (struct base_ref){ .kind = "weights", .name = strdup(text) };
    int rc = b->name ? resolve(a, text, b, err) : no_memory(err);
    if (rc < 0) {
        base_ref_free(b);
        return err_prefix(err, "config.base");
    }
    return 0;
}

/* Puts a file of the base's job beside the job, as `key` of o: a second name where the file system has such, else a copy. */
static int keep_data(const struct api *a, const char *source, const char *dir, cJSON *o, const char *key, struct hone_err *err)
{
    char name[300], have[65];
    const char *base = source ? strrchr(source, '/') : NULL, *dot = base ? strrchr(base, '.') : NULL;
    if (!base)
        return 0;
    char *from = state_path(a, source);
    snprintf(name, sizeof name, "base-%.200s", base + 1);
    char *to = path_join(dir, name);
    int rc = from && to ? 0 : no_memory(err);
    if (rc == 0 && link(from, to) == 0)
        rc = file_sync_dir(to, err);
    else if (rc == 0 && (rc = file_store(from, dir, dot ? dot : ".data", have, NULL, err)) == 0)
        snprintf(name, sizeof name, "%.64s%.20s", have, dot ? dot : ".data");
    if (rc == 0)
        json_put_str(o, key, name);
    free(from);
    free(to);
    return rc;
}

int keep_base(const struct api *a, struct base_ref *b, const char *dir, cJSON *frame, struct hone_err *err)
{
    const char *dot = strrchr(b->path, '.');
    const char *suffix = strcmp(b->kind, "vectors") != 0 ? ".safetensors" : dot ? dot : ".vec";
    char have[65], file[100];
    int64_t bytes = 0;
    int rc = file_store(b->path, dir, suffix, have, &bytes, err);
    if (rc == 0 && *b->sha256 && strcmp(have, b->sha256) != 0)
        rc = hone_fail(err, ERR_CORRUPT, "%s: its SHA-256 is %.12s..., not the %.12s... that was written; the file is damaged", b->path, have,
                       b->sha256);
    if (rc < 0)
        return err_prefix(err, "config.base");
    snprintf(b->sha256, sizeof b->sha256, "%s", have);
    snprintf(file, sizeof file, "%.64s%.20s", have, suffix);
    cJSON *o = json_put(frame, "base", cJSON_CreateObject());
    json_put_str(o, "name", b->name);
    json_put_str(o, "kind", b->kind);
    json_put_str(o, "file", file);
    json_put_int(o, "bytes", bytes);
    json_put_str(o, "sha256", have);
    json_put_str(o, "job_id", b->job_id);
    if (b->data) {
        cJSON *d = json_put(o, "data", cJSON_Duplicate(b->data, 1));
        rc = keep_data(a, json_str(d, "source", NULL), dir, d, "file", err);
        if (rc == 0)
            rc = keep_data(a, json_str(d, "validation_source", NULL), dir, d, "validation_file", err);
        cJSON_DeleteItemFromObjectCaseSensitive(d, "source");
        cJSON_DeleteItemFromObjectCaseSensitive(d, "validation_source");
        if (rc < 0)
            return err_prefix(err, "config.base");
    }
    if (!(b->copy = path_join(dir, file)))
        return no_memory(err);
    return put_base_path(frame, dir, err);
}

int put_base_path(cJSON *frame, const char *dir, struct hone_err *err)
{
    cJSON *o = cJSON_GetObjectItemCaseSensitive(frame, "base");
    char have[65];
    if (!o)
        return 0;
    char *path = path_join(dir, json_str(o, "file", ""));
    int rc = path ? file_sha256(path, have, err) : no_memory(err);
    if (rc == 0 && strcmp(have, json_str(o, "sha256", "")) != 0)
        rc = hone_fail(err, ERR_CORRUPT, "config.base: %s is not what the job was started with", path);
    if (rc == 0)
        json_put_str(o, "path", path);
    free(path);
    static const char *const keys[2][2] = { { "file", "path" }, { "validation_file", "validation" } };
    cJSON *d = cJSON_GetObjectItemCaseSensitive(o, "data");
    for (int i = 0; i < 2 && rc == 0; i++) {
        const char *file = json_str(d, keys[i][0], NULL);
        char *full = file ? path_join(dir, file) : NULL;
        if (file && !full)
            rc = no_memory(err);
        if (full)
            json_put_str(d, keys[i][1], full);
        free(full);
    }
    return rc;
}

void base_ref_free(struct base_ref *b)
{
    if (b->temporary && b->path)
        unlink(b->path);
    free(b->name);
    free(b->path);
    free(b->copy);
    free(b->job_id);
    cJSON_Delete(b->data);
    *b = (struct base_ref){ 0 };
}
