/* Idempotency keys: a call that changes something is done once, however often it is sent with one key. What is done and the answer to it
 * are one transaction, so that a daemon which dies leaves both or neither. Calls that run a worker or take a file are too long for that:
 * their key is marked as in use, and after a death in between they are done again. See priv.h. */
#include <stdlib.h>
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/buf.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/idempotency.h"

int once_applies(const struct api *a, const struct api_function *f)
{
    return a->daemon && a->call->idempotency_key && (f->flags & API_CHANGES) && !(f->flags & API_SECRET);
}

/* What tells two requests apart: function and body. */
static int hash_call(const struct api_call *call, const cJSON *in, char hex[65], struct hone_err *err)
{
    struct buf b = { 0 };
    buf_printf(&b, "%s\n%s", call->function, call->body_sha256 ? call->body_sha256 : "");
    if (!call->body_sha256)
        json_print(&b, in, 0);
    int rc = buf_oom(&b) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
    if (rc == 0)
        bytes_sha256(b.p, b.n, hex);
    buf_free(&b);
    return rc;
}

/* The answer of an earlier call: 1 when there is one (in a->answer), 0 when the key is new, or why the key is refused. */
static int replay(struct api *a, struct store *s, const char *hash, struct hone_err *err)
{
    struct idempotency_row row = { 0 };
    int rc = idempotency_get(s, a->call->idempotency_key, &row, err);
    if (rc <= 0)
        return rc;
    if (strcmp(row.body_sha256, hash) != 0) {
        rc = hone_fail(err, HONE_EINVAL, "Idempotency-Key: this key came with another request before; use a new one");
    } else if (row.status == 0) {
        a->answer->retryable = 1;
        a->answer->retry_after_s = 1;
        rc = hone_fail(err, ERR_CONFLICT, "Idempotency-Key: the first request with this key is still under way");
    } else {
        a->answer->status = (int)row.status;
        a->answer->replayed = 1;
        a->answer->text = api_text_new(row.response, strlen(row.response));
        rc = a->answer->text ? 1 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    idempotency_free(&row);
    return rc;
}

static int keep(struct api *a, struct store *s, const char *hash, struct hone_err *err)
{
    const struct api_answer *answer = a->answer;
    char *text = answer->text ? NULL : json_text(answer->data, 0);
    int rc = answer->text || text ? idempotency_put(s, a->call->idempotency_key, hash, answer->status, text ? text : answer->text->bytes, err)
                                  : hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(text);
    return rc;
}

/* Look-up, call and answer as one transaction. */
static int as_one(struct api *a, const struct api_function *f, cJSON *in, api_run *run, const char *hash, struct hone_err *err)
{
    struct store *s = books_make(a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = replay(a, s, hash, err);
    if (rc == 0) {
        a->held = s;
        a->discards = cJSON_CreateArray();
        rc = run(a, f, in, err);
        a->held = NULL;
        if (rc >= 0)
            rc = keep(a, s, hash, err);
        if (rc >= 0)
            rc = store_commit(s, err);
    }
    books_close(a, s);
    if (rc >= 0) {
        crash_at(CRASH_call_committed);
        discards_run(a);
    } else {
        cJSON_Delete(a->discards);
        a->discards = NULL;
    }
    return rc < 0 ? rc : 0;
}

/* One step of a long call in the books: `step` is replay(), which also marks the key, keep(), or NULL: the key is free again. */
static int mark(struct api *a, const char *hash, int (*step)(struct api *, struct store *, const char *, struct hone_err *), struct hone_err *err)
{
    struct store *s = books_make(a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = step ? step(a, s, hash, err) : idempotency_forget(s, a->call->idempotency_key, err);
    if (rc == 0 && step == replay)
        rc = idempotency_put(s, a->call->idempotency_key, hash, 0, "", err);
    if (rc == 0)
        rc = store_commit(s, err);
    books_close(a, s);
    return rc;
}

static int in_steps(struct api *a, const struct api_function *f, cJSON *in, api_run *run, const char *hash, struct hone_err *err)
{
    struct hone_err other = { 0 };
    int rc = mark(a, hash, replay, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = run(a, f, in, err);
    if (rc < 0)
        (void)mark(a, hash, NULL, &other);
    else
        rc = mark(a, hash, keep, err);
    return rc < 0 ? rc : 0;
}

int once_run(struct api *a, const struct api_function *f, cJSON *in, api_run *run, struct hone_err *err)
{
    char hash[65];
    int rc = hash_call(a->call, in, hash, err);
    if (rc < 0)
        return rc;
    return f->flags & (API_LONG | API_UPLOAD | API_STREAM) ? in_steps(a, f, in, run, hash, err) : as_one(a, f, in, run, hash, err);
}
