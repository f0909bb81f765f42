/* The worker's end of the socket pair: one connection a process. Frames go out from any thread, one at a time; only the
 * main thread reads. Not the frames' meaning: that is task.c's. Called by main.c and task.c. */
#ifndef WORKER_LINK_H
#define WORKER_LINK_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

/* Takes the connection over; log lines travel as frames from here on. */
void link_open(int fd);
/* Sends fields (taken, also on failure; NULL: none) as a frame of that type. HONE_EIO when the other side is gone. [any] */
int link_send(const char *type, cJSON *fields, struct hone_err *err);
/* As frame_read(). */
int link_read(int timeout_ms, cJSON **frame, struct hone_err *err);
/* Log lines go to standard error again. */
void link_close(void);

#endif
