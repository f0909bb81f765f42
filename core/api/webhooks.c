/* Functions about webhooks: endpoints, their secrets, and what was delivered to them. Sending is outbox.c's. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/api/daemon_priv.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/jobs/sender.h"
#include "core/jobs/signature.h"
#include "core/store/webhook.h"

#define OVERLAP_HOURS 24
#define TEST_LOOK_MS 20
#define TEST_MORE_MS 5000 /* beyond the time of a post, for its turn to come */

/* ---- shown ---- */

static cJSON *webhook_json(const struct webhook_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "webhook_id", row->id);
    json_put_str(o, "url", row->url);
    json_put_str(o, "description", row->description);
    json_put(o, "events", json_words(row->events, ' '));
    json_put_bool(o, "enabled", row->disabled_at == 0);
    put_time(o, "disabled_at", row->disabled_at);
    json_put_str(o, "disabled_reason", row->disabled_at ? row->disabled_reason : NULL);
    put_time(o, "failing_since", row->failing_since);
    put_time(o, "old_secret_until", row->old_until > clock_wall_ms() ? row->old_until : 0);
    put_time(o, "created_at", row->created_at);
    put_time(o, "updated_at", row->updated_at);
    return o;
}

static cJSON *attempts_json(struct store *s, const char *id, struct hone_err *err)
{
    struct attempt_list list = { 0 };
    if (attempt_list(s, id, &list, err) < 0)
        return NULL;
    cJSON *out = cJSON_CreateArray();
    for (size_t i = 0; i < list.n; i++) {
        const struct attempt_row *a = &list.v[i];
        cJSON *o = cJSON_CreateObject();
        json_put_int(o, "number", a->number);
        put_time(o, "at", a->at);
        json_put_int(o, "duration_ms", a->duration_ms);
        json_put(o, "response_status", a->status ? cJSON_CreateNumber((double)a->status) : cJSON_CreateNull());
        json_put_str(o, "error", a->error);
        json_put_str(o, "response", a->response);
        cJSON_AddItemToArray(out, o);
    }
    attempt_list_free(&list);
    return out;
}

static cJSON *delivery_json(struct store *s, const struct delivery_row *row, struct hone_err *err)
{
    cJSON *attempts = attempts_json(s, row->id, err), *o = attempts ? cJSON_CreateObject() : NULL;
    json_put_str(o, "delivery_id", row->id);
    json_put_str(o, "webhook_id", row->webhook_id);
    json_put_str(o, "message_id", row->message_id);
    json_put_str(o, "event", row->type);
    json_put_str(o, "job_id", row->job_id);
    json_put_str(o, "status", delivery_state_name((enum delivery_state)row->state));
    json_put(o, "response_status", row->status ? cJSON_CreateNumber((double)row->status) : cJSON_CreateNull());
    json_put_str(o, "error", row->error);
    put_time(o, "next_attempt_at", row->state == DELIVERY_PENDING ? row->due_at : 0);
    put_time(o, "created_at", row->created_at);
    put_time(o, "completed_at", row->done_at);
    json_put(o, "attempts", attempts);
    return o;
}

/* ---- endpoints ---- */

static struct sender_opts policy(const struct api *a)
{
    return (struct sender_opts){ .allow_private = a->webhooks.allow_private, .allow_http = a->webhooks.allow_http };
}

static int check_url(struct api *a, const char *url, struct hone_err *err)
{
    const struct sender_opts o = policy(a);
    int rc = sender_check_url(url, &o, err);
    if (rc < 0) {
        a->details = cJSON_CreateArray();
        cJSON *d = cJSON_CreateObject();
        json_put_str(d, "path", "url");
        json_put_str(d, "message", strncmp(err->text, "url: ", 5) == 0 ? err->text + 5 : err->text);
        cJSON_AddItemToArray(a->details, d);
    }
    return rc;
}

/* " one two ", or what NULL and an empty list stand for: all. free(). */
static char *events_text(const cJSON *list)
{
    struct buf b = { 0 };
    const cJSON *e;
    buf_putc(&b, ' ');
    cJSON_ArrayForEach(e, list) {
        buf_puts(&b, e->valuestring);
        buf_putc(&b, ' ');
    }
    if (b.n == 1)
        buf_puts(&b, WEBHOOK_ALL " ");
    return buf_take(&b);
}

static int set_text(char **slot, char *text, struct hone_err *err)
{
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(*slot);
    *slot = text;
    return 0;
}

static int insert(struct api *a, struct webhook_row *row, struct hone_err *err)
{
    struct store *s = books_make(a, err);
    int rc = s ? store_part_begin(s, err) : err->code;
    if (rc >= 0) {
        rc = webhook_insert(s, row, err);
        rc = store_part_end(s, rc < 0 ? rc : quota_check(a, s, QUOTA_BIT(QUOTA_WEBHOOKS), err), err);
    }
    books_close(a, s);
    return rc;
}

static void forget_secrets(struct webhook_row *row)
{
    if (row->secret)
        sodium_memzero(row->secret, strlen(row->secret));
    if (row->old_secret)
        sodium_memzero(row->old_secret, strlen(row->old_secret));
    webhook_free(row);
}

/* What is told once: the webhook with its new secret (rc below 0: NULL). Both are forgotten. */
static cJSON *told_secret(struct webhook_row *row, char secret[SIGNATURE_SECRET], int rc)
{
    cJSON *out = NULL;
    if (rc >= 0) {
        out = webhook_json(row);
        json_put_str(out, "secret", secret);
    }
    sodium_memzero(secret, SIGNATURE_SECRET);
    forget_secrets(row);
    return out;
}

cJSON *api_webhook_register(struct api *a, const cJSON *in, struct hone_err *err)
{
    char secret[SIGNATURE_SECRET];
    struct webhook_row row = { 0 };
    api_clear(a);
    int rc = check_url(a, json_str(in, "url", ""), err);
    signature_secret(secret);
    if (rc >= 0)
        rc = set_text(&row.url, strdup(json_str(in, "url", "")), err);
    if (rc >= 0)
        rc = set_text(&row.description, strdup(json_str(in, "description", "")), err);
    if (rc >= 0)
        rc = set_text(&row.events, events_text(json_get(in, "events")), err);
    if (rc >= 0)
        rc = set_text(&row.secret, strdup(secret), err);
    if (rc >= 0)
        rc = insert(a, &row, err);
    return told_secret(&row, secret, rc);
}

cJSON *api_webhook_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct webhook_list rows = { 0 };
    int64_t limit = json_int(in, "limit", 50);
    cJSON *items = cJSON_CreateArray(), *out = cJSON_CreateObject();
    struct store *s = books_open(a, err);
    int rc = s ? webhook_list(s, json_str(in, "after", NULL), limit + 1, &rows, err) : err->code == ERR_NOT_FOUND ? 0 : err->code;
    books_close(a, s);
    for (size_t i = 0; i < rows.n && (int64_t)i < limit; i++)
        cJSON_AddItemToArray(items, webhook_json(&rows.v[i]));
    json_put(out, "webhooks", items);
    json_put_bool(out, "has_more", (int64_t)rows.n > limit);
    webhook_list_free(&rows);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

static int change(struct webhook_row *row, const cJSON *in, struct hone_err *err)
{
    const char *url = json_str(in, "url", NULL), *description = json_str(in, "description", NULL);
    const cJSON *events = json_get(in, "events"), *enabled = json_get(in, "enabled");
    int rc = url ? set_text(&row->url, strdup(url), err) : 0;
    if (rc >= 0 && description)
        rc = set_text(&row->description, strdup(description), err);
    if (rc >= 0 && events)
        rc = set_text(&row->events, events_text(events), err);
    if (cJSON_IsTrue(enabled)) {
        row->disabled_at = row->failing_since = 0;
    } else if (rc >= 0 && cJSON_IsFalse(enabled) && !row->disabled_at) {
        row->disabled_at = clock_wall_ms();
        rc = set_text(&row->disabled_reason, strdup("disabled by its owner"), err);
    }
    return rc;
}

cJSON *api_webhook_update(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct webhook_row row = { 0 };
    const char *url = json_str(in, "url", NULL);
    api_clear(a);
    int rc = url ? check_url(a, url, err) : 0;
    struct store *s = rc >= 0 ? books_open(a, err) : NULL;
    if (rc >= 0)
        rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = webhook_get(s, json_str(in, "webhook_id", ""), &row, err);
    int worked = rc >= 0 && !row.disabled_at;
    if (rc >= 0)
        rc = change(&row, in, err);
    if (rc >= 0)
        rc = webhook_update(s, &row, err);
    if (rc >= 0 && worked && row.disabled_at && outbox_give_up(s, row.id, "the endpoint was disabled", err) < 0)
        rc = err->code;
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    cJSON *out = rc >= 0 ? webhook_json(&row) : NULL;
    forget_secrets(&row);
    return out;
}

cJSON *api_webhook_delete(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *id = json_str(in, "webhook_id", "");
    struct store *s = books_open(a, err);
    int rc = s ? webhook_delete(s, id, err) : err->code;
    books_close(a, s);
    if (rc < 0)
        return NULL;
    cJSON *out = cJSON_CreateObject();
    json_put_str(out, "webhook_id", id);
    json_put_bool(out, "deleted", 1);
    return out;
}

cJSON *api_webhook_rotate(struct api *a, const cJSON *in, struct hone_err *err)
{
    char secret[SIGNATURE_SECRET];
    struct webhook_row row = { 0 };
    int64_t hours = json_int(in, "overlap_hours", OVERLAP_HOURS);
    signature_secret(secret);
    struct store *s = books_open(a, err);
    int rc = s ? webhook_get(s, json_str(in, "webhook_id", ""), &row, err) : err->code;
    if (rc >= 0) {
        rc = set_text(&row.old_secret, row.secret, err);
        row.secret = NULL;
        row.old_until = clock_wall_ms() + hours * 3600000;
    }
    if (rc >= 0)
        rc = set_text(&row.secret, strdup(secret), err);
    if (rc >= 0)
        rc = webhook_update(s, &row, err);
    books_close(a, s);
    return told_secret(&row, secret, rc);
}

/* ---- deliveries ---- */

cJSON *api_delivery_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct delivery_list rows = { 0 };
    struct webhook_row webhook;
    const char *id = json_str(in, "webhook_id", NULL), *status = json_str(in, "status", NULL);
    int64_t limit = json_int(in, "limit", 50);
    cJSON *items = cJSON_CreateArray(), *out = cJSON_CreateObject();
    struct store *s = books_open(a, err);
    int rc = s ? 0 : err->code == ERR_NOT_FOUND && !id ? 0 : err->code;
    if (s && id && (rc = webhook_get(s, id, &webhook, err)) >= 0)
        forget_secrets(&webhook);
    if (s && rc >= 0)
        rc = delivery_list(s, id, status ? delivery_state_by_name(status) : -1, json_str(in, "after", NULL), limit + 1, &rows, err);
    for (size_t i = 0; rc >= 0 && i < rows.n && (int64_t)i < limit; i++) {
        cJSON *one = delivery_json(s, &rows.v[i], err);
        rc = one ? 0 : err->code ? err->code : HONE_ENOMEM;
        cJSON_AddItemToArray(items, one);
    }
    books_close(a, s);
    json_put(out, "deliveries", items);
    json_put_bool(out, "has_more", (int64_t)rows.n > limit);
    delivery_list_free(&rows);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

static cJSON *show_delivery(struct api *a, const char *id, int *pending, struct hone_err *err)
{
    struct delivery_row row;
    cJSON *out = NULL;
    struct store *s = books_open(a, err);
    if (s && delivery_get(s, id, &row, err) >= 0) {
        out = delivery_json(s, &row, err);
        *pending = row.state == DELIVERY_PENDING;
        delivery_free(&row);
    }
    books_close(a, s);
    return out;
}

cJSON *api_delivery_again(struct api *a, const cJSON *in, struct hone_err *err)
{
    char *id = NULL;
    int pending;
    struct store *s = books_open(a, err);
    int rc = s ? outbox_again(s, json_str(in, "delivery_id", ""), &id, err) : err->code;
    books_close(a, s);
    cJSON *out = rc >= 0 ? show_delivery(a, id, &pending, err) : NULL;
    free(id);
    return out;
}

/* Looks until the delivery is no longer on its way, or for longer than a post may take. */
static cJSON *wait_for(struct api *a, const char *id, struct hone_err *err)
{
    int64_t ms = (a->webhooks.timeout_ms > 0 ? a->webhooks.timeout_ms : 15000) + TEST_MORE_MS, end = clock_mono_us() + ms * 1000;
    int pending = 1;
    cJSON *out = show_delivery(a, id, &pending, err);
    while (out && pending && clock_mono_us() < end && !daemon_stopping(a->daemon)) {
        nanosleep(&(struct timespec){ .tv_nsec = TEST_LOOK_MS * 1000000L }, NULL);
        cJSON_Delete(out);
        out = show_delivery(a, id, &pending, err);
    }
    return out;
}

/* A test holds one of a few threads for as long as its receiver likes, so that a tenant has one at a time. */
struct webhook_test {
    const char *tenant;
    struct webhook_test *next;
};

static int test_begin(struct api *a, struct webhook_test *t, struct hone_err *err)
{
    struct daemon *d = a->daemon;
    pthread_mutex_lock(&d->queue);
    const struct webhook_test *other = d->tests;
    while (other && strcmp(other->tenant, t->tenant) != 0)
        other = other->next;
    if (!other) {
        t->next = d->tests;
        d->tests = t;
    }
    pthread_mutex_unlock(&d->queue);
    if (!other)
        return 0;
    if (a->answer) {
        a->answer->retryable = 1;
        a->answer->retry_after_s = 1;
    }
    return hone_fail(err, ERR_CONFLICT, "another test of a webhook of this tenant is under way; ask again when it has ended");
}

static void test_end(struct daemon *d, const struct webhook_test *t)
{
    pthread_mutex_lock(&d->queue);
    struct webhook_test **at = &d->tests;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    pthread_mutex_unlock(&d->queue);
}

cJSON *api_webhook_test(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct webhook_test test = { .tenant = a->call && a->call->tenant ? a->call->tenant : STORE_TENANT };
    char *id = NULL;
    if (!a->daemon) {
        hone_fail(err, ERR_PRECONDITION, "webhooks are sent by the daemon, which does not run; start `hone serve`");
        return NULL;
    }
    if (test_begin(a, &test, err) < 0)
        return NULL;
    struct store *s = books_open(a, err);
    int rc = s ? outbox_ping(s, json_str(in, "webhook_id", ""), &id, err) : err->code;
    books_close(a, s);
    cJSON *out = rc >= 0 ? wait_for(a, id, err) : NULL;
    test_end(a->daemon, &test);
    free(id);
    return out;
}
