/* Synthetic examples from the examples of a module: generators propose, the filters of sieve.h decide. JSON in (what the request says), rows out;
 * what is told of them is scenarios.h. Called by the worker's task generate and by measure.h. */
#ifndef SYNTH_SYNTH_H
#define SYNTH_SYNTH_H
#include <cjson/cJSON.h>
#include "core/synth/sieve.h"

#define SYNTH_MAKERS 16
#define SYNTH_ROUNDS 5      /* so often generators are asked for more when too few proposals passed */
#define SYNTH_FOLDS 5       /* parts that the borders of difficulty are found on */
#define SYNTH_FOLD_ROWS 2000 /* of more rows, one of these parts is held out and no second one */

struct synth {
    struct registry *registry;
    struct pool *pool;
    const struct synth_watch *watch;
    const struct examples *rows;      /* borrowed: what teaches, see synth_rows() */
    struct hone_material material;
    struct maker maker[SYNTH_MAKERS];
    int64_t makers;
    struct referee referee;
    struct sieve sieve;
    int32_t *theirs, *ours;
    float *margin;
    int32_t *rival;
};

/* What is wanted of a module. */
struct synth_order {
    const cJSON *config;              /* training keys of the model that judges; NULL: defaults */
    const cJSON *generators;          /* [{name, options}] */
    const int64_t *need;              /* [outputs of the rows] */
    int level;                        /* enum level, -1: any */
    uint64_t seed;
    double surplus;                   /* candidates that pass for each row that is chosen, at least 1 */
    const struct examples *others;    /* rows of the module that teach nothing and are not to be copied either; NULL: none */
};

/* What was found. Zero-initialise; free with synth_found_free(). */
struct synth_found {
    struct candidates all;
    int64_t *chosen, n;               /* of all.v, by output */
    int64_t proposed[SYNTH_MAKERS], taken[SYNTH_MAKERS], lost[FATES]; /* lost[FATE_PASSED]: passed and not chosen */
    int64_t rounds;
};

/* The examples that teach an answer (feedback is not incorrect, weight above 0, an output), renumbered; the rest to `others` (may be NULL).
 * ERR_PRECONDITION when none teaches. */
int synth_rows(struct examples *to, struct examples *others, const struct examples *from, struct hone_err *err);
/* The rows of `test` whose input says what no row of the module says, in the same words: no model was trained on them, and nothing was made from
 * them. *kept is to be freed with examples_free(). */
int synth_unmet(const struct synth *s, const struct examples *test, struct examples *kept, struct hone_err *err);
/* Trains the model that judges, finds the borders of difficulty, lets the generators learn. s borrows all arguments until synth_close(),
 * which may be called after a failure, too. */
int synth_open(struct synth *s, const struct examples *rows, const struct synth_order *o, struct registry *registry, struct pool *pool,
               const struct synth_watch *watch, struct hone_err *err);
void synth_close(struct synth *s);
/* Asks, filters, chooses. The same for the same rows, order and plugins, for any number of threads. */
int synth_make(struct synth *s, const struct synth_order *o, struct synth_found *f, struct hone_err *err);
void synth_found_free(struct synth_found *f);
/* Adds what was chosen to `to`. */
int synth_add_rows(const struct synth *s, const struct synth_found *f, struct examples *to, struct hone_err *err);

#endif
