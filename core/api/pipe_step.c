/* One part of one step of a pipeline: its condition, its request, its function, what came of it. See pipe.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/api/pipe.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"

#define MAX_REPORT (8 << 20)

/* ---- names in expressions ---- */

/* What an ended part says; NULL with ERR_NOT_FOUND when it said nothing. */
static cJSON *result_of(const struct step_row *row, struct hone_err *err)
{
    if (row->result)
        return stored_json(row->result);
    hone_fail(err, ERR_NOT_FOUND, "step '%.63s' was skipped and has no result", row->name);
    return NULL;
}

const cJSON *pipe_value(void *arg, const char *name, struct hone_err *err)
{
    struct pipe_scope *c = arg;
    const struct pipe_run *r = c->r;
    const cJSON *parameter = json_get(json_get(r->plan.def, "parameters"), name);
    cJSON *made = NULL;
    if (parameter)
        return parameter;
    if (strcmp(name, "part") == 0)
        made = cJSON_CreateNumber(c->part);
    for (int i = 0; i < r->plan.n && !made; i++) {
        const struct pipe_step *s = &r->plan.step[i];
        if (strcmp(s->name, name) != 0)
            continue;
        if (!s->matrix) {
            made = result_of(&r->steps.v[s->first], err);
        } else {
            made = cJSON_CreateArray();
            for (int p = 0; p < s->n_parts && made; p++) {
                cJSON *one = result_of(&r->steps.v[s->first + p], err);
                if (!one) {
                    cJSON_Delete(made);
                    return NULL;
                }
                cJSON_AddItemToArray(made, one);
            }
        }
        if (!made)
            return NULL;
    }
    if (made)
        cJSON_AddItemToArray(c->made, made);
    else
        hone_fail(err, HONE_EINVAL, "'%.60s' is not known", name);
    return made;
}

/* ---- outcomes ---- */

static int set(char **slot, const char *text)
{
    char *copy = json_copy(text);
    free(*slot);
    *slot = copy;
    return text && !copy ? HONE_ENOMEM : 0;
}

static void end_row(struct step_row *row, enum step_status status, const cJSON *result, const char *reason)
{
    row->status = status;
    row->completed_at = clock_wall_ms();
    if (!row->started_at)
        row->started_at = row->completed_at;
    free(row->result);
    row->result = result ? json_text(result, 0) : NULL;
    (void)set(&row->reason, reason);
}

/* What a later try may mend. */
static int may_try_again(int code)
{
    return code == ERR_JOB_FAILED || code == HONE_EIO || code == HONE_ENOMEM || code == ERR_PLUGIN || code == ERR_SERVER || code == ERR_QUOTA ||
           code == HONE_EDIVERGED;
}

/* A failure: tried again, or the end of the step. 1, 0 when it is tried again, or what ends the driving. */
static int fail_row(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const struct hone_err *why, struct hone_err *err)
{
    int again = may_try_again(why->code) && row->attempts <= json_int(s->def, "retries", 0);
    if (again) {
        row->status = STEP_PENDING;
        (void)set(&row->reason, why->text);
    } else {
        end_row(row, STEP_FAILED, NULL, why->text);
    }
    int rc = pipe_note(r, row, err);
    return rc < 0 ? rc : !again;
}

/* ---- trainings ---- */

static cJSON *job_of(struct pipe_run *r, const char *function, const char *id, struct hone_err *err)
{
    cJSON *in = cJSON_CreateObject();
    json_put_str(in, "job_id", id);
    return pipe_call(r, function, in, NULL, err);
}

/* What a job in the books says: 1 completed, 0 it will go on, 2 it rests (a command line may go on with it), or why it failed. */
static int judge_job(const cJSON *job, struct hone_err *err)
{
    const char *status = json_str(job, "status", ""), *id = json_str(job, "job_id", "");
    if (strcmp(status, "completed") == 0)
        return 1;
    if (strcmp(status, "paused") == 0)
        return 2;
    if (strcmp(status, "failed") == 0)
        return hone_fail(err, ERR_JOB_FAILED, "job %s: %s", id, json_str(json_get(job, "error"), "message", "it failed"));
    if (strcmp(status, "cancelled") == 0)
        return hone_fail(err, ERR_CANCELLED, "job %s was cancelled", id);
    return 0;
}

int pipe_train(struct pipe_run *r, struct step_row *row, const cJSON *request, cJSON **job, struct hone_err *err)
{
    cJSON *found = job_of(r, "getTrainingJob", row->job_id, err), *in;
    int rc = found ? judge_job(found, err) : err->code;
    if (rc == 1) {
        *job = found;
        return 1;
    }
    cJSON_Delete(found);
    if (rc == 2 && r->a.daemon)
        return 0; /* somebody has paused it and may resume it */
    if (rc == 2) {
        *job = job_of(r, "resumeTrainingJob", row->job_id, err);
        return *job ? 1 : err->code;
    }
    if (rc != ERR_NOT_FOUND)
        return rc;
    in = cJSON_Duplicate(request, 1);
    if (r->row.local)
        json_put_bool(in, "create_agent", 1);
    struct api_call call = r->call;
    call.job_id = row->job_id;
    found = pipe_call(r, "startTrainingJob", in, &call, err);
    if (!found)
        return err->code == ERR_CONFLICT ? 0 : err->code;
    if (r->a.daemon) {
        cJSON_Delete(found);
        return 0;
    }
    *job = found;
    return 1;
}

static int run_training(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const cJSON *request, struct hone_err *err)
{
    cJSON *job = NULL;
    struct hone_err why = { 0 };
    int rc = pipe_train(r, row, request, &job, &why);
    if (rc == 1 && pipe_put_active(r, job, &why) < 0)
        rc = why.code;
    if (rc == 1) {
        end_row(row, STEP_COMPLETED, job, NULL);
        rc = pipe_note(r, row, err) < 0 ? err->code : 1;
    } else if (rc == ERR_INTERRUPTED || (rc < 0 && pipe_wish(r) != API_GO)) {
        *err = why;
        rc = ERR_INTERRUPTED;
    } else if (rc < 0) {
        rc = fail_row(r, s, row, &why, err);
    } else if ((why.code == ERR_CONFLICT) != (row->reason != NULL)) { /* it begins to wait for another training of its agent, or ends doing so */
        (void)set(&row->reason, why.code == ERR_CONFLICT ? why.text : NULL);
        rc = pipe_note(r, row, err);
    }
    cJSON_Delete(job);
    return rc;
}

/* ---- other functions ---- */

/* The step's end, in the transaction of what it did. */
static int write_outcome(void *arg, struct store *s, const cJSON *data, struct hone_err *err)
{
    struct step_row *row = arg;
    end_row(row, STEP_COMPLETED, data, NULL);
    int rc = row->result ? step_put(s, row, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc < 0)
        row->status = STEP_RUNNING;
    return rc;
}

/* What a report wrote to a file in memory becomes a member of its result. */
static void put_report(cJSON *data, int fd)
{
    off_t n = lseek(fd, 0, SEEK_END);
    int fits = n > 0 && n <= MAX_REPORT;
    char *text = fits ? malloc((size_t)n + 1) : NULL;
    if (fits && !text)
        json_note_loss();
    if (text && file_read_at(fd, text, (size_t)n, 0) == n) {
        text[n] = '\0';
        json_put_str(data, "report", text);
    }
    free(text);
}

static int refused_data(const cJSON *data, struct hone_err *why)
{
    if (json_bool(data, "valid", 1))
        return 0;
    return hone_fail(why, HONE_EINVAL, "%s: %lld rows cannot be used, %lld can; `hone data check` lists them", json_str(data, "file", "the data"),
                     (long long)json_int(data, "errors", 0), (long long)json_int(data, "rows", 0));
}

static int run_function(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const cJSON *request, struct hone_err *err)
{
    struct api_call call = r->call;
    struct hone_err why = { 0 };
    int streams = strcmp(s->kind->name, "report") == 0 && !json_get(request, "output"), rc;
    call.also = s->kind->flags & PIPE_BOOKED ? write_outcome : NULL;
    call.also_arg = row;
    call.fd = streams ? memfd_create("report", MFD_CLOEXEC) : 0;
    cJSON *data = pipe_call(r, s->kind->function, cJSON_Duplicate(request, 1), &call, &why);
    if (data && streams)
        put_report(data, call.fd);
    if (call.fd > 0)
        close(call.fd);
    rc = data ? refused_data(data, &why) : why.code;
    if (rc < 0 && (rc == ERR_INTERRUPTED || pipe_wish(r) != API_GO)) {
        *err = why;
        return ERR_INTERRUPTED;
    }
    if (rc < 0) {
        rc = fail_row(r, s, row, &why, err);
    } else if (row->status == STEP_COMPLETED) { /* written with what it did */
        pipe_tell(r, row);
        rc = 1;
    } else {
        end_row(row, STEP_COMPLETED, data, NULL);
        rc = pipe_note(r, row, err) < 0 ? err->code : 1;
    }
    cJSON_Delete(data);
    return rc;
}

static int run_gate(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const struct expr_names *names, struct hone_err *err)
{
    struct hone_err why = { 0 };
    const char *condition = json_str(s->def, "require", "");
    int holds = expr_true(condition, names, &why), fails = strcmp(json_str(s->def, "otherwise", "stop"), "fail") == 0;
    char text[600];
    cJSON *result = cJSON_CreateObject();
    json_put_bool(result, "passed", holds == 1);
    json_put_str(result, "require", condition);
    snprintf(text, sizeof text, "the condition does not hold: %.500s", condition);
    if (holds < 0)
        end_row(row, STEP_FAILED, NULL, why.text);
    else
        end_row(row, holds ? STEP_COMPLETED : fails ? STEP_FAILED : STEP_STOPPED, result, holds ? NULL : text);
    cJSON_Delete(result);
    return pipe_note(r, row, err) < 0 ? err->code : 1;
}

/* ---- a part ---- */

/* Its condition: 1 it is to be run, 0 it has ended, or what ends the driving. */
static int check_condition(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const struct expr_names *names, struct hone_err *err)
{
    const char *when = json_str(s->def, "when", NULL);
    struct hone_err why = { 0 };
    char text[600];
    int holds = when ? expr_true(when, names, &why) : 1;
    if (holds == 1)
        return 1;
    snprintf(text, sizeof text, "%s%.500s", holds < 0 ? "when: " : "its condition does not hold: ", holds < 0 ? why.text : when);
    end_row(row, holds < 0 ? STEP_FAILED : STEP_SKIPPED, NULL, text);
    return pipe_note(r, row, err) < 0 ? err->code : 0;
}

/* An earlier result that holds, else the entry that it begins: 1 it has ended, 0 it is to be run. */
static int begin(struct pipe_run *r, const struct pipe_step *s, struct step_row *row, const cJSON *request, struct hone_err *err)
{
    struct hone_err why = { 0 };
    char hex[65] = "", id[64];
    int rc = s->kind->flags & PIPE_CACHED && json_bool(s->def, "cache", 1) ? pipe_inputs(r, s->kind, request, hex, &why) : 0;
    if (rc == 0 && *hex)
        rc = set(&row->inputs, hex) < 0 ? hone_fail(err, HONE_ENOMEM, "memory ran out") : pipe_take_same(r, s->kind, row, &why);
    if (rc == 1) {
        row->status = STEP_COMPLETED;
        row->started_at = row->completed_at = clock_wall_ms();
        return pipe_note(r, row, err) < 0 ? err->code : 1;
    }
    row->attempts++;
    row->started_at = clock_wall_ms();
    if (rc < 0)
        return fail_row(r, s, row, &why, err);
    row->status = STEP_RUNNING;
    if (s->kind->flags & PIPE_TRAINS) {
        id_new("job", id, sizeof id);
        if (set(&row->job_id, id) < 0)
            return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    return pipe_note(r, row, err);
}

int pipe_step_run(struct pipe_run *r, int step, struct step_row *row, struct hone_err *err)
{
    const struct pipe_step *s = &r->plan.step[step];
    struct pipe_scope scope = { .r = r, .step = step, .part = (int)row->part, .made = cJSON_CreateArray() };
    const struct expr_names names = { .arg = &scope, .value = pipe_value };
    struct hone_err why = { 0 };
    cJSON *request = NULL;
    int rc = row->status == STEP_PENDING ? check_condition(r, s, row, &names, err) : 1;
    if (rc != 1) {
        rc = rc == 0 ? 1 : rc;
        goto out;
    }
    if (!s->kind->function) {
        rc = run_gate(r, s, row, &names, err);
        goto out;
    }
    cJSON *params = pipe_params(s, (int)row->part), *filled = expr_fill(params, &names, &why);
    request = filled ? pipe_request(s->kind, filled, json_str(r->plan.def, "directory", NULL)) : NULL;
    cJSON_Delete(params);
    cJSON_Delete(filled);
    if (!request) {
        rc = fail_row(r, s, row, &why, err);
        goto out;
    }
    rc = row->status == STEP_PENDING ? begin(r, s, row, request, err) : 0;
    if (rc == 0 && row->status == STEP_RUNNING)
        rc = s->kind->flags & PIPE_TRAINS ? run_training(r, s, row, request, err) : run_function(r, s, row, request, err);
out:
    cJSON_Delete(request);
    cJSON_Delete(scope.made);
    return rc;
}
