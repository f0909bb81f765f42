/* A trained agent that puts its answers into JSON: the best output, how sure it is, what else it thought of, whether it abstains.
 * Not a protocol: the tasks predict and serve decide what becomes of the text. */
#ifndef WORKER_ANSWERER_H
#define WORKER_ANSWERER_H
#include "core/base/buf.h"
#include "core/train/predictor.h"
#include "core/train/writer.h"
#include "core/worker/task.h"

#define ANSWERER_BLOCK 4096  /* texts that are answered together, at most */
#define ANSWERER_MAX_TOP 1000

struct answerer {
    struct predictor *p;
    char **name;             /* [outputs] as JSON strings, made when first needed */
    float *prob;             /* [ANSWERER_BLOCK][outputs], made when alternatives are first wanted */
    int has_rows;            /* prob is of the last call */
    float *chance;           /* [outputs] of the answer that is drawn, made when first needed */
    int32_t best[ANSWERER_BLOCK];
    float best_prob[ANSWERER_BLOCK];
    /* Of an agent that writes, else NULL; [ANSWERER_BLOCK] */
    struct write_wish *write;  /* how, the default unless the caller changes it */
    struct written *written;   /* what the last run wrote */
    const struct write_sink *sink; /* or NULL; borrowed */
};

enum answer_rule { ANSWER_BEST, ANSWER_EPSILON_GREEDY, ANSWER_SOFTMAX, ANSWER_SQUARECB };
/* "epsilon_greedy", "softmax", "squarecb"; ANSWER_BEST for NULL, -1 for anything else. */
int answer_rule_of(const char *name);

/* What is wanted of an answer beyond the best output. */
struct answer_wish {
    enum answer_rule rule;   /* other than ANSWER_BEST: an output is drawn, needs rows */
    double setting;          /* of the rule: epsilon, temperature or gamma */
    uint64_t seed, draw;     /* the answer is drawn by (seed, draw) */
    int64_t top;             /* alternatives, 0 to ANSWERER_MAX_TOP */
    double threshold;        /* below it the agent abstains; below 0: the one that the agent was trained to */
    int complete;            /* "abstained" and "alternatives" stand in the answer even when nobody asked for them */
};

/* From a question {text, top, threshold, rule, setting, seed, draw}; the text stays the question's. HONE_EINVAL with a sentence. */
int answer_wish_read(const cJSON *question, struct answer_wish *w, struct hone_string *text, struct hone_err *err);

/* Loads the weights, or maps them (predictor_map()). NULL with err as predictor_open(). Free with answerer_close(). */
struct answerer *answerer_open(struct task *t, const char *weights, int map, struct hone_err *err);
void answerer_close(struct answerer *a); /* NULL is fine */
/* Answers n texts, with the probability of every output when `rows`. On failure there are no answers. [main] */
int answerer_run(struct answerer *a, const struct hone_string *text, int64_t n, int rows, struct hone_err *err);
/* Appends answer i of the last run as a JSON object; `top` > 0 needs its rows. A failure shows in buf_oom(). */
void answerer_put(struct answerer *a, struct buf *b, int64_t i, const struct answer_wish *wish);
/* The same of an answer that the agent has written. */
void answerer_put_written(struct answerer *a, struct buf *b, const struct written *w, const struct answer_wish *wish);

#endif
