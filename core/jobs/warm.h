/* Agents kept ready: for each version that is asked, one hone-worker that has its weights in memory and answers what has queued up
 * meanwhile as one batch; of an agent that writes, what comes is written beside what is being written. It knows nothing of the store, of HTTP, or of which version an agent is to answer with. Called by core/api.
 *
 * A worker starts with the first question and ends when nobody asked for a while, when a newer version of its agent has taken over,
 * or when workers need more memory together than they may; what it was asked before is answered first. One that dies is started
 * again; the questions that it had are asked once more, one by one, and the one that it dies of fails with the true cause. */
#ifndef JOBS_WARM_H
#define JOBS_WARM_H
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

struct warm;

struct warm_opts {
    const char *program;         /* NULL: worker_find() */
    int threads;                 /* of each worker; 0: one */
    int log_level;               /* of workers, as core/base/log.h */
    int map;                     /* weights are mapped, not read: nobody changes their files */
    int64_t memory_bytes;        /* of all workers together; one alone may exceed it. 0: 1 GiB */
    int64_t idle_ms;             /* without a question; 0: 10 minutes */
    int64_t answer_ms;           /* for one batch, and for loading; 0: 30 s */
    int64_t queue;               /* questions that may wait for one version; 0: 10,000 */
};

/* The trained weights that are to answer. */
struct warm_version {
    const char *version_id, *agent_id;
    const char *weights;         /* path of the file */
    const cJSON *plugin_dirs;    /* list of strings, may be NULL */
};

/* Takes a piece of the answer of an agent that writes: whole characters, as they are written. On a thread of the pool, as warm_done. */
typedef void warm_piece(void *arg, const char *text);
/* Whether nobody waits for the answer any more (1: it is then not written to its end, and `done` is told ERR_CANCELLED), or everything here is about
 * to end (2: likewise, ERR_INTERRUPTED). As warm_piece. */
typedef int warm_gone(void *arg);

struct warm_question {
    const char *text;            /* UTF-8 without a NUL inside */
    int64_t top;                 /* alternatives, 0 to 1000 */
    double threshold;            /* below it the agent abstains; below 0: the one that it was trained to */
    const char *rule;            /* "epsilon_greedy", "softmax", "squarecb": the answer is drawn by chance, with its propensity; NULL: the best one */
    double setting;              /* of the rule */
    uint64_t seed, draw;         /* of the chance, at most 2^53 each: the answer is drawn by (seed, draw) */
    const char *generation;      /* JSON: how an agent that writes shall write; NULL: as it does unless told */
    warm_piece *piece;           /* NULL: the answer is told as a whole */
    warm_gone *gone;             /* NULL: somebody waits. Asked about often. Both get what `done` gets */
};

/* Takes the answer {output (null: abstained), confidence, abstained, alternatives: [{output, confidence}]}; NULL with *err when there is
 * none. Called once a question, on a thread of the pool, which answers nobody else meanwhile: it may call warm_ask(), it must neither
 * wait long nor call warm_free() or warm_load(). */
typedef void warm_done(void *arg, cJSON *answer, const struct hone_err *err);

/* NULL with err filled. The options are copied. */
struct warm *warm_new(const struct warm_opts *o, struct hone_err *err);
/* Answers what has been asked, ends the workers, frees. Nobody may ask meanwhile. NULL is fine. */
void warm_free(struct warm *w);

/* Asks; everything is copied. 0: `done` is or will be called. Else it never is: ERR_QUOTA when too many wait, HONE_ENOMEM, HONE_EIO
 * when no thread can be started. [any] */
int warm_ask(struct warm *w, const struct warm_version *v, const struct warm_question *q, warm_done *done, void *arg,
             struct hone_err *err);
/* Asks and waits. NULL with err. [any, not from warm_done] */
cJSON *warm_answer(struct warm *w, const struct warm_version *v, const struct warm_question *q, struct hone_err *err);
/* Loads the version unless it is, and waits for that: before it takes over from another one, so that nobody has to wait then, and
 * one that cannot answer never does. 1 when the agent writes its answers, 0 when it chooses them. [any, not from warm_done] */
int warm_load(struct warm *w, const struct warm_version *v, struct hone_err *err);

struct warm_stats {
    int64_t workers, memory_bytes, waiting;              /* now */
    int64_t answers, failures, batches, starts, deaths, evictions; /* since warm_new() */
};
void warm_stats(struct warm *w, struct warm_stats *s); /* [any] */

#endif
