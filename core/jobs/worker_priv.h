/* What the worker_*.c files share. Private to core/jobs. */
#ifndef JOBS_WORKER_PRIV_H
#define JOBS_WORKER_PRIV_H
#include "core/jobs/frame.h"
#include "core/jobs/worker_proc.h"

/* How often the kernel ended processes for lack of memory; -1 where it does not tell. */
struct oom_count {
    int64_t group;   /* of our control group */
    int64_t machine; /* of all */
};

struct worker_proc {
    pid_t pid;
    int fd, pid_fd, err_fd;     /* -1 when there is none */
    struct frame_reader in;
    int closed;                 /* nothing more comes through fd */
    int greeted;                /* "hello" came */
    cJSON *sandbox;             /* of "hello"; NULL before, or when it had none */
    int concluded;              /* "result" or "error" was handed out */
    int reaped;
    int status;                 /* of wait4(); -1: not known */
    int64_t peak_memory_mb;
    enum worker_cause forced;   /* why we killed it; WORKER_ALIVE: we did not */
    char forced_text[256];
    int64_t silence_us, sign_at, beats;
    int64_t window_start, window_frames;
    int64_t epoch, step;        /* where it was last; -1: not known */
    struct oom_count oom;       /* before the start */
    char tail[2 * WORKER_TAIL]; /* standard error */
    size_t tail_n;
    char tail_text[WORKER_TAIL + 1];
    struct worker_end end;
};

/* The words of a worker's command line, NULL-terminated, and its environment. Free with words_free(). NULL when memory
 * ran out. */
char **worker_argv(const char *program);
char **worker_env(void);
void words_free(char **words);

void oom_read(struct oom_count *c);
/* Fills w->end of a reaped worker. */
void worker_judge(struct worker_proc *w);

#endif
