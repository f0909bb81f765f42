/* See access_log.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/http/access_log.h"

#define SOON (64 << 10)        /* bytes after which the writer is woken at once */
#define MOST (4 << 20)         /* bytes that may wait */

static const char *const secrets[] = { "hone_", "whsec_" };

static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

void log_redact(char *out, size_t size, const char *text)
{
    size_t n = 0;
    while (*text && n + 1 < size) {
        const char *secret = NULL;
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0] && !secret; i++) {
            if (strncmp(text, secrets[i], strlen(secrets[i])) == 0)
                secret = secrets[i];
        }
        if (!secret) {
            out[n++] = *text++;
            continue;
        }
        n += (size_t)snprintf(out + n, size - n, "%s***", secret);
        n = n < size ? n : size - 1;
        for (text += strlen(secret); is_word(*text); text++)
            ;
    }
    out[n] = '\0';
}

/* ---- the writer ---- */

static void write_lines(struct access_log *l)
{
    struct buf lines = l->lines;
    uint64_t dropped = l->dropped;
    l->lines = l->writing;
    l->writing = lines;
    l->dropped = 0;
    pthread_mutex_unlock(&l->lock);
    if (dropped)
        log_line(LOG_WARN, "the access log is too slow: %llu lines were dropped", (unsigned long long)dropped);
    if (lines.n && file_write_all(l->fd, lines.p, lines.n) < 0)
        log_line(LOG_WARN, "the access log cannot be written: %s", strerror(errno));
    pthread_mutex_lock(&l->lock);
    buf_clear(&l->writing);
}

static void *writer(void *arg)
{
    struct access_log *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->ending) {
        if (l->lines.n == 0 && !l->dropped)
            pthread_cond_wait(&l->more, &l->lock);
        else
            write_lines(l);
    }
    write_lines(l);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

int access_log_open(struct access_log *l, const char *target, struct hone_err *err)
{
    *l = (struct access_log){ .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };
    if (strcmp(target, "none") == 0)
        return 0;
    l->fd = STDERR_FILENO;
    if (strcmp(target, "-") != 0) {
        l->fd = open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        l->owned = l->fd >= 0;
    }
    if (l->fd < 0)
        return err_errno(err, "open the access log", target);
    int rc = pthread_create(&l->thread, NULL, writer, l);
    l->running = rc == 0;
    return rc == 0 ? 0 : hone_fail(err, HONE_EIO, "the access log's thread cannot be started: %s", strerror(rc));
}

void access_log_close(struct access_log *l)
{
    if (l->running) {
        pthread_mutex_lock(&l->lock);
        l->ending = 1;
        pthread_cond_signal(&l->more);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    if (l->owned)
        close(l->fd);
    buf_free(&l->lines);
    buf_free(&l->writing);
    l->running = l->owned = 0;
    l->fd = -1;
}

void access_log_flush(struct access_log *l)
{
    if (l->fd < 0)
        return;
    pthread_mutex_lock(&l->lock);
    if (l->lines.n)
        pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&l->lock);
}

/* ---- a line ---- */

/* Appends "key": with the text as a JSON string, which texts of our own need no look at. */
static void put(struct buf *b, const char *key, const char *text, int foreign)
{
    char clean[256];
    if (!text)
        return;
    buf_puts(b, key);
    if (foreign) {
        log_redact(clean, sizeof clean, text);
        buf_json_string(b, clean, utf8_invalid_at(clean, strlen(clean)));
        return;
    }
    buf_putc(b, '"');
    buf_puts(b, text);
    buf_putc(b, '"');
}

static void put_number(struct buf *b, const char *key, int64_t v)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t u = (uint64_t)(v < 0 ? 0 : v);
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    buf_puts(b, key);
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

static const char *stamp(struct access_log *l)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != l->second) {
        l->second = now.tv_sec;
        clock_rfc3339(now.tv_sec * 1000, l->time);
    }
    for (long ms = now.tv_nsec / 1000000, i = 22; i >= 20; i--, ms /= 10)
        l->time[i] = (char)('0' + ms % 10);
    return l->time;
}

void access_log_write(struct access_log *l, const struct access_entry *e)
{
    if (l->fd < 0)
        return;
    pthread_mutex_lock(&l->lock);
    struct buf *b = &l->lines;
    if (b->n >= MOST || buf_oom(b)) {
        l->dropped++;
        pthread_cond_signal(&l->more);
        pthread_mutex_unlock(&l->lock);
        return;
    }
    put(b, "{\"time\":", stamp(l), 0);
    put(b, ",\"trace_id\":", e->trace_id, 0);
    put(b, ",\"method\":", e->method, 0);
    put(b, ",\"path\":", e->path, 1);
    put(b, ",\"handler\":", e->handler, 0);
    put_number(b, ",\"status\":", e->status);
    put(b, ",\"code\":", e->code, 0);
    put_number(b, ",\"duration_us\":", e->duration_us);
    put_number(b, ",\"bytes_in\":", e->bytes_in);
    put_number(b, ",\"bytes_out\":", e->bytes_out);
    put(b, ",\"peer\":", e->peer, 1);
    put(b, ",\"tenant\":", e->tenant, 1);
    put(b, ",\"token_id\":", e->token_id, 1);
    put(b, ",\"user_agent\":", e->agent, 1);
    buf_puts(b, "}\n");
    if (b->n >= SOON)
        pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&l->lock);
}
