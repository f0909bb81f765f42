/* api_call_function() and what it gives and takes; see function.h. */
#include <stdlib.h>
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/text.h"

#define MAX_FUNCTIONS 128
#define FULL_RETRY_S 10

/* ---- texts that are shared ---- */

struct api_text *api_text_new(const char *bytes, size_t n)
{
    struct api_text *t = malloc(sizeof *t + n + 1);
    if (!t)
        return NULL;
    t->n = n;
    t->refs = 1;
    memcpy(t->bytes, bytes, n);
    t->bytes[n] = '\0';
    return t;
}

struct api_text *api_text_keep(struct api_text *t)
{
    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void api_text_free(struct api_text *t)
{
    if (t && __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(t);
}

void api_answer_free(struct api_answer *answer)
{
    if (!answer)
        return;
    cJSON_Delete(answer->data);
    cJSON_Delete(answer->details);
    api_text_free(answer->text);
    *answer = (struct api_answer){ 0 };
}

/* ---- the table ---- */

const struct api_function *api_function_find(const char *name, const char **near)
{
    const char *names[MAX_FUNCTIONS + 1];
    int n = 0;
    for (const struct api_function *f = api_functions; f->name; f++) {
        if (strcmp(f->name, name) == 0)
            return f;
        if (n < MAX_FUNCTIONS)
            names[n++] = f->name;
    }
    names[n] = NULL;
    if (near)
        *near = text_nearest(name, names);
    return NULL;
}

static const char *const scopes[] = { "read", "train", "admin" };

const char *api_scope_name(enum api_scope scope)
{
    return scopes[scope];
}

int api_scope_by_name(const char *name)
{
    for (int i = 0; i <= API_ADMIN; i++) {
        if (strcmp(scopes[i], name) == 0)
            return i;
    }
    return -1;
}

int api_status(int code)
{
    static const struct {
        const char *word;
        int status;
    } table[] = {
        { "UNAUTHORIZED", 401 }, { "VALIDATION_ERROR", 422 }, { "NOT_FOUND", 404 }, { "CONFLICT", 409 },
        { "QUOTA_EXCEEDED", 429 }, { "PRECONDITION_FAILED", 412 },
    };
    const char *word = err_api_code(code);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].word, word) == 0)
            return table[i].status;
    }
    return code == ERR_FULL || code == ERR_INTERRUPTED ? 503 : 500;
}

/* ---- a call ---- */

static const struct api_function *find(const struct api_call *call, struct hone_err *err)
{
    const char *near = NULL;
    const struct api_function *f = api_function_find(call->function, &near);
    if (f)
        return f;
    hone_fail(err, ERR_NOT_FOUND, "there is no function '%.80s'%s%s%s", call->function, near ? "; did you mean " : "", near ? near : "",
              near ? "?" : "");
    return NULL;
}

/* Whether the caller may, and what is asked for is well formed. Faults are left in a->details. */
static int check(struct api *a, const struct api_function *f, cJSON *in, struct hone_err *err)
{
    const struct api_call *call = a->call;
    if (call->scope < f->scope)
        return hone_fail(err, ERR_AUTH, "%s needs a token with scope %s; this one has scope %s", f->name, scopes[f->scope], scopes[call->scope]);
    cJSON *faults = cJSON_CreateArray();
    int rc = shape_check(f->in, in, call->local, faults, err);
    if (rc < 0)
        a->details = faults;
    else
        cJSON_Delete(faults);
    return rc < 0 ? rc : 0;
}

/* A call that was checked. */
static int execute(struct api *a, const struct api_function *f, cJSON *in, struct hone_err *err)
{
    a->answer->data = f->run(a, in, err);
    if (!a->answer->data && !a->answer->text)
        return err->code < 0 ? err->code : hone_fail(err, ERR_PLUGIN, "%s gave no answer", f->name);
    if (!a->answer->status)
        a->answer->status = f->flags & API_CREATES ? 201 : 200;
    return 0;
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out while the request was worked on; look what has become of it before it is sent again");
}

static int run(struct api *a, const struct api_function *f, cJSON *in, struct hone_err *err)
{
    int rc = json_lost() ? no_memory(err) : check(a, f, in, err);
    if (rc < 0)
        return rc;
    return once_applies(a, f) ? once_run(a, f, in, execute, err) : execute(a, f, in, err);
}

void api_answer_fail(struct api_answer *answer, int rc, cJSON *details)
{
    cJSON_Delete(answer->data);
    cJSON_Delete(answer->details);
    answer->data = NULL;
    answer->code = err_api_code(rc);
    answer->status = api_status(rc);
    answer->details = details;
    answer->retryable |= rc == ERR_QUOTA || rc == ERR_FULL || rc == HONE_ENOMEM || rc == HONE_EIO;
    if (rc == ERR_FULL)
        answer->retry_after_s = FULL_RETRY_S;
}

int api_call_function(struct api *a, const struct api_call *call, struct api_answer *answer, struct hone_err *err)
{
    struct api one = *a;
    *answer = (struct api_answer){ 0 };
    one.details = NULL;
    one.call = call;
    one.answer = answer;
    cJSON *none = call->in ? NULL : cJSON_CreateObject();
    const struct api_function *f = find(call, err);
    const char *before = log_trace(call->trace_id);
    int rc = f ? run(&one, f, call->in ? call->in : none, err) : err->code;
    if (json_lost() && rc >= 0)
        rc = no_memory(err);
    log_trace(before);
    cJSON_Delete(none);
    if (rc < 0) {
        api_answer_fail(answer, rc, one.details);
        one.details = NULL;
    }
    api_clear(&one);
    daemon_note_call(a->daemon, rc);
    return rc;
}

void api_begin_function(struct api *a, const struct api_call *call, api_done *done, void *arg)
{
    struct hone_err err = { 0 };
    struct api_answer answer = { 0 };
    struct api one = *a;
    const struct api_function *f = api_function_find(call->function, NULL);
    int rc;
    one.details = NULL;
    one.call = call;
    if (f && f->begin && a->serving) {
        cJSON *none = call->in ? NULL : cJSON_CreateObject(), *in = call->in ? call->in : none;
        rc = check(&one, f, in, &err);
        rc = rc < 0 ? rc : f->begin(&one, in, done, arg, &err);
        cJSON_Delete(none);
        if (rc == 0)
            return;
        api_answer_fail(&answer, rc, one.details);
        one.details = NULL;
        api_clear(&one);
        daemon_note_call(a->daemon, rc);
    } else {
        rc = api_call_function(a, call, &answer, &err);
    }
    done(arg, rc, &answer, &err);
    api_answer_free(&answer);
}
