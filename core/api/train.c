/* startTrainingJob, run in this process: check, keep the data, start a worker, and once it is ready put agent and job into the books
 * in one transaction. A request with a fault leaves nothing behind. The rest is runner.c's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"
#include "core/api/settings.h"
#include "core/base/clock.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/jobs/lock.h"
#include "core/store/usage.h"
#include "core/train/config.h"

#define MAX_FAULTS 100
#define MAX_NAME 200

struct request {
    struct kept data, validation;
    struct train_config config;
    struct base_ref base;    /* path NULL: none */
    const char *agent;
    const char *id;          /* that the job gets; NULL: a new one */
    int withheld;            /* its version waits to be deployed */
    int hold, fresh;         /* fresh: there was no state directory */
};

static void put_details(struct api *a, const struct config_fault *f, int n)
{
    api_clear(a);
    a->details = cJSON_CreateArray();
    for (int i = 0; i < n; i++) {
        cJSON *d = cJSON_CreateObject();
        json_put_str(d, "path", f[i].path);
        json_put_str(d, "message", f[i].text);
        json_put_str(d, "fix", f[i].fix);
        cJSON_AddItemToArray(a->details, d);
    }
}

int check_config(struct api *a, const cJSON *given, struct train_config *c, struct hone_err *err)
{
    struct config_fault *f = calloc(MAX_FAULTS, sizeof *f);
    int n = 0;
    if (!f)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    cJSON *whole = settings_with_preset(given, err);
    int rc = whole ? config_resolve(c, whole, f, MAX_FAULTS, &n, err) : err->code;
    cJSON_Delete(whole);
    if (rc < 0 && n > 0)
        put_details(a, f, n);
    free(f);
    return rc;
}

int check_agent_name(const char *name, struct hone_err *err)
{
    size_t n = strlen(name);
    if (n > MAX_NAME)
        return hone_fail(err, HONE_EINVAL, "an agent's name has at most %d bytes, found %zu", MAX_NAME, n);
    if (utf8_invalid_at(name, n) < n)
        return hone_fail(err, HONE_EINVAL, "an agent's name is not valid UTF-8");
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 127)
            return hone_fail(err, HONE_EINVAL, "an agent's name has a control character");
    }
    if (strncmp(name, "agent_", 6) == 0)
        return hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.80s'; names of new agents do not begin with agent_", name);
    return 0;
}

/* ERR_CONFLICT when the agent has a job that runs. An agent that does not exist is fine when its name is. Early, so that a long start
 * is not in vain; the insertion checks again. */
static int check_agent(struct api *a, const char *name, struct hone_err *err)
{
    struct agent_row agent;
    struct job_row job;
    struct store *s = books_open(a, err);
    if (!s)
        return err->code == ERR_NOT_FOUND ? check_agent_name(name, err) : err->code;
    int rc = find_agent(s, name, &agent, err);
    if (rc == ERR_NOT_FOUND) {
        rc = check_agent_name(name, err);
    } else if (rc >= 0) {
        rc = job_active(s, agent.id, &job, err);
        if (rc == 1)
            rc = settle_job(s, &job, err);
        if (rc >= 0 && job.id && (job.status == JOB_RUNNING || job.status == JOB_PREPARING))
            rc = hone_fail(err, ERR_CONFLICT, "agent '%.80s' is being trained by job %s", agent.name, job.id);
        job_free(&job);
        agent_free(&agent);
    }
    books_close(a, s);
    return rc < 0 ? rc : 0;
}

/* Keeps the data of a request that was checked. On failure nothing is kept. */
static int keep_files(struct api *a, const cJSON *data, struct request *q, struct hone_err *err)
{
    const char *format = json_str(data, "format", NULL);
    const struct source train = { .file = json_str(data, "file", NULL), .format = format, .examples = json_get(data, "examples"),
                                  .dataset_id = json_str(data, "dataset_id", NULL), .module_id = json_str(data, "moduleId", NULL) };
    const struct source held = { .file = json_str(data, "validation_file", NULL), .format = json_str(data, "validation_format", format),
                                 .examples = json_get(data, "validationExamples"), .dataset_id = json_str(data, "validation_dataset_id", NULL) };
    int rc = held.file ? file_usable(held.file, err) : 0;
    if (rc == 0 && train.file)
        rc = file_usable(train.file, err);
    if (rc < 0)
        return rc;
    q->hold = hold_data(a, err);
    rc = q->hold < 0 ? q->hold : keep_source(a, &train, "training_data", &q->data, err);
    if (rc == 0 && (held.file || held.examples || held.dataset_id))
        rc = keep_source(a, &held, "training_data.validationExamples", &q->validation, err);
    return rc;
}

static void give_up(struct api *a, struct request *q)
{
    if (*q->validation.sha256)
        drop_unused(a, q->validation.sha256, q->hold >= 0 ? dup(q->hold) : -1);
    if (*q->data.sha256)
        drop_unused(a, q->data.sha256, q->hold);
    else if (q->hold >= 0)
        close(q->hold);
    q->hold = -1;
    drop_empty(a, q->fresh);
}

static cJSON *train_frame(const struct api *a, const struct request *q, const char *dir)
{
    cJSON *f = start_frame(a, "train"), *data = cJSON_CreateObject();
    json_put_str(f, "job_dir", dir);
    json_put_str(data, "path", q->data.path);
    json_put_str(data, "format", q->data.format);
    json_put_str(data, "validation", q->validation.path);
    json_put_bool(data, "single_output", strcmp(q->data.name, "inline") == 0);
    json_put(f, "data", data);
    json_put(f, "config", cJSON_Duplicate(q->config.resolved, 1));
    if (!q->config.learning_rate_given)
        json_put(cJSON_GetObjectItemCaseSensitive(f, "config"), "learningRate", cJSON_CreateNull());
    json_put(f, "resume", cJSON_CreateNull());
    json_put_int(f, "threads", q->config.threads);
    return f;
}

/* The agent with that name, made when there is none. */
static int need_agent(struct store *s, const char *name, struct agent_row *agent, struct hone_err *err)
{
    int rc = find_agent(s, name, agent, err);
    if (rc != ERR_NOT_FOUND || (rc = check_agent_name(name, err)) < 0)
        return rc;
    *agent = (struct agent_row){ .name = strdup(name), .description = strdup("") };
    if (!agent->name || !agent->description)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    return agent_insert(s, agent, err);
}

static int insert_job(struct runner *r, struct store *s, const struct request *q, const cJSON *ready, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct job_row row = { .id = json_copy(r->job_id), .training_type = json_copy(q->config.training_type), .data_name = json_copy(q->data.name),
                           .data_file = json_copy(q->data.file), .data_format = json_copy(q->data.format), .data_sha256 = json_copy(q->data.sha256),
                           .withheld = q->withheld, .progress = { .loss = NAN, .learning_rate = NAN, .gradient_norm = NAN, .examples_per_second = NAN,
                                         .memory_mb = NAN } };
    if (q->validation.file) {
        row.validation_name = json_copy(q->validation.name);
        row.validation_file = json_copy(q->validation.file);
        row.validation_format = json_copy(q->validation.format);
        row.validation_sha256 = json_copy(q->validation.sha256);
    }
    int rc = ready_columns(&row, ready, err);
    if (rc >= 0)
        rc = need_agent(s, q->agent, &agent, err);
    if (rc >= 0) {
        row.agent_id = json_copy(agent.id);
        snprintf(r->agent_id, sizeof r->agent_id, "%s", agent.id);
        rc = job_insert(s, &row, err);
    }
    if (rc >= 0)
        rc = job_transition(s, r->job_id, JOB_RUNNING, "started", err);
    r->progress = row.progress;
    agent_free(&agent);
    job_free(&row);
    return rc;
}

/* Agent and job in one transaction. */
static int book(struct runner *r, const struct request *q, const cJSON *ready, struct hone_err *err)
{
    struct store *s = books_make(r->a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = insert_job(r, s, q, ready, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(r->a, s);
    return rc;
}

static void new_job_id(const struct request *q, char id[64])
{
    if (q->id)
        snprintf(id, 64, "%s", q->id);
    else
        id_new("job", id, 64);
}

/* From the kept files to a job in the books that is ready to go. On failure the job's directory is gone. */
static int launch(struct runner *r, struct request *q, struct hone_err *err)
{
    struct kept base = { 0 };
    const struct kept *const files[] = { &q->data, &q->validation, &base };
    char id[64];
    new_job_id(q, id);
    char *dir = job_dir(r->a->state_dir, id);
    if (!dir)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    snprintf(r->job_id, sizeof r->job_id, "%s", id);
    int rc = r->lock = job_lock_take(r->a->state_dir, id, err);
    cJSON *start = train_frame(r->a, q, dir), *ready = NULL;
    if (rc >= 0 && q->base.path)
        rc = keep_base(r->a, &q->base, dir, start, err);
    if (rc >= 0)
        rc = runner_start(r, start, err);
    if (rc >= 0) {
        ready = runner_ready(r, err);
        rc = ready ? book(r, q, ready, err) : err->code;
    }
    base.path = q->base.copy;
    base.name = q->base.name;
    if (rc < 0) {
        user_names(err, files, 3);
        worker_free(r->w);
        r->w = NULL;
        file_remove_tree(dir, NULL);
        r->job_id[0] = '\0';
    }
    cJSON_Delete(ready);
    cJSON_Delete(start);
    free(dir);
    return rc;
}

static cJSON *run(struct runner *r, struct request *q, struct hone_err *err)
{
    const struct kept *const files[] = { &q->data, &q->validation };
    int rc = launch(r, q, err);
    if (rc < 0) {
        give_up(r->a, q);
        return NULL;
    }
    close(q->hold);
    q->hold = -1;
    cJSON *job = show_job(r->a, r->job_id, err);
    if (job && r->hooks && r->hooks->event)
        r->hooks->event(r->hooks->arg, "started", job);
    cJSON_Delete(job);
    (void)json_lost(); /* it was only to be shown, which is no reason to give the training up */
    rc = runner_follow(r, err);
    if (rc < 0) {
        user_names(err, files, 2);
        return NULL;
    }
    return show_job(r->a, r->job_id, err);
}

/* ---- with a daemon: into its queue ---- */

/* Whether a text anywhere in a value, such as in the options of an optimizer that wraps another one, is the name of a shared object. */
static int names_code(const cJSON *v)
{
    const char *text = cJSON_IsString(v) ? v->valuestring : "", *dot = strrchr(text, '.');
    int found = dot && strcasecmp(dot, ".so") == 0;
    for (const cJSON *m = v ? v->child : NULL; m && !found; m = m->next)
        found = names_code(m);
    return found;
}

/* Names of plugins are taken from clients, files of this machine are not: a client must not choose what code is loaded. */
int check_remote(struct api *a, const struct train_config *config, struct hone_err *err)
{
    const char *const names[][2] = { { "optimizer", config->optimizer }, { "schedulerType", config->scheduler_type }, { "model", config->model },
                                     { "trainingType", config->training_type }, { "base", config->base } };
    if (!a->call || a->call->local)
        return 0;
    if (names_code(config->resolved))
        return hone_fail(err, HONE_EINVAL, "config: a plugin file of the server's machine cannot be named from outside; give the plugin's name");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i][1] && strchr(names[i][1], '/'))
            return hone_fail(err, HONE_EINVAL, "config.%s: a file of the server's machine cannot be named from outside; give a name", names[i][0]);
    }
    return 0;
}

/* The configuration as the worker gets it: a learning rate that was not given is the optimizer's own. */
static char *config_text(const struct request *q)
{
    cJSON *config = cJSON_Duplicate(q->config.resolved, 1);
    if (!q->config.learning_rate_given)
        json_put(config, "learningRate", cJSON_CreateNull());
    char *text = json_text(config, 0);
    cJSON_Delete(config);
    return text;
}

static void fill_row(struct job_row *row, const struct api *a, const struct request *q, const cJSON *in)
{
    *row = (struct job_row){ .training_type = json_copy(q->config.training_type), .data_name = json_copy(q->data.name), .data_file = json_copy(q->data.file),
                             .data_format = json_copy(q->data.format), .data_sha256 = json_copy(q->data.sha256), .config = config_text(q),
                             .priority = json_int(in, "priority", 0), .queue = JOB_WAITING, .token_id = json_copy(quota_token(a)),
                             .trace_id = json_copy(a->call ? a->call->trace_id : NULL), .data_bytes = q->data.bytes,
                             .data_examples = q->data.examples, .id = json_copy(q->id), .withheld = q->withheld,
                             .progress = { .loss = NAN, .learning_rate = NAN, .gradient_norm = NAN, .examples_per_second = NAN, .memory_mb = NAN } };
    if (q->validation.file) {
        row->validation_name = json_copy(q->validation.name);
        row->validation_file = json_copy(q->validation.file);
        row->validation_format = json_copy(q->validation.format);
        row->validation_sha256 = json_copy(q->validation.sha256);
    }
}

/* The job's directory with a copy of the base, which the frame's "base" tells of. */
static int put_base(struct api *a, struct request *q, struct job_row *row, struct hone_err *err)
{
    char id[64];
    if (!q->base.path)
        return 0;
    new_job_id(q, id);
    cJSON *frame = cJSON_CreateObject();
    char *dir = job_dir(a->state_dir, id);
    int rc = dir ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = keep_base(a, &q->base, dir, frame, err);
    free(row->id);
    row->id = json_copy(id);
    row->data_counts = json_text(frame, 0);
    cJSON_Delete(frame);
    if (rc < 0 && dir)
        file_remove_tree(dir, NULL);
    free(dir);
    return rc;
}

/* Within a part of a transaction. */
static int insert_waiting(struct api *a, struct store *s, struct request *q, const cJSON *in, struct job_row *row, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    int rc = json_bool(in, "create_agent", 0) ? need_agent(s, q->agent, &agent, err) : find_agent(s, q->agent, &agent, err);
    cJSON *estimates = rc >= 0 ? foresee(s, &q->data, &q->validation, &q->config, &row->progress) : NULL;
    if (rc >= 0) {
        row->agent_id = json_copy(agent.id);
        row->estimates = json_text(estimates, 0);
        rc = job_insert(s, row, err);
    }
    if (rc >= 0)
        rc = usage_add_job(s, row->tenant, row->token_id, row->created_at, err);
    if (rc >= 0)
        rc = quota_check(a, s, QUOTA_OF_JOB, err);
    cJSON_Delete(estimates);
    agent_free(&agent);
    return rc;
}

static int book_waiting(struct api *a, struct request *q, const cJSON *in, struct job_row *row, struct hone_err *err)
{
    struct store *s = books_open(a, err);
    int rc = s ? store_part_begin(s, err) : err->code;
    if (rc >= 0)
        rc = store_part_end(s, insert_waiting(a, s, q, in, row, err), err);
    books_close(a, s);
    return rc;
}

static cJSON *enqueue(struct api *a, const cJSON *in, struct request *q, struct hone_err *err)
{
    struct job_row row;
    int64_t faults;
    int rc = q->data.examples ? 0 : count_examples(&q->data, &q->data.examples, &faults, err);
    if (rc >= 0 && q->validation.file && !q->validation.examples)
        rc = count_examples(&q->validation, &q->validation.examples, &faults, err);
    fill_row(&row, a, q, in);
    crash_at(CRASH_data_stored);
    if (rc >= 0)
        rc = row.config ? put_base(a, q, &row, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = book_waiting(a, q, in, &row, err);
    crash_at(rc >= 0 ? CRASH_job_booked : CRASH_NONE);
    cJSON *out = rc >= 0 ? show_job(a, row.id, err) : NULL;
    if (out && cJSON_IsNull(json_get(out, "started_at")))
        put_time(out, "started_at", row.created_at); /* of the request: the document's answer has a time here */
    if (rc < 0) {
        give_up(a, q);
    } else {
        close(q->hold);
        q->hold = -1;
        queue_wake(a->daemon);
    }
    job_free(&row);
    return out;
}

/* ---- both ---- */

cJSON *api_train(struct api *a, const cJSON *in, const struct api_hooks *hooks, char job_id[64], struct hone_err *err)
{
    struct request q = { .hold = -1 };
    struct runner r = { .a = a, .hooks = hooks, .lock = -1 };
    cJSON *out = NULL;
    api_clear(a);
    if (job_id)
        job_id[0] = '\0';
    q.agent = need_text(in, "agent_id", err);
    q.id = a->call ? a->call->job_id : NULL;
    q.withheld = !json_bool(in, "deploy", 1);
    q.fresh = access(a->state_dir, F_OK) != 0;
    if (!q.agent)
        return NULL;
    int rc = check_config(a, json_get(in, "config"), &q.config, err);
    if (rc == 0)
        rc = check_agent(a, q.agent, err);
    if (rc == 0)
        rc = check_remote(a, &q.config, err);
    if (rc == 0 && a->daemon)
        rc = plugin_names_check(a, &q.config, err);
    if (rc == 0 && q.config.base)
        rc = find_base(a, q.config.base, &q.base, err);
    if (rc == 0 && (rc = keep_files(a, json_get(in, "training_data"), &q, err)) < 0)
        give_up(a, &q);
    if (rc == 0)
        out = a->daemon ? enqueue(a, in, &q, err) : run(&r, &q, err);
    if (job_id)
        snprintf(job_id, 64, "%s", r.job_id);
    runner_free(&r);
    kept_free(&q.data);
    kept_free(&q.validation);
    base_ref_free(&q.base);
    config_free(&q.config);
    return out;
}
