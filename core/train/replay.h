/* What a base was trained on: its rows, told apart into those that it learned from and those that it was held out from. For replay
 * while a run opens, and for measuring forgetting when it has ended. */
#ifndef TRAIN_REPLAY_H
#define TRAIN_REPLAY_H
#include "core/data/examples.h"
#include "core/host/registry.h"

/* The data of the job that made the base. Borrowed texts. */
struct past {
    const char *data, *validation;   /* files; validation may be NULL, data NULL: not known */
    enum data_format format, validation_format;
    double split;                    /* validationSplit of that job */
    uint64_t seed;                   /* and its seed */
};

/* Reads the base's rows into e and draws up to `want` of those that it learned an answer from, by the seed: row[*n], in the order of the
 * file, free(). HONE_EINVAL when the data is not known. On failure e is empty. */
int replay_draw(const struct past *p, int64_t want, uint64_t seed, struct examples *e, int64_t **row, int64_t *n, struct hone_err *err);

/* How well two agents answer the base's held-out rows whose outputs both know. */
struct forgetting {
    int64_t rows, outputs;           /* 0 rows: not measured */
    double before, after;            /* accuracy of the base and of the new weights */
    const char *why;                 /* it was not measured; static */
};
int forgetting_measure(const struct past *p, struct registry *registry, struct pool *pool, const char *base, const char *weights,
                       struct forgetting *f, struct hone_err *err);

#endif
