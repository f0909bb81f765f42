/* See link.h. */
#include "core/worker/link.h"

#include <pthread.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/frame.h"

static struct {
    int fd;
    int lost;
    pthread_mutex_t lock; /* around frame_send() and `lost` */
    struct frame_reader in;
} conn = { .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

int link_send(const char *type, cJSON *fields, struct hone_err *err)
{
    cJSON *frame = fields ? fields : cJSON_CreateObject();
    if (!frame)
        return hone_fail(err, HONE_ENOMEM, "memory ran out while a frame was made");
    json_put_str(frame, "type", type);
    pthread_mutex_lock(&conn.lock);
    int rc = conn.lost ? hone_fail(err, HONE_EIO, "the program that started this worker is gone")
                       : frame_send(conn.fd, frame, err);
    conn.lost |= rc == HONE_EIO;
    pthread_mutex_unlock(&conn.lock);
    cJSON_Delete(frame);
    return rc;
}

/* A line that cannot be sent is dropped: its reader is gone. */
static void send_log(void *arg, int level, const char *text)
{
    (void)arg;
    cJSON *fields = cJSON_CreateObject();
    if (!fields)
        return;
    json_put_int(fields, "level", level);
    json_put_str(fields, "text", text);
    (void)link_send("log", fields, NULL);
}

void link_open(int fd)
{
    conn.fd = fd;
    conn.lost = 0;
    log_redirect(send_log, NULL);
}

int link_read(int timeout_ms, cJSON **frame, struct hone_err *err)
{
    return frame_read(&conn.in, conn.fd, timeout_ms, frame, err);
}

void link_close(void)
{
    log_redirect(NULL, NULL);
    frame_reader_free(&conn.in);
    close(conn.fd);
    conn.fd = -1;
}
