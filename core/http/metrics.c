/* See metrics.h. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/http/request.h"

static const int codes[METRICS_CODES] = { 200, 201, 204, 304, 400, 401, 404, 405, 406, 409, 412, 413, 414, 415, 422, 429, 431, 500, 503, 0 };
static const int64_t bounds_us[METRICS_BUCKETS] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
                                                    5000000, 30000000 };

static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *from)
{
    return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)from, memory_order_relaxed);
}

/* The handler's place, taken by whoever comes first; names are compared as pointers. NULL when all are taken. */
static struct metrics_handler *find(struct metrics *m, const char *name)
{
    size_t i = (size_t)((uintptr_t)name >> 4) % METRICS_HANDLERS;
    for (int tries = 0; tries < METRICS_HANDLERS; tries++, i = (i + 1) % METRICS_HANDLERS) {
        const char *there = atomic_load_explicit(&m->handler[i].name, memory_order_acquire);
        if (!there && atomic_compare_exchange_strong(&m->handler[i].name, &there, name))
            return &m->handler[i];
        if (there == name)
            return &m->handler[i];
    }
    return NULL;
}

void metrics_note(struct metrics *m, const char *handler, int status, int64_t duration_us, int64_t bytes_in, int64_t bytes_out)
{
    struct metrics_handler *h = find(m, handler);
    int code = 0, bucket = 0;
    add(&m->bytes_in, (uint64_t)bytes_in);
    add(&m->bytes_out, (uint64_t)bytes_out);
    if (!h)
        return;
    while (codes[code] && codes[code] != status)
        code++;
    while (bucket < METRICS_BUCKETS && duration_us > bounds_us[bucket])
        bucket++;
    add(&h->code[code], 1);
    add(&h->bucket[bucket], 1);
    add(&h->sum_us, (uint64_t)duration_us);
}

/* ---- the text ---- */

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct buf *b, const char *name, const char *type, const char *help, double value)
{
    head(b, name, type, help);
    buf_printf(b, "%s %.17g\n", name, value);
}

static void write_histogram(const struct metrics_handler *h, const char *name, struct buf *b)
{
    uint64_t n = 0;
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        n += get(&h->bucket[i]);
        buf_printf(b, "http_request_duration_seconds_bucket{handler=\"%s\",le=\"%g\"} %llu\n", name, (double)bounds_us[i] / 1e6,
                   (unsigned long long)n);
    }
    n += get(&h->bucket[METRICS_BUCKETS]);
    buf_printf(b, "http_request_duration_seconds_bucket{handler=\"%s\",le=\"+Inf\"} %llu\n", name, (unsigned long long)n);
    buf_printf(b, "http_request_duration_seconds_sum{handler=\"%s\"} %.6f\n", name, (double)get(&h->sum_us) / 1e6);
    buf_printf(b, "http_request_duration_seconds_count{handler=\"%s\"} %llu\n", name, (unsigned long long)n);
}

static void write_handlers(struct metrics *m, struct buf *b)
{
    head(b, "http_requests_total", "counter", "Requests answered.");
    for (int i = 0; i < METRICS_HANDLERS; i++) {
        const char *name = atomic_load(&m->handler[i].name);
        for (int code = 0; name && code < METRICS_CODES; code++) {
            uint64_t n = get(&m->handler[i].code[code]);
            if (n)
                buf_printf(b, "http_requests_total{handler=\"%s\",code=\"%d\"} %llu\n", name, codes[code], (unsigned long long)n);
        }
    }
    head(b, "http_request_duration_seconds", "histogram", "Time from the first line of a request to the end of its answer.");
    for (int i = 0; i < METRICS_HANDLERS; i++) {
        const char *name = atomic_load(&m->handler[i].name);
        if (name)
            write_histogram(&m->handler[i], name, b);
    }
}

static double open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    double n = -3;                 /* itself, "." and ".." */
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 0 ? n : 0;
}

static void write_process(struct buf *b)
{
    struct rusage u = { 0 };
    struct rlimit files = { 0 };
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    getrusage(RUSAGE_SELF, &u);
    getrlimit(RLIMIT_NOFILE, &files);
    if (f && fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    one(b, "process_cpu_seconds_total", "counter", "Processor time.",
        (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    one(b, "process_resident_memory_bytes", "gauge", "Memory in use.", (double)resident * (double)sysconf(_SC_PAGESIZE));
    one(b, "process_open_fds", "gauge", "Open descriptors.", open_files());
    one(b, "process_max_fds", "gauge", "Most descriptors that may be open.", (double)files.rlim_cur);
}

void metrics_write(struct http_server *s, const char *tenant, struct buf *b)
{
    head(b, "hone_build_info", "gauge", "The version of the program.");
    buf_puts(b, "hone_build_info{version=\"" HONE_VERSION "\"} 1\n");
    write_handlers(&s->metrics, b);
    pthread_mutex_lock(&s->conns.lock);
    int open = s->conns.open;
    pthread_mutex_unlock(&s->conns.lock);
    one(b, "http_connections", "gauge", "Open connections.", open);
    one(b, "http_connections_refused_total", "counter", "Connections turned away at a limit.", (double)get(&s->conns.refused));
    one(b, "http_connections_cut_total", "counter", "Connections cut at a deadline.", (double)get(&s->conns.cut));
    one(b, "http_received_bytes_total", "counter", "Bytes of request bodies.", (double)get(&s->metrics.bytes_in));
    one(b, "http_sent_bytes_total", "counter", "Bytes of answers.", (double)get(&s->metrics.bytes_out));
    one(b, "http_event_watchers", "gauge", "Open event streams.", (double)events_watchers(s->events));
    write_process(b);
    if (s->program->metrics)
        s->program->metrics(s->program->arg, tenant, b);
}
