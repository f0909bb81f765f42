/* Streams of events: who watches a job shares one ring with those who are there, gets kept events by their ids, and skips when he is slow. */
#include <CUnit/CUnit.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/http/events.h"
#include "tests/unit/suites.h"

static struct hone_err err;

/* A job whose kept events are "1" to n. */
static struct {
    pthread_mutex_t lock;
    int n, ended, woken, waiting, asked;
} job = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct api_event event_of(int64_t seq, const char *type, const char *data)
{
    return (struct api_event){ .seq = seq, .tenant = "t", .job_id = "job_1", .type = type, .data = api_text_new(data, strlen(data)) };
}

static int since(void *arg, const char *tenant, const char *job_id, int64_t after, int limit, api_watcher *each, void *to, int *ended,
                 struct hone_err *e)
{
    (void)arg;
    if (strcmp(tenant, "t") != 0 || strcmp(job_id, "job_1") != 0)
        return hone_fail(e, ERR_NOT_FOUND, "there is no such job");
    pthread_mutex_lock(&job.lock);
    int n = job.n;
    *ended = job.ended;
    job.asked++;
    pthread_mutex_unlock(&job.lock);
    int given = 0;
    for (int64_t seq = after + 1; seq <= n && given < limit; seq++, given++) {
        char data[32];
        snprintf(data, sizeof data, "{\"n\":%d}", (int)seq);
        struct api_event v = event_of(seq, "epoch", data);
        each(to, &v);
        api_text_free(v.data);
    }
    return given;
}

static void woken(void *connection)
{
    pthread_mutex_lock(&job.lock);
    job.woken += *(int *)connection;
    pthread_mutex_unlock(&job.lock);
}

static void waits(void *connection)
{
    pthread_mutex_lock(&job.lock);
    job.waiting += *(int *)connection;
    pthread_mutex_unlock(&job.lock);
}

static void job_has(int n, int ended)
{
    pthread_mutex_lock(&job.lock);
    job.n = n;
    job.ended = ended;
    job.woken = job.waiting = job.asked = 0;
    pthread_mutex_unlock(&job.lock);
}

static void tell(struct events *e, int64_t seq, const char *type, const char *data)
{
    struct api_event v = event_of(seq, type, data);
    events_take(e, &v);
    api_text_free(v.data);
}

static void until_woken(int n)
{
    int got = 0;
    for (int i = 0; i < 1000 && got < n; i++) {
        usleep(5000);
        pthread_mutex_lock(&job.lock);
        got = job.woken;
        pthread_mutex_unlock(&job.lock);
    }
    CU_ASSERT_EQUAL(got, n);
}

/* All that is there, read in pieces of `step`. */
static ptrdiff_t drain(struct watcher *w, size_t step, char *out)
{
    size_t n = 0;
    ptrdiff_t last;
    while ((last = events_read(w, out + n, step)) > 0)
        n += (size_t)last;
    out[n] = '\0';
    return last;
}

static const struct http_program program = { .events_since = since };

static void streams(void)
{
    const struct events_source source = { .program = &program, .wake = woken, .wait = waits, .heartbeat_ms = 60000, .retry_ms = 2000 };
    struct events *e = events_open(&source);
    char text[4096];
    int first = 1, second = 10, over;
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    job_has(2, 0);
    struct watcher *a = events_watch(e, "t", "job_1", 0, &first, &over, &err), *b;
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(drain(a, 1000, text), 0);
    CU_ASSERT_STRING_EQUAL(text, "retry: 2000\n\nid: 1\nevent: epoch\ndata: {\"n\":1}\n\nid: 2\nevent: epoch\ndata: {\"n\":2}\n\n");
    b = events_watch(e, "t", "job_1", 1, &second, &over, &err);   /* comes back, having seen the first */
    drain(b, 1000, text);
    CU_ASSERT_STRING_EQUAL(text, "retry: 2000\n\nid: 2\nevent: epoch\ndata: {\"n\":2}\n\n");
    CU_ASSERT_EQUAL(job.waiting, 11);
    tell(e, 0, "progress", "{\"step\":7}");
    until_woken(11);
    drain(a, 1000, text);
    CU_ASSERT_STRING_EQUAL(text, "event: progress\ndata: {\"step\":7}\n\n");
    drain(b, 5, text);                /* however the text is cut */
    CU_ASSERT_STRING_EQUAL(text, "event: progress\ndata: {\"step\":7}\n\n");
    /* An event that comes both by a page and by the ring is sent once. */
    CU_ASSERT_EQUAL(events_watchers(e), 2);
    events_leave(b);
    job_has(3, 0);
    b = events_watch(e, "t", "job_1", 2, &second, &over, &err);
    tell(e, 3, "epoch", "{\"n\":3}");
    drain(b, 1000, text);
    CU_ASSERT_STRING_EQUAL(text, "retry: 2000\n\nid: 3\nevent: epoch\ndata: {\"n\":3}\n\n");
    events_leave(b);
    drain(a, 1000, text);
    CU_ASSERT_STRING_EQUAL(text, "id: 3\nevent: epoch\ndata: {\"n\":3}\n\n");
    /* Behind a status the stream ends when the job has. */
    job_has(4, 0);
    tell(e, 4, "status", "{\"status\":\"running\"}");
    CU_ASSERT_EQUAL(drain(a, 1000, text), 0);
    job_has(5, 1);
    tell(e, 5, "status", "{\"status\":\"completed\"}");
    CU_ASSERT_EQUAL(drain(a, 1000, text), -1);
    CU_ASSERT_STRING_EQUAL(text, "id: 5\nevent: status\ndata: {\"status\":\"completed\"}\n\n");
    events_leave(a);
    CU_ASSERT_PTR_NULL(events_watch(e, "t", "job_1", 5, &first, &over, &err));
    CU_ASSERT(over);
    CU_ASSERT_PTR_NULL(events_watch(e, "other", "job_1", 0, &first, &over, &err));
    CU_ASSERT(!over && err.code == ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(events_watchers(e), 0);
    struct buf list = { 0 };
    CU_ASSERT_EQUAL(events_list(e, "t", "job_1", 1, 3, &list, &err), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&list), "{\"events\": [{\"id\": \"2\", \"event\": \"epoch\", \"data\": {\"n\":2}}, {\"id\": \"3\", \"event\": \"epoch\", "
                           "\"data\": {\"n\":3}}, {\"id\": \"4\", \"event\": \"epoch\", \"data\": {\"n\":4}}], \"last_event_id\": \"4\", \"ended\": false}");
    buf_free(&list);
    events_end(e);
    events_close(e);
}

/* A watcher that never reads in time gets every kept event, each as a whole and once; live ones may be lost. */
static void slow_watcher(void)
{
    const struct events_source source = { .program = &program, .wake = woken, .wait = waits, .heartbeat_ms = 200, .retry_ms = 1 };
    struct events *e = events_open(&source);
    static char text[65536];
    char data[32], want[64];
    int one = 1, over, kept = 3 * EVENTS_RING;
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    job_has(0, 0);
    struct watcher *w = events_watch(e, "t", "job_1", 0, &one, &over, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    tell(e, 0, "progress", "{\"live\":1}");
    ptrdiff_t n = events_read(w, text, 35), m;
    CU_ASSERT_EQUAL(n, 35);           /* in the middle of the first event */
    for (int i = 1; i <= kept; i++) {
        snprintf(data, sizeof data, "{\"n\":%d}", i);
        job_has(i, 0);
        tell(e, i, "epoch", data);
        tell(e, 0, "progress", "{\"live\":2}");
    }
    while ((m = events_read(w, text + n, 1000)) > 0)
        n += m;
    text[n] = '\0';
    const char *at = strstr(text, "data: {\"live\":1}\n\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    for (int i = 1; i <= kept && at; i++) {
        snprintf(want, sizeof want, "\nid: %d\nevent: epoch\ndata: {\"n\":%d}\n\n", i, i);
        at = strstr(at, want);
        CU_ASSERT_PTR_NOT_NULL(at);
        CU_ASSERT(!at || !strstr(at + 1, want));
    }
    text[0] = '\0';
    for (int i = 0; i < 500 && !text[0]; i++) {
        usleep(10000);
        drain(w, 1000, text);
    }
    CU_ASSERT_EQUAL(strncmp(text, ":\n\n", 3), 0);      /* a heartbeat, or more of them on a busy machine */
    CU_ASSERT_EQUAL(strspn(text, ":\n"), strlen(text));
    events_end(e);
    CU_ASSERT_EQUAL(events_read(w, text, 1000), -1);
    events_leave(w);
    events_close(e);
}

int test_events(void)
{
    CU_pSuite s = CU_add_suite("events", NULL, NULL);
    return s && CU_add_test(s, "watchers share events", streams) && CU_add_test(s, "a slow watcher skips", slow_watcher) ? 0 : -1;
}
