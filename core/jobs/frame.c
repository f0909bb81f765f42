/* See frame.h. */
#include "core/jobs/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "core/base/clock.h"
#include "core/base/json.h"

#define HEAD 4
#define PIECE (64u << 10)
#define KEEP (1u << 20) /* a larger buffer is given back as soon as it is empty */

static void put_length(char *p, uint32_t n)
{
    for (int i = 0; i < HEAD; i++)
        p[i] = (char)(unsigned char)(n >> (8 * i));
}

static uint32_t get_length(const char *p)
{
    uint32_t n = 0;
    for (int i = 0; i < HEAD; i++)
        n |= (uint32_t)(unsigned char)p[i] << (8 * i);
    return n;
}

static int send_all(int fd, const char *p, size_t n, struct hone_err *err)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent >= 0) {
            p += sent;
            n -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return hone_fail(err, HONE_EIO, "the other side of the connection does not read");
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return hone_fail(err, HONE_EIO, "the other side of the connection is gone");
        } else if (errno != EINTR) {
            return hone_fail(err, HONE_EIO, "cannot send a frame: %s", strerror(errno));
        }
    }
    return 0;
}

int frame_send(int fd, const cJSON *object, struct hone_err *err)
{
    struct buf b = { 0 };
    buf_add(&b, "\0\0\0\0", HEAD);
    json_print(&b, object, 0);
    int rc;
    if (json_lost() || buf_oom(&b)) {
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out while a frame was made");
    } else if (b.n - HEAD > FRAME_MAX) {
        rc = hone_fail(err, HONE_EINVAL, "a frame of type '%.40s' has %zu bytes; at most %u are allowed",
                       json_str(object, "type", ""), b.n - HEAD, FRAME_MAX);
    } else {
        put_length(b.p, (uint32_t)(b.n - HEAD));
        rc = send_all(fd, b.p, b.n, err);
    }
    buf_free(&b);
    return rc;
}

int frame_send_text(int fd, const char *json, struct hone_err *err)
{
    char frame[HEAD + 200];
    size_t n = strlen(json);
    if (n > sizeof frame - HEAD)
        return hone_fail(err, HONE_EINVAL, "a frame of %zu bytes is too long to be sent so", n);
    put_length(frame, (uint32_t)n);
    memcpy(frame + HEAD, json, n);
    return send_all(fd, frame, HEAD + n, err);
}

/* Gives back the part of the buffer that has been read. */
static void compact(struct frame_reader *r)
{
    size_t left = r->in.n - r->used;
    if (left == 0 && r->in.cap > KEEP) {
        buf_free(&r->in);
    } else if (left == 0) {
        buf_clear(&r->in);
    } else if (r->used >= PIECE) {
        memmove(r->in.p, r->in.p + r->used, left + 1);
        r->in.n = left;
    } else {
        return;
    }
    r->used = 0;
}

/* 1 with the frame at the front of the buffer, 0 when it is not whole yet, or ERR_CORRUPT. */
static int take(struct frame_reader *r, cJSON **object, struct hone_err *err)
{
    size_t left = r->in.n - r->used;
    if (left < HEAD)
        return 0;
    const char *p = r->in.p + r->used;
    size_t n = get_length(p);
    if (n > FRAME_MAX)
        return hone_fail(err, ERR_CORRUPT, "a frame announces %zu bytes; at most %u are allowed", n, FRAME_MAX);
    if (left < HEAD + n)
        return 0;
    struct hone_err why = { 0 };
    cJSON *o = json_parse(p + HEAD, n, "frame", &why);
    r->used += HEAD + n;
    compact(r);
    if (!o && why.code == HONE_ENOMEM)
        return hone_fail(err, HONE_ENOMEM, "memory ran out while a frame was read");
    if (!o)
        return hone_fail(err, ERR_CORRUPT, "a frame is not JSON: %.200s", why.text);
    if (!cJSON_IsObject(o) || *json_str(o, "type", "") == '\0') {
        cJSON_Delete(o);
        return hone_fail(err, ERR_CORRUPT, "a frame is not a JSON object with a \"type\"");
    }
    *object = o;
    return 1;
}

/* Reads what is there: 1, 0 when nothing was, or a negative code. */
static int fill(struct frame_reader *r, int fd, struct hone_err *err)
{
    char *room = buf_room(&r->in, PIECE);
    if (!room)
        return hone_fail(err, HONE_ENOMEM, "memory ran out while a frame was read");
    ssize_t got = recv(fd, room, PIECE, MSG_DONTWAIT);
    if (got > 0) {
        r->in.n += (size_t)got;
        r->in.p[r->in.n] = '\0';
        return 1;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (got < 0 && errno != ECONNRESET)
        return hone_fail(err, HONE_EIO, "cannot read a frame: %s", strerror(errno));
    return hone_fail(err, HONE_EIO, r->in.n > r->used ? "the other side closed the connection in the middle of a frame"
                                                      : "the other side closed the connection");
}

/* Milliseconds until `end` (monotonic us), rounded up, for poll(). */
static int ms_left(int64_t end)
{
    int64_t us = end - clock_mono_us();
    return us <= 0 ? 0 : (int)((us + 999) / 1000);
}

int frame_read(struct frame_reader *r, int fd, int timeout_ms, cJSON **object, struct hone_err *err)
{
    int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;
    *object = NULL;
    for (;;) {
        int rc = take(r, object, err);
        if (rc != 0)
            return rc;
        rc = fill(r, fd, err);
        if (rc < 0)
            return rc;
        if (rc > 0)
            continue;
        int left = timeout_ms < 0 ? -1 : ms_left(end);
        if (left == 0)
            return 0;
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (poll(&p, 1, left) < 0 && errno != EINTR)
            return hone_fail(err, HONE_EIO, "cannot wait for a frame: %s", strerror(errno));
    }
}

void frame_reader_free(struct frame_reader *r)
{
    buf_free(&r->in);
    r->used = 0;
}
