/* One hone-worker process: starting it, frames to and from it, ending it, and the true cause when it dies. It knows
 * nothing of what the task means. Called by core/api. Nothing here waits without bound and nothing leaves a zombie.
 * The thread that starts a worker must outlive it: the kernel kills the worker when that thread ends. */
#ifndef JOBS_WORKER_PROC_H
#define JOBS_WORKER_PROC_H
#include <stdint.h>
#include <sys/types.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

#define WORKER_ARGUMENT "--as-worker" /* with it as its first argument, a program of worker_within() is a worker */
#define WORKER_LOCK_FD 4        /* where the worker finds lock_fd; it need not know of it */
#define WORKER_TAIL 4096        /* bytes of captured standard error that are kept */
#define WORKER_SILENCE_MS 300000

struct worker_opts {
    const char *program;        /* NULL: worker_find() */
    int lock_fd;                /* the job's lock, inherited by the worker; 0 or less: none */
    int stdout_fd;              /* the worker's standard output; 0 or less: ours */
    int capture_stderr;         /* keep the tail for the error text instead of showing it as it comes */
    int64_t silence_ms;         /* without a sign of progress for so long, the worker is killed; 0: WORKER_SILENCE_MS */
    int64_t memory_mb;          /* limit on its data segment and private maps (RLIMIT_DATA); 0: none */
};

enum worker_cause {
    WORKER_ALIVE,               /* not ended yet */
    WORKER_DONE,                /* "result" or "error" came; `text` is "" unless it ended in an odd way after that */
    WORKER_SIGNAL, WORKER_EXIT, /* ended without either */
    WORKER_OOM,                 /* killed by the kernel since memory ran out */
    WORKER_PROTOCOL,            /* sent something that is no frame, or too many; we killed it */
    WORKER_TIMEOUT,             /* no sign of progress, did not read or did not end in time; we killed it */
    WORKER_KILLED               /* worker_kill() before it had ended */
};

struct worker_end {
    enum worker_cause cause;
    int signal, exit_code;      /* of the process; 0 when the other one holds, -1 when not known */
    char code[24];              /* done, signal:11, exit:7, oom, protocol, timeout, killed */
    int64_t peak_memory_mb;     /* of the process and the children it waited for */
    char text[508];             /* the sentence */
};

struct worker_proc;

/* From now on this program is its own worker unless $HONE_WORKER names another. [main], before any other call. */
void worker_within(void);
/* The path of hone-worker (free()): $HONE_WORKER, or this program after worker_within(), or beside the running program (and beside its .libs), or
 * LIBEXECDIR/hone. NULL with err filled (ERR_NOT_FOUND lists the places). */
char *worker_find(struct hone_err *err);
/* Starts a worker ($HONE_WORKER_WRAPPER, words parted by blanks, stands in front of it). NULL with err filled: HONE_EIO
 * (code "spawn_failed" for a job), ERR_NOT_FOUND or HONE_ENOMEM; nothing is left running then. */
struct worker_proc *worker_start(const struct worker_opts *o, struct hone_err *err);
pid_t worker_pid(const struct worker_proc *w);
/* It had nothing to do until now: silence_ms begin anew. */
void worker_rested(struct worker_proc *w);
/* A descriptor that is readable when worker_next() has something, for poll(). Borrowed. */
int worker_fd(const struct worker_proc *w);
/* What the worker can give up on this machine (core/host/sandbox.h), as it says when it greets, which is waited for. Borrowed. NULL with
 * err filled when it did not greet. */
const cJSON *worker_sandbox(struct worker_proc *w, int timeout_ms, struct hone_err *err);
/* Sends a frame (not taken). HONE_EIO when the worker is gone or does not take it within 30 s (it is then killed);
 * worker_next() tells what it had sent before and then the cause. */
int worker_send(struct worker_proc *w, const cJSON *frame, struct hone_err *err);
/* The same to a worker that owes something already: its time of silence goes on, so that questions do not keep alive one that hangs. */
int worker_send_more(struct worker_proc *w, const cJSON *frame, struct hone_err *err);
/* worker_send() of {"type": type}, with "mode" unless mode is NULL: worker_signal(w, "go", NULL, err). */
int worker_signal(struct worker_proc *w, const char *type, const char *mode, struct hone_err *err);
/* The next frame in *frame (cJSON_Delete()). 1 a frame; 0 none within timeout_ms (-1: as long as the worker lives and
 * makes progress); ERR_JOB_FAILED when it has ended without "result" or "error", with the true cause in err and in
 * worker_how(); by then it is reaped. Frames that were sent before a death are delivered first. "beat" and "hello" are
 * used up here. After "result" or "error" nothing more comes: 0 at once; call worker_wait(). A signal handler that
 * interrupts the wait ends it early with 0. HONE_ENOMEM when a frame does not fit into memory. */
int worker_next(struct worker_proc *w, int timeout_ms, cJSON **frame, struct hone_err *err);
/* Fills err from an "error" frame: its code (ERR_JOB_FAILED when it has none) and text. Returns the code. */
int worker_error(const cJSON *frame, struct hone_err *err);
/* Waits up to grace_ms for the worker to end by itself, then kills its process group; reaps. Frames that come meanwhile
 * are dropped. Returns worker_how(). */
const struct worker_end *worker_wait(struct worker_proc *w, int grace_ms);
/* Kills the process group at once and reaps. */
void worker_kill(struct worker_proc *w);
/* Whether its "result" or "error" was handed out: it is about to end by itself, which one that still waits for us is not. */
int worker_concluded(const struct worker_proc *w);
/* How it ended. Borrowed, never NULL. */
const struct worker_end *worker_how(const struct worker_proc *w);
/* What it wrote to standard error last, with capture_stderr; "" otherwise. Borrowed. */
const char *worker_stderr(struct worker_proc *w);
/* Kills it when it still runs, reaps, frees. NULL is fine. */
void worker_free(struct worker_proc *w);

#endif
