/* fork and exec of a worker, with its descriptors, limits and process group in order. Private to core/jobs. */
#ifndef JOBS_SPAWN_H
#define JOBS_SPAWN_H
#include <stdint.h>
#include <sys/types.h>
#include "core/base/err.h"

struct spawn {
    char *const *argv;    /* argv[0] is looked up in PATH when it has no slash */
    char *const *env;
    int frame_fd;         /* becomes FRAME_FD */
    int lock_fd;          /* becomes WORKER_LOCK_FD; below 0: none */
    int out_fd, err_fd;   /* become 1 and 2; below 0: ours */
    int64_t memory_mb;    /* 0: no limit */
};

/* The new process, leader of a group of its own, killed when the calling thread ends; every other descriptor is closed
 * in it. HONE_EIO when it could not be started; then there is none. */
pid_t spawn(const struct spawn *s, struct hone_err *err);

#endif
