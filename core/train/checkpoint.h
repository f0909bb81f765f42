/* The whole state of a run in one safetensors file, from which training goes on bit for bit; and the writing of such
 * files behind the back of training. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H
#include <pthread.h>
#include "core/train/run.h"
#include "core/train/safetensors.h"

/* Puts weights, best weights, optimizer state, counters and plugin states into f. Large data is borrowed. */
int checkpoint_make(const struct run *r, struct st_file *f, struct hone_err *err);
/* Sets r (as run_open() left it, with the same data and configuration) to the state of a file. ERR_CORRUPT when the
 * file does not fit; r must then be restarted or closed. */
int checkpoint_load(struct run *r, const char *path, struct hone_err *err);

/* What has been written. */
struct checkpoint_done {
    char file[64];               /* name inside of the job's directory */
    char sha256[65];
    int64_t bytes, epoch, step;
};

/* Writes one file at a time in a thread of its own. Zero-initialise. */
struct checkpoint_writer {
    pthread_t thread;
    int busy;                    /* a thread is to be joined */
    int finished;                /* set by the thread (atomic) */
    struct st_file file;
    char path[4096];
    struct checkpoint_done done;
    int ret;
    struct hone_err err;
};

/* Starts to write the state of r to dir/name: after waiting for the one before, and in the foreground when a copy of the
 * state would be too large. The result is picked up by checkpoint_finish(). */
int checkpoint_start(struct checkpoint_writer *w, const struct run *r, const char *dir, const char *name, struct hone_err *err);
/* 1 with *done filled when a file has become durable since the last call; 0 when none has; a code below 0 when writing
 * failed. `wait`: waits for the one that is being written. */
int checkpoint_finish(struct checkpoint_writer *w, int wait, struct checkpoint_done *done, struct hone_err *err);

#endif
