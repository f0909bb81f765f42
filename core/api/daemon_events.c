/* Events of jobs to those who watch them: kept ones, which are rows of the books, and live news. See daemon.h. */
#include <stdlib.h>
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/store/event.h"

/* Rows that are read at once. */
#define BATCH 256

static void tell(struct daemon *d, const struct api_event *e)
{
    pthread_mutex_lock(&d->watching);
    for (int i = 0; i < MAX_WATCHERS; i++) {
        if (d->watcher[i].number)
            d->watcher[i].fn(d->watcher[i].arg, e);
    }
    pthread_mutex_unlock(&d->watching);
}

static int has_watcher(struct daemon *d)
{
    int n = 0;
    pthread_mutex_lock(&d->watching);
    for (int i = 0; i < MAX_WATCHERS; i++)
        n |= d->watcher[i].number;
    pthread_mutex_unlock(&d->watching);
    return n != 0;
}

static int give_row(const struct event_row *row, api_watcher *fn, void *arg, struct daemon *d)
{
    struct api_text *data = api_text_new(row->data, strlen(row->data));
    if (!data)
        return HONE_ENOMEM;
    const struct api_event e = { .seq = row->seq, .tenant = row->tenant, .job_id = row->job_id, .type = row->type, .data = data };
    if (fn)
        fn(arg, &e);
    else
        tell(d, &e);
    api_text_free(data);
    return 0;
}

void events_publish(struct daemon *d)
{
    struct event_list list;
    struct hone_err err;
    char tenant[STORE_TENANT_MAX + 1] = "";
    const char *acting = store_tenant(d->store);
    size_t n = BATCH;
    if (acting)
        memcpy(tenant, acting, strlen(acting) + 1);
    store_act_as(d->store, NULL);
    while (n == BATCH) {
        if (event_list(d->store, NULL, d->published, BATCH, &list, &err) < 0) {
            log_line(LOG_WARN, "events cannot be read: %s", err.text);
            break;
        }
        n = list.n;
        for (size_t i = 0; i < n; i++) {
            d->published = list.v[i].seq;
            if (has_watcher(d))
                give_row(&list.v[i], NULL, NULL, d);
        }
        event_list_free(&list);
    }
    store_act_as(d->store, *tenant ? tenant : NULL);
}

void events_live(struct daemon *d, const char *tenant, const char *job_id, const char *type, const cJSON *fields)
{
    if (!has_watcher(d))
        return;
    char *text = json_text(fields, 0);
    struct api_text *data = text ? api_text_new(text, strlen(text)) : NULL;
    if (data)
        tell(d, &(struct api_event){ .tenant = tenant, .job_id = job_id, .type = type, .data = data });
    api_text_free(data);
    free(text);
}

int daemon_watch(struct daemon *d, api_watcher *fn, void *arg, struct hone_err *err)
{
    int number = 0;
    pthread_mutex_lock(&d->watching);
    for (int i = 0; i < MAX_WATCHERS && !number; i++) {
        if (!d->watcher[i].number) {
            number = ++d->last_number;
            d->watcher[i] = (struct watcher){ .fn = fn, .arg = arg, .number = number };
        }
    }
    pthread_mutex_unlock(&d->watching);
    return number ? number : hone_fail(err, ERR_QUOTA, "there are %d watchers of events already", MAX_WATCHERS);
}

void daemon_unwatch(struct daemon *d, int watch)
{
    pthread_mutex_lock(&d->watching);
    for (int i = 0; i < MAX_WATCHERS; i++) {
        if (watch > 0 && d->watcher[i].number == watch)
            d->watcher[i] = (struct watcher){ 0 };
    }
    pthread_mutex_unlock(&d->watching);
}

int daemon_events_since(struct daemon *d, const char *tenant, const char *job, int64_t after, int limit, api_watcher *each, void *arg,
                        int *ended, struct hone_err *err)
{
    struct api one = d->api;
    struct event_list list = { 0 };
    struct job_row row = { 0 };
    const struct api_call call = { .tenant = tenant };
    one.call = &call;
    struct store *s = books_open(&one, err);
    int rc = s ? job_get(s, job, &row, err) : err->code;
    if (rc >= 0)
        rc = event_list(s, job, after, limit, &list, err);
    if (rc >= 0 && ended)
        *ended = row.status != JOB_RUNNING && row.status != JOB_PREPARING && (limit <= 0 || list.n < (size_t)limit);
    job_free(&row);
    books_close(&one, s);
    for (size_t i = 0; rc >= 0 && i < list.n; i++)
        rc = give_row(&list.v[i], each, arg, d);
    int n = (int)list.n;
    event_list_free(&list);
    return rc < 0 ? rc : n;
}
