/* See outbox.h. */
#include "core/api/outbox.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/jobs/sender.h"
#include "core/jobs/signature.h"
#include "core/store/usage.h"
#include "core/store/webhook.h"

#define EACH 4                     /* posts at once to one endpoint */
#define MOST 32                    /* posts at once */
#define JITTER 0.2
#define RETRY_AFTER_MOST_MS (INT64_C(24) * 3600 * 1000)
#define LOOK_MS 60000
#define TIDY_MS 3600000
#define TIDY_ROWS 1000
#define GRACE_MS 2000
#define TYPES 16

enum outcome { SENT, RETRIED, FAILED, OUTCOMES };
static const char *const outcome_names[] = { "delivered", "retried", "failed" };

struct flight {
    struct outbox *of;
    char *delivery_id, *webhook_id;
    int type;                      /* in webhook_types; the length of that for a ping */
    int64_t made;                  /* attempts before */
    int64_t at;
    int over;
    struct posted result;
    struct flight *next;
};

struct outbox {
    struct api api;
    struct sender *sender;
    struct flight *list;
    int flying;
    int look, stopping;            /* atomic */
    int64_t next;                  /* when it is to be looked again at the latest */
    int64_t tidied;
    int running;
    pthread_t thread;
    int64_t count[TYPES][OUTCOMES]; /* atomic */
};

/* ---- the schedule ---- */

int64_t outbox_wait_ms(int64_t made, double chance)
{
    static const int64_t after_s[OUTBOX_TRIES] = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    if (made < 1 || made >= OUTBOX_TRIES)
        return -1;
    return (int64_t)((double)after_s[made] * 1000 * (1 - JITTER + 2 * JITTER * chance));
}

static int type_index(const char *type)
{
    int i = 0;
    while (webhook_types[i] && strcmp(webhook_types[i], type) != 0)
        i++;
    return i;
}

static int is_ping(const struct flight *f)
{
    return !webhook_types[f->type];
}

/* What a result means; the attempt's own row says the rest. */
static struct outbox_verdict judge(const struct flight *f, int64_t now)
{
    const struct posted *r = &f->result;
    struct outbox_verdict v = { 0 };
    if (!*r->error)
        return v;
    if (r->status == 410)
        v.disable = "it answered 410 (gone)";
    if (v.disable || r->refused || is_ping(f))
        return v;
    int64_t wait = outbox_wait_ms(f->made + 1, randombytes_random() / 4294967296.0), asked = RETRY_AFTER_MOST_MS;
    if (r->retry_after_s < RETRY_AFTER_MOST_MS / 1000)
        asked = r->retry_after_s * 1000;
    v.exhausted = wait < 0;
    if (!v.exhausted)
        v.again = now + (asked > wait ? asked : wait);
    return v;
}

/* ---- what came of it ---- */

static void flight_free(struct flight *f)
{
    free(f->delivery_id);
    free(f->webhook_id);
    free(f);
}

static void tell(const struct flight *f, const struct outbox_verdict *v, int disabled)
{
    const char *error = f->result.error;
    if (*error && !v->again)
        log_line(LOG_INFO, "webhook %s: delivery %s has failed for good: %s", f->webhook_id, f->delivery_id, error);
    else if (*error)
        log_line(LOG_DEBUG, "webhook %s: attempt %lld of delivery %s failed: %s", f->webhook_id, (long long)f->made + 1, f->delivery_id, error);
    if (disabled)
        log_line(LOG_WARN, "webhook %s is disabled: %s", f->webhook_id, v->disable ? v->disable : "nothing has reached it in all the tries of a delivery");
}

static int write_one(struct store *s, const struct flight *f, struct hone_err *err)
{
    const struct posted *r = &f->result;
    const struct outbox_verdict v = judge(f, clock_wall_ms());
    struct attempt_row a = { .delivery_id = f->delivery_id, .at = f->at, .duration_ms = r->duration_ms, .status = r->status,
                             .error = *r->error ? (char *)(intptr_t)r->error : NULL, .response = *r->response ? (char *)(intptr_t)r->response : NULL };
    int rc = outbox_note(s, &a, &v, err);
    if (rc >= 0) {
        tell(f, &v, rc);
        __atomic_add_fetch(&f->of->count[f->type][!a.error ? SENT : v.again ? RETRIED : FAILED], 1, __ATOMIC_RELAXED);
    }
    return rc;
}

/* Writes down what ended, as one transaction. What cannot be written is sent again. */
static void write_ended(struct outbox *o)
{
    struct hone_err err = { 0 };
    int any = 0, rc = 0;
    for (const struct flight *f = o->list; f; f = f->next)
        any |= f->over;
    if (!any)
        return;
    struct store *s = books_open(&o->api, &err);
    rc = s ? store_begin(s, &err) : err.code;
    for (const struct flight *f = o->list; f && rc >= 0; f = f->next)
        rc = f->over ? write_one(s, f, &err) : rc;
    if (rc >= 0)
        rc = store_commit(s, &err);
    books_close(&o->api, s);
    if (rc < 0)
        log_line(LOG_ERROR, "what came of webhooks cannot be written down, so that they will be sent again: %s", err.text);
    for (struct flight **at = &o->list, *f; (f = *at);) {
        if (!f->over) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        o->flying--;
        flight_free(f);
    }
    if (rc >= 0)
        __atomic_store_n(&o->look, 1, __ATOMIC_RELEASE); /* there is room for others */
    else
        o->next = clock_wall_ms() + LOOK_MS;
}

static void on_posted(void *arg, const struct posted *result)
{
    struct flight *f = arg;
    f->result = *result;
    f->over = 1;
}

/* ---- sending ---- */

static int room_for(const struct outbox *o, const struct due_row *d)
{
    int flying = 0;
    for (const struct flight *f = o->list; f; f = f->next) {
        if (strcmp(f->delivery_id, d->id) == 0)
            return 0;
        flying += strcmp(f->webhook_id, d->webhook_id) == 0;
    }
    return o->flying < MOST && flying < (d->failing_since ? 1 : EACH);
}

/* The signature, and that of the secret before while it holds. */
static int sign(const struct due_row *d, int64_t now, char out[2 * SIGNATURE_BYTES], struct hone_err *err)
{
    char second[SIGNATURE_BYTES];
    int rc = signature_make(d->secret, d->message_id, now / 1000, d->body, out, err);
    if (rc < 0 || !d->old_secret || d->old_until <= now)
        return rc;
    rc = signature_make(d->old_secret, d->message_id, now / 1000, d->body, second, err);
    size_t n = strlen(out);
    snprintf(out + n, 2 * SIGNATURE_BYTES - n, " %s", second);
    return rc;
}

static void begin_one(struct outbox *o, const struct due_row *d)
{
    struct hone_err err = { 0 };
    char signatures[2 * SIGNATURE_BYTES];
    struct flight *f = calloc(1, sizeof *f);
    int64_t now = clock_wall_ms();
    if (!f || !(f->delivery_id = strdup(d->id)) || !(f->webhook_id = strdup(d->webhook_id))) {
        if (f)
            flight_free(f);
        log_line(LOG_ERROR, "memory ran out for a webhook; it is tried again");
        return;
    }
    f->of = o;
    f->type = type_index(d->type);
    f->made = d->attempts;
    f->at = now;
    f->next = o->list;
    o->list = f;
    o->flying++;
    int rc = sign(d, now, signatures, &err);
    const struct post p = { .url = d->url, .body = d->body, .id = d->message_id, .timestamp = now / 1000, .signatures = signatures };
    if (rc >= 0)
        rc = sender_post(o->sender, &p, on_posted, f, &err);
    if (rc >= 0)
        return;
    f->over = 1;
    f->result.retry_after_s = -1;
    snprintf(f->result.error, sizeof f->result.error, "%.190s", err.text);
}

static void begin_due(struct outbox *o)
{
    struct hone_err err = { 0 };
    struct due_list due = { 0 };
    int64_t now = clock_wall_ms();
    if (!__atomic_exchange_n(&o->look, 0, __ATOMIC_ACQ_REL) && o->next > now)
        return;
    struct store *s = books_open(&o->api, &err);
    int rc = s ? outbox_due(s, now, EACH, &due, &o->next, &err) : err.code;
    books_close(&o->api, s);
    if (rc < 0)
        log_line(LOG_ERROR, "the outbox of webhooks cannot be read: %s", err.text);
    if (rc < 0 || !o->next)
        o->next = now + LOOK_MS;
    for (size_t i = 0; i < due.n; i++) {
        if (room_for(o, &due.v[i]))
            begin_one(o, &due.v[i]);
    }
    due_list_free(&due);
}

/* Once an hour: messages that are old, and days that are over. */
static void tidy(struct outbox *o)
{
    struct hone_err err = { 0 };
    int64_t now = clock_wall_ms(), n = TIDY_ROWS;
    if (o->tidied && now - o->tidied < TIDY_MS)
        return;
    o->tidied = now;
    while (n == TIDY_ROWS) { /* a piece at a time, for the sake of those who wait for the books */
        struct store *s = books_open(&o->api, &err);
        n = s ? outbox_prune(s, now - o->api.webhooks.keep_days * INT64_C(86400000), TIDY_ROWS, &err) : err.code;
        if (n >= 0 && n < TIDY_ROWS)
            n = usage_prune(s, now, &err);
        books_close(&o->api, s);
    }
    if (n < 0)
        log_line(LOG_WARN, "old messages of webhooks cannot be removed: %s", err.text);
}

int outbox_step(struct outbox *o, int ms)
{
    int ready = 0;
    if (!__atomic_load_n(&o->stopping, __ATOMIC_ACQUIRE)) {
        tidy(o);
        begin_due(o);
        int64_t left = o->next - clock_wall_ms();
        ms = left < ms ? left > 0 ? (int)left : 0 : ms;
        ready = __atomic_load_n(&o->look, __ATOMIC_ACQUIRE);
    }
    for (const struct flight *f = o->list; f; f = f->next)
        ready |= f->over;
    sender_wait(o->sender, ready ? 0 : ms);
    write_ended(o);
    return o->flying;
}

/* ---- life ---- */

struct outbox *outbox_open(const struct api *a, struct hone_err *err)
{
    const struct webhook_policy *w = &a->webhooks;
    const struct sender_opts opts = { .allow_private = w->allow_private, .allow_http = w->allow_http, .ca_file = w->ca_file, .timeout_ms = w->timeout_ms };
    struct outbox *o = calloc(1, sizeof *o);
    if (!o || !(o->sender = sender_new(&opts, err))) {
        free(o);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    o->api = (struct api){ .state_dir = a->state_dir, .daemon = a->daemon, .webhooks = *w };
    o->look = 1;
    return o;
}

static void *run(void *arg)
{
    struct outbox *o = arg;
    while (!__atomic_load_n(&o->stopping, __ATOMIC_ACQUIRE))
        outbox_step(o, LOOK_MS);
    int64_t end = clock_mono_us() + GRACE_MS * 1000;
    while (o->flying > 0 && clock_mono_us() < end)
        outbox_step(o, 50);
    return NULL;
}

int outbox_run(struct outbox *o, struct hone_err *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
    int error = pthread_create(&o->thread, NULL, run, o);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    o->running = error == 0;
    return error ? hone_fail(err, HONE_EIO, "no thread for webhooks: %s", strerror(error)) : 0;
}

void outbox_wake(struct outbox *o)
{
    __atomic_store_n(&o->look, 1, __ATOMIC_RELEASE);
    sender_wake(o->sender);
}

void outbox_close(struct outbox *o)
{
    if (!o)
        return;
    __atomic_store_n(&o->stopping, 1, __ATOMIC_RELEASE);
    sender_wake(o->sender);
    if (o->running)
        pthread_join(o->thread, NULL);
    sender_free(o->sender);
    for (struct flight *f = o->list, *next; f; f = next) {
        next = f->next;
        flight_free(f);
    }
    free(o);
}

void outbox_metrics(struct outbox *o, struct buf *b)
{
    struct api one = o->api;
    struct hone_err err;
    int64_t waiting = 0;
    struct store *s = books_open(&one, &err);
    int rc = s ? outbox_pending(s, &waiting, &err) : err.code;
    books_close(&one, s);
    buf_puts(b, "# HELP hone_webhook_deliveries_total Attempts to deliver webhooks, by what came of them.\n# TYPE hone_webhook_deliveries_total counter\n");
    for (int i = 0; i == 0 || webhook_types[i - 1]; i++) {
        for (int k = 0; k < OUTCOMES; k++) {
            int64_t n = __atomic_load_n(&o->count[i][k], __ATOMIC_RELAXED);
            if (n)
                buf_printf(b, "hone_webhook_deliveries_total{event=\"%s\",outcome=\"%s\"} %lld\n", webhook_types[i] ? webhook_types[i] : WEBHOOK_TEST,
                           outcome_names[k], (long long)n);
        }
    }
    if (rc >= 0)
        buf_printf(b, "# HELP hone_webhook_queue_length Deliveries that are on their way.\n# TYPE hone_webhook_queue_length gauge\n"
                   "hone_webhook_queue_length %lld\n", (long long)waiting);
}
