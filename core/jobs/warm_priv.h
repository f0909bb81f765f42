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
    int64_t id;                  /* by which the worker of an agent that writes knows it; 0: not asked yet */
    size_t told, again;          /* bytes of the answer that whoever asked has had; and how many of them are still to come once more */
    int deaths;                  /* workers that ended while they had it; after the first it is asked alone */
    warm_done *done;
    warm_piece *piece;
    warm_gone *gone;
    void *arg;
};

struct questions {
    struct question *head, **end;
    int64_t n;
};

/* One version and the thread that looks after its worker; the kernel ends a worker with the thread that started it. `wake` and fields below
 * `queue` are the pool's lock's; worker, start and ids are the thread's alone. */
struct keeper {
    struct keeper *next;         /* in the pool's list until it leaves */
    struct warm *pool;
    char *version_id, *agent_id;
    cJSON *start;                /* the frame that starts the task */
    struct worker_proc *worker;  /* NULL: none runs */
    int64_t ids;                 /* questions that were asked */
    int wake;                    /* of an agent that writes: an eventfd that says that something was asked; -1: it chooses, or is not known yet */
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
/* Tells the answer (taken), or err, and frees the question. */
void question_finish(struct question *q, cJSON *answer, const struct hone_err *err);
/* The thread of a keeper (its argument): until it leaves. It frees the keeper. */
void *keeper_run(void *arg);
void keeper_free(struct keeper *k);
/* warm_writing.c: asks a batch and what comes after it, until all is answered (0), or the worker fails (err); `left` then has what it left
 * unanswered. */
int keeper_converse(struct keeper *k, struct questions *batch, struct questions *left, struct hone_err *err);
/* What is asked next: all that waits, `most` at most, or what has to be asked alone. There is something. [with the lock] */
void keeper_take(struct keeper *k, struct questions *batch, int64_t most);
/* Those that only wanted the version loaded have what they wanted; they are told {writes}. */
void keeper_finish_loads(const struct keeper *k, struct questions *batch);
cJSON *keeper_ask_frame(const struct questions *batch);
/* What a frame that is no answer says: 0 it may be passed over, else the error that ended the task. */
int keeper_side_frame(const cJSON *f, struct hone_err *err);
void keeper_set_memory(struct keeper *k, int64_t bytes);
void keeper_count(struct keeper *k, int64_t answers, int64_t failures, int64_t deaths);
/* Its use as of now. */
double keeper_use(const struct keeper *k, int64_t now);

#endif
