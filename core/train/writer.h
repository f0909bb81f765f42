/* Answers of a model that writes, token by token, several texts beside one another. What a text becomes does not depend on which
 * others are written with it. Not a predictor: there are no outputs to choose among. Called by the worker's answerer and by drawn.c. */
#ifndef TRAIN_WRITER_H
#define TRAIN_WRITER_H
#include "core/base/buf.h"
#include "core/train/learner.h"
#include "core/train/pass.h"

#define WRITER_STOPS 16
#define WRITER_MAX_TOKENS 1000000
#define WRITER_TOGETHER 16 /* texts that are written beside one another, at most */

struct write_wish {
    int64_t max_tokens;         /* 0: as many as the model's context allows */
    double temperature;         /* 0: the likeliest token each time */
    int64_t top_k;              /* only the k likeliest; 0: all */
    double top_p;               /* only the likeliest that together reach p; 1: all */
    uint64_t seed;              /* token t of any text is drawn by (seed, t) */
    const char *stop[WRITER_STOPS]; /* the answer ends before the first of these texts; borrowed */
    int stops;
};
/* The likeliest tokens: what is written when neither the weights (learner.generation) nor anybody wishes otherwise. */
extern const struct write_wish write_default;
/* Takes {max_tokens, temperature, top_k, top_p, seed, stop}, which it borrows, into *w; what is absent stays. HONE_EINVAL names the member. */
int write_wish_read(const cJSON *json, struct write_wish *w, struct hone_err *err);

struct written {
    struct buf text;            /* valid UTF-8 */
    int64_t given;              /* tokens of the input, with the marks around it */
    struct buf ids;             /* int32_t each: the tokens */
    int64_t tokens;             /* of the answer, a mark of its end included */
    double log_sum;             /* of their natural log-probabilities */
    const char *finish;         /* "end", "stop", "length", "refused"; static */
};
void written_free(struct written *w); /* leaves it zeroed */
/* e^(mean log-probability) of the tokens; 0 without any. */
double written_confidence(const struct written *w);

/* Gets what has been added to answer i since the last call: whole characters that no stop text takes back. < 0, with
 * err, ends the writing. */
struct write_sink {
    void *arg;
    int (*text)(void *arg, int64_t i, const char *bytes, int64_t len, struct hone_err *err);
    void (*done)(void *arg, int64_t i); /* all of it is in its place; may be NULL */
    void (*beat)(void *arg);    /* after each token; may be NULL */
    int lenient;                /* 1: a text that is too long is "refused", and the others are answered; else all fails */
};

/* Answers n texts, each as wish[i] says, into out[n] (zeroed by the caller, freed by it also after a failure). temperature: of the
 * calibration, by which scores are divided. [main] */
int writer_run(const struct learner *l, struct passes *p, struct pool *pool, double temperature, const struct hone_string *text, int64_t n,
               const struct write_wish *wish, struct written *out, const struct write_sink *sink, struct hone_err *err);

/* The same for texts that are encoded already, one a row of `asked`; changed: the weights are others than in the last pass over p. [main] */
int writer_tokens(const struct learner *l, struct passes *p, double temperature, const struct hone_bag *asked, int changed,
                  const struct write_wish *wish, struct written *out, const struct write_sink *sink, struct hone_err *err);

/* ---- the same where texts come while others are written; all [main] ---- */

struct write_order {
    struct hone_string text;    /* needed while writer_begin() runs */
    const struct write_wish *wish; /* borrowed until the answer is done or dropped */
    struct written *out;        /* zeroed; borrowed likewise, and the caller's also after a failure */
};
struct writer;
/* NULL with err. All but `err` is borrowed while it is open; sink may be NULL. */
struct writer *writer_open(const struct learner *l, struct passes *p, struct pool *pool, double temperature, const struct write_sink *sink,
                           struct hone_err *err);
void writer_close(struct writer *w); /* drops what is not done; NULL is fine */
/* Answers that are not done, at most WRITER_TOGETHER. */
int64_t writer_busy(const struct writer *w);
/* Begins n answers that the sink knows as first .. first + n: reads their texts in one pass and draws their first tokens. A failure leaves
 * some of them begun; writer_close() is what is left to do. */
int writer_begin(struct writer *w, const struct write_order *order, int64_t first, int64_t n, struct hone_err *err);
/* One token more of each answer, or several where guesses of them come true. */
int writer_step(struct writer *w, struct hone_err *err);
/* Forgets an answer that is not done; its sink hears no more of it. */
void writer_drop(struct writer *w, int64_t number);

#endif
