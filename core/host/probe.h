/* One plugin file, opened and started in a child process: whatever it does there, the caller learns of it as a
 * sentence. Called by describe.c. */
#ifndef HOST_PROBE_H
#define HOST_PROBE_H
#include <sys/types.h>
#include <cjson/cJSON.h>
#include "core/base/buf.h"
#include "core/base/err.h"

#define PROBE_LIMIT_MS 2000

struct probe {
    const char *path;    /* borrowed */
    pid_t pid;           /* 0 before the start and after the end */
    int fd;              /* what the child writes; -1 after its end */
    int64_t limit_ms, deadline_us;
    int timed_out;
    struct buf out;      /* stage letters, then one JSON object or '!' and a sentence */
    cJSON *result;       /* {.. as plugin_json()} or {file, path, error}; NULL while it runs */
};

/* Starts the child. HONE_EIO when no process or pipe is to be had. */
int probe_start(struct probe *p, const char *path, struct hone_err *err);
/* Takes what has arrived and notices the child's end or the end of its time; p->result is then set (or stays NULL with
 * HONE_ENOMEM). Never waits. */
int probe_poll(struct probe *p, struct hone_err *err);
/* Ends the child if it still runs, and frees all but `result`. */
void probe_end(struct probe *p);

#endif
