/* See outbox.h: rows of messages, deliveries and attempts. What a message says is in outbox_body.c. */
#include "core/store/outbox.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/store/db.h"
#include "core/store/webhook.h"

#define COL(name, column, type) { column, type, offsetof(struct delivery_row, name) }
static const struct db_col cols[] = {
    COL(id, "deliveries.id", DB_TEXT), COL(message_id, "message_id", DB_TEXT), COL(webhook_id, "webhook_id", DB_TEXT), COL(type, "type", DB_TEXT),
    COL(job_id, "job_id", DB_TEXT), COL(state, "state", DB_INT), COL(attempts, "attempts", DB_INT),
    COL(due_at, "due_at", DB_INT), COL(status, "status", DB_INT), COL(error, "error", DB_TEXT), COL(created_at, "deliveries.created_at", DB_INT),
    COL(done_at, "done_at", DB_INT),
};
static const struct db_table table = { "deliveries JOIN messages ON messages.id = message_id", cols, sizeof cols / sizeof cols[0],
                                       sizeof(struct delivery_row) };

#define DUE(name, column, type) { column, type, offsetof(struct due_row, name) }
static const struct db_col due_cols[] = {
    DUE(id, "deliveries.id", DB_TEXT), DUE(message_id, "message_id", DB_TEXT), DUE(webhook_id, "webhook_id", DB_TEXT), DUE(type, "type", DB_TEXT),
    DUE(body, "body", DB_TEXT), DUE(url, "url", DB_TEXT), DUE(secret, "secret", DB_TEXT), DUE(old_secret, "old_secret", DB_TEXT),
    DUE(attempts, "attempts", DB_INT), DUE(old_until, "old_until", DB_INT), DUE(failing_since, "failing_since", DB_INT),
};
static const struct db_table due_table = { "webhooks JOIN deliveries ON deliveries.id IN (SELECT d.id FROM deliveries AS d WHERE d.webhook_id = webhooks.id"
                                           " AND d.state = 0 AND d.due_at <= ?1 ORDER BY d.due_at, d.id LIMIT ?2) JOIN messages ON messages.id = message_id",
                                           due_cols, sizeof due_cols / sizeof due_cols[0], sizeof(struct due_row) };

#define ATTEMPT(name, type) { #name, type, offsetof(struct attempt_row, name) }
static const struct db_col attempt_cols[] = {
    ATTEMPT(delivery_id, DB_TEXT), ATTEMPT(number, DB_INT), ATTEMPT(at, DB_INT), ATTEMPT(duration_ms, DB_INT), ATTEMPT(status, DB_INT),
    ATTEMPT(error, DB_TEXT), ATTEMPT(response, DB_TEXT),
};
static const struct db_table attempt_table = { "attempts", attempt_cols, sizeof attempt_cols / sizeof attempt_cols[0], sizeof(struct attempt_row) };

static const char *const states[] = { "pending", "delivered", "failed" };

const char *delivery_state_name(enum delivery_state state)
{
    return states[state];
}

int delivery_state_by_name(const char *name)
{
    for (int i = 0; i < DELIVERY_STATES; i++) {
        if (strcmp(states[i], name) == 0)
            return i;
    }
    return -1;
}

/* ---- adding ---- */

static int add_message(struct store *s, const char *tenant, const char *type, const char *job_id, const cJSON *members, char **id, struct hone_err *err)
{
    int64_t now = clock_wall_ms(), rc;
    char *body = outbox_body(type, now, members);
    *id = NULL;
    if (!body)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a message to webhooks");
    rc = db_new_id("msg", id, err);
    if (rc == 0)
        rc = db_run(s, "INSERT INTO messages (id, tenant, type, job_id, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    DB_ARGS(DB_T(*id), DB_T(tenant), DB_T(type), DB_T(job_id), DB_T(body), DB_I(now)), err);
    free(body);
    return rc < 0 ? (int)rc : 0;
}

static int add_delivery(struct store *s, const char *message_id, const char *webhook_id, char **id, struct hone_err *err)
{
    *id = NULL;
    int64_t rc = db_new_id("dlv", id, err);
    if (rc == 0)
        rc = db_run(s, "INSERT INTO deliveries (id, message_id, webhook_id, state, attempts, due_at, status, created_at, done_at)"
                    " VALUES (?1, ?2, ?3, 0, 0, ?4, 0, ?4, 0)",
                    DB_ARGS(DB_T(*id), DB_T(message_id), DB_T(webhook_id), DB_I(clock_wall_ms())), err);
    s->deliveries++;
    return rc < 0 ? (int)rc : 0;
}

/* Endpoints of the tenant that want the type. */
static int takers(struct store *s, const char *tenant, const char *type, struct db_table *of, void **rows, size_t *n, struct hone_err *err)
{
    static const struct db_col id = { "id", DB_TEXT, 0 };
    *of = (struct db_table){ "webhooks", &id, 1, sizeof(char *) };
    return db_rows(s, of, "WHERE tenant = ?1 AND disabled_at = 0 AND (instr(events, ' ' || ?2 || ' ') > 0 OR (?3 AND instr(events, ' * ') > 0)) ORDER BY id",
                   DB_ARGS(DB_T(tenant), DB_T(type), DB_I(!webhook_type_is_optional(type))), rows, n, err);
}

int outbox_event(struct store *s, const char *tenant, const char *type, const char *job_id, const cJSON *members, struct hone_err *err)
{
    struct db_table of;
    void *rows;
    size_t n;
    char *message = NULL;
    tenant = tenant && *tenant ? tenant : db_tenant(s);
    int rc = takers(s, tenant, type, &of, &rows, &n, err);
    if (rc >= 0 && n > 0)
        rc = add_message(s, tenant, type, job_id, members, &message, err);
    for (size_t i = 0; i < n && rc >= 0; i++) {
        char *id;
        rc = add_delivery(s, message, ((char **)rows)[i], &id, err);
        free(id);
    }
    free(message);
    db_rows_free(&of, rows, n);
    return rc < 0 ? rc : 0;
}

int outbox_ping(struct store *s, const char *webhook_id, char **delivery_id, struct hone_err *err)
{
    struct webhook_row row;
    char *message = NULL;
    *delivery_id = NULL;
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    cJSON *members = cJSON_CreateObject();
    json_put_str(members, "webhook_id", webhook_id);
    rc = webhook_get(s, webhook_id, &row, err);
    if (rc >= 0)
        rc = add_message(s, row.tenant, WEBHOOK_TEST, NULL, members, &message, err);
    if (rc >= 0)
        rc = add_delivery(s, message, webhook_id, delivery_id, err);
    webhook_free(&row);
    cJSON_Delete(members);
    free(message);
    return db_leave(s, rc, err);
}

static int repeat(struct store *s, const char *delivery_id, char **again, struct hone_err *err)
{
    struct delivery_row d;
    struct webhook_row w = { 0 };
    int rc = delivery_get(s, delivery_id, &d, err);
    if (rc >= 0)
        rc = webhook_get(s, d.webhook_id, &w, err);
    if (rc >= 0 && d.state == DELIVERY_PENDING)
        rc = hone_fail(err, ERR_CONFLICT, "delivery %.80s is still on its way", delivery_id);
    if (rc >= 0 && w.disabled_at)
        rc = hone_fail(err, ERR_CONFLICT, "webhook %.80s is disabled (%.200s); enable it first", w.id, w.disabled_reason ? w.disabled_reason : "");
    if (rc >= 0)
        rc = add_delivery(s, d.message_id, d.webhook_id, again, err);
    delivery_free(&d);
    webhook_free(&w);
    return rc;
}

int outbox_again(struct store *s, const char *delivery_id, char **again, struct hone_err *err)
{
    *again = NULL;
    int rc = db_enter(s, err);
    return rc != 0 ? rc : db_leave(s, repeat(s, delivery_id, again, err), err);
}

int64_t outbox_give_up(struct store *s, const char *webhook_id, const char *why, struct hone_err *err)
{
    return db_run(s, "UPDATE deliveries SET state = 2, done_at = ?2, error = ?3 WHERE state = 0 AND webhook_id = ?1",
                  DB_ARGS(DB_T(webhook_id), DB_I(clock_wall_ms()), DB_T(why)), err);
}

/* ---- sending ---- */

int outbox_due(struct store *s, int64_t now, int64_t each, struct due_list *list, int64_t *next, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &due_table, "ORDER BY due_at, deliveries.id", DB_ARGS(DB_I(now), DB_I(each)), &rows, &list->n, err);
    list->v = rows;
    if (rc >= 0 && next)
        rc = db_number(s, "SELECT coalesce(min(due_at), 0) FROM deliveries WHERE state = 0 AND due_at > ?1", DB_ARGS(DB_I(now)), next, err);
    if (rc < 0)
        due_list_free(list);
    return rc < 0 ? rc : 0;
}

#define ITS "(SELECT webhook_id FROM deliveries WHERE id = ?1)"

/* Whether it was disabled: 1, 0, or a code. What waits for it then has failed. */
static int64_t disable(struct store *s, const struct attempt_row *a, const struct outbox_verdict *v, struct hone_err *err)
{
    static const char gone[] = "UPDATE webhooks SET disabled_at = ?2, disabled_reason = ?3 WHERE disabled_at = 0 AND id = " ITS;
    static const char tired[] = "UPDATE webhooks SET disabled_at = ?2, disabled_reason = ?3 WHERE disabled_at = 0 AND id = " ITS
                                " AND failing_since <= (SELECT min(at) FROM attempts WHERE delivery_id = ?1)";
    if (!v->disable && !v->exhausted)
        return 0;
    int64_t n = db_run(s, v->disable ? gone : tired, DB_ARGS(DB_T(a->delivery_id), DB_I(a->at), DB_T(v->disable ? v->disable : "nothing has reached it "
                       "in all the tries of a delivery")), err);
    if (n <= 0)
        return n;
    n = db_run(s, "UPDATE deliveries SET state = 2, done_at = ?2, error = 'the endpoint was disabled' WHERE state = 0 AND id <> ?1 AND webhook_id = " ITS,
               DB_ARGS(DB_T(a->delivery_id), DB_I(a->at)), err);
    return n < 0 ? n : 1;
}

static int note(struct store *s, struct attempt_row *a, const struct outbox_verdict *v, struct hone_err *err)
{
    enum delivery_state state = !a->error ? DELIVERY_DONE : v->again ? DELIVERY_PENDING : DELIVERY_FAILED;
    int64_t rc = db_number(s, "SELECT attempts + 1 FROM deliveries WHERE id = ?1", DB_ARGS(DB_T(a->delivery_id)), &a->number, err);
    if (rc <= 0)
        return (int)rc; /* its endpoint was removed meanwhile */
    rc = db_insert(s, "INSERT", &attempt_table, a, err);
    if (rc >= 0)
        rc = db_run(s, "UPDATE webhooks SET failing_since = CASE WHEN ?3 THEN CASE failing_since WHEN 0 THEN ?2 ELSE failing_since END ELSE 0 END"
                    " WHERE id = " ITS, DB_ARGS(DB_T(a->delivery_id), DB_I(a->at), DB_I(a->error != NULL)), err);
    if (rc >= 0)
        rc = db_run(s, "UPDATE deliveries SET attempts = ?2, status = ?3, error = ?4 WHERE id = ?1",
                    DB_ARGS(DB_T(a->delivery_id), DB_I(a->number), DB_I(a->status), DB_T(a->error)), err);
    if (rc >= 0)
        rc = db_run(s, "UPDATE deliveries SET state = ?2, due_at = ?3, done_at = ?4 WHERE id = ?1 AND state = 0",
                    DB_ARGS(DB_T(a->delivery_id), DB_I(state), DB_I(v->again), DB_I(state == DELIVERY_PENDING ? 0 : a->at + a->duration_ms)), err);
    return rc < 0 ? (int)rc : (int)disable(s, a, v, err);
}

int outbox_note(struct store *s, struct attempt_row *a, const struct outbox_verdict *v, struct hone_err *err)
{
    int rc = db_enter(s, err);
    return rc != 0 ? rc : db_leave(s, note(s, a, v, err), err);
}

/* ---- looking ---- */

int delivery_get(struct store *s, const char *id, struct delivery_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE deliveries.id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no delivery '%.200s'", id) : rc < 0 ? rc : 0;
}

int delivery_list(struct store *s, const char *webhook_id, int state, const char *after, int64_t limit, struct delivery_list *list,
                  struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE (?1 IS NULL OR webhook_id = ?1) AND (?2 < 0 OR state = ?2) AND (?3 IS NULL OR deliveries.id < ?3) AND" MINE
                     "ORDER BY deliveries.id DESC LIMIT ?4",
                     DB_ARGS(DB_T(webhook_id), DB_I(state), DB_T(after), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int attempt_list(struct store *s, const char *delivery_id, struct attempt_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &attempt_table, "WHERE delivery_id = ?1 ORDER BY number", DB_ARGS(DB_T(delivery_id)), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int outbox_pending(struct store *s, int64_t *n, struct hone_err *err)
{
    int rc = db_number(s, "SELECT count(*) FROM deliveries WHERE state = 0", NULL, 0, n, err);
    return rc < 0 ? rc : 0;
}

#define OLD "SELECT id FROM messages WHERE created_at < ?1" \
            " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = messages.id AND (state = 0 OR done_at >= ?1)) ORDER BY created_at LIMIT ?2"

static int64_t prune(struct store *s, int64_t before, int64_t most, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE message_id IN (" OLD "))",
                        DB_ARGS(DB_I(before), DB_I(most)), err);
    if (rc >= 0)
        rc = db_run(s, "DELETE FROM deliveries WHERE message_id IN (" OLD ")", DB_ARGS(DB_I(before), DB_I(most)), err);
    return rc < 0 ? rc : db_run(s, "DELETE FROM messages WHERE id IN (" OLD ")", DB_ARGS(DB_I(before), DB_I(most)), err);
}

int64_t outbox_prune(struct store *s, int64_t before, int64_t most, struct hone_err *err)
{
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    int64_t n = prune(s, before, most, err);
    rc = db_leave(s, n < 0 ? (int)n : 0, err);
    return rc < 0 ? rc : n;
}

void delivery_free(struct delivery_row *row)
{
    db_row_free(&table, row);
}

void delivery_list_free(struct delivery_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct delivery_list){ 0 };
}

void due_list_free(struct due_list *list)
{
    db_rows_free(&due_table, list->v, list->n);
    *list = (struct due_list){ 0 };
}

void attempt_list_free(struct attempt_list *list)
{
    db_rows_free(&attempt_table, list->v, list->n);
    *list = (struct attempt_list){ 0 };
}
