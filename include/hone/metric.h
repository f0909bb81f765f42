/* hone/metric.h: a number that says how well predictions fit what was expected. A metric sees predictions in pieces,
 * keeps sums in doubles, and turns them into results; pieces are merged in a fixed order. What cannot be summed sees all
 * rows at once. History: 0.1 first; columns, rows alike and metrics over all rows; columns nats, tokens, characters. */
#ifndef HONE_METRIC_H
#define HONE_METRIC_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One more thing that is known of each row. */
#define HONE_TEXT 5u /* element type: struct hone_string, beside HONE_F32 and the others of abi.h */

struct hone_column {
    const char *name;
    uint32_t type, width;        /* of the elements; elements a row */
    const void *v;               /* [n][width] */
};

struct hone_scored {
    int64_t n, width;
    const float *prob;           /* [n][width] probabilities, rows sum to 1; NULL where the metric does not get them */
    const int32_t *predicted;    /* [n] index of the highest, the first when several are; -1: the agent abstained */
    const int32_t *label;        /* [n] what was expected; -1: an output that the model does not know */
    const float *weight;         /* [n] or NULL: all 1 */
    const struct hone_column *column; /* [n_columns] what `needs` names, in its order */
    int64_t n_columns;
};

/* item.flags */
#define HONE_M_HIGHER 1u /* larger is better */
#define HONE_M_UNIT 2u   /* results lie in 0..1 */
/* Looks at label, predicted, weight and the texts of the two only. Rows that agree in these come as one row with the sum of their
 * weights, without prob, all in one call: with few outputs that is a thousand times cheaper. */
#define HONE_M_ALIKE 4u

struct hone_metric {
    struct hone_item item;
    const char *const *outputs;  /* names of the results, NULL-terminated; the first is the headline */
    /* update(), or whole() below, which stands instead of these four. Sums must be linear in the weight. */
    /* Doubles of state, zeroed at the start. [main pure] */
    int64_t (*state_size)(const void *conf, int64_t width);
    void (*update)(const struct hone_scored *, const void *conf, double *state); /* [worker] on a state of its own */
    /* Adds `from` to `into`. Optional: element by element. [main] */
    void (*merge)(double *into, const double *from, int64_t n, const void *conf);
    /* One value an output name; NaN where it is not defined (nothing counted). [main] */
    int (*result)(const double *state, int64_t width, const void *conf, double *out, struct hone_err *);
    /* Further columns for whole(), or for update() with HONE_M_ALIKE answer and expected only; NULL-terminated, or NULL. A name that the
     * host does not offer is refused with a sentence. Offered:
     *   input, answer, expected  HONE_TEXT: what was asked, the text of `predicted` (empty when it abstained), what was expected
     *   confidence  HONE_F32: the probability of `predicted`
     *   prob        HONE_F32 [width]: the probabilities; s->prob has them too
     *   edited      HONE_I32 [edits]: `predicted` of the input under edits that keep its meaning; -2: the edit changed nothing
     *   latency_ms  HONE_F64: time of one answer by itself, NaN for rows that were not timed
     *   nats, tokens, characters  HONE_F64: of agents that write, -ln of the probability of the expected answer, of how many tokens and characters */
    const char *const *needs;
    /* All rows at once; one value an output name, as result(). `influence` [n], NULL when it is not wanted, takes by how much a row
     * pulls the headline: the derivative with respect to the row's weight (infinitesimal jackknife; Jaeckel 1972), for a mean of x
     * (x_i - mean) / n. Returns one of HONE_WHOLE_* or a negative code. [main] */
    int (*whole)(const struct hone_scored *all, const void *conf, const struct hone_host *, double *out, double *influence, struct hone_err *);
};

/* How the interval of a whole() is made. */
#define HONE_WHOLE_RESAMPLE 0   /* by calling it again with weights, rows drawn */
#define HONE_WHOLE_INFLUENCE 1  /* of `influence`, which it has filled */
#define HONE_WHOLE_NO_INTERVAL 2 /* not at all: rows drawn twice would change what is measured */

#ifdef __cplusplus
}
#endif
#endif
