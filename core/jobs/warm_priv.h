/* What the files of the warm pool share. Private to core/jobs. */
#ifndef JOBS_WARM_PRIV_H
#define JOBS_WARM_PRIV_H
#include <pthread.h>
#include "core/jobs/warm.h"

/* A question on its way; owned by the queue it is in, then by the keeper that asks it. */
struct question {
    struct question *next;
    char *text;                  /* NULL: only load the version */
    char *generation;
    int64_t top;
    double threshold;
    char rule[16];               /* "": the best answer */
    double setting;
    uint64_t seed, draw;
    int deaths;                  /* workers that ended while they had it; after the first it is asked alone */
    warm_done *done;
    void *arg;
};

struct questions {
    struct question *head, **end;
    int64_t n;
};

/* One version and the thread that looks after its worker; the kernel ends a worker with the thread that started it. Fields below
 * `queue` are the pool's lock's; worker and start are the thread's alone. */
struct keeper {
    struct keeper *next;         /* in the pool's list until it leaves */
    struct warm *pool;
    char *version_id, *agent_id;
    cJSON *start;                /* the frame that starts the task */
    struct worker_proc *worker;  /* NULL: none runs */
    pthread_cond_t asked;
    struct questions queue;
    int waits;                   /* the thread sleeps on `asked` */
    int leaving;                 /* takes no more questions, ends when it has none */
    int64_t idle_us;
    int64_t memory_bytes;
    double use;                  /* questions, each counting half as much ten minutes later, as of used_at */
    int64_t used_at;
};

struct warm {
    struct warm_opts o;
    char *program;               /* o.program */
    pthread_mutex_t lock;
    pthread_cond_t left;         /* a keeper has ended */
    struct keeper *keepers;
    int64_t running;             /* threads, those included that have left the list */
    struct warm_stats stats;
};

void questions_add(struct questions *l, struct question *q);
/* The thread of a keeper (its argument): until it leaves. It frees the keeper. */
void *keeper_run(void *arg);
void keeper_free(struct keeper *k);
/* Its use as of now. */
double keeper_use(const struct keeper *k, int64_t now);

#endif
