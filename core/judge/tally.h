/* Counts over predictions: by output, by confused pair, by slice, by confidence. Numbers only; evaluate.c makes JSON of
 * them and advice.c sentences. */
#ifndef JUDGE_TALLY_H
#define JUDGE_TALLY_H
#include "core/judge/predictions.h"

struct output_tally {
    int64_t rows, predicted, correct; /* rows that expect it, answers that give it, both */
};
struct pair_tally {
    int32_t expected, predicted;
    int64_t n;
    int64_t sample; /* the most confident of them: index into the predictions */
};
struct slice_tally {
    char key[64], value[64];
    int64_t rows, correct;
};
struct bin_tally {
    int64_t rows, correct;
    double confidence; /* sum */
};
#define TALLY_BINS 10

struct tally {
    int64_t rows, correct;
    struct output_tally *output; /* [predictions.n_names] */
    struct pair_tally *pair;     /* [n_pairs], most frequent first, then by numbers */
    int64_t n_pairs;
    struct slice_tally *slice;   /* [n_slices], in the order of first appearance of keys, then values */
    int64_t n_slices;
    struct bin_tally bin[TALLY_BINS]; /* top probability in (b / 10, (b + 1) / 10] */
    double ece, mce;             /* expected and maximum calibration error */
    double confidence;           /* mean top probability */
    double entropy;              /* mean, nats */
};

/* Counts everything. Zero-initialise t; free in any case. HONE_ENOMEM. */
int tally_count(struct tally *t, const struct predictions *p, const struct examples *e, struct hone_err *err);
void tally_free(struct tally *t);

/* slices.c: the values of metadata keys (texts, numbers, truth values; keys with 2 to 20 values) and the input's length. */
int tally_slices(struct tally *t, const struct predictions *p, const struct examples *e, struct hone_err *err);

/* The lowest confidence above which answers reach that precision with the lower bound of Wilson's interval; *coverage is
 * the share of rows that are then answered. NaN when none does. HONE_ENOMEM. */
int tally_threshold(const struct predictions *p, double precision, double *threshold, double *coverage, double *reached,
                    struct hone_err *err);

/* ---- refusals.c ---- */

/* Of the rows whose confidence is below the agent's own threshold. NaN where there is nothing to divide by. */
struct refusals {
    int64_t refused, known, strange; /* rows; known: of outputs that the agent has, strange: of others */
    double rate;                     /* refused / rows */
    double precision;                /* right answers / answers */
    double known_accuracy;           /* right answers / known */
    double strange_recall;           /* refused strange rows / strange */
};
void tally_refusals(const struct predictions *p, struct refusals *r);
/* The expected calibration error that the answers had without the agent's temperature. */
double tally_plain_ece(const struct predictions *p);

#endif
