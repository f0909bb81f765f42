/* The filters between what generators propose and what is returned, in their order: unique, no copy or near copy of a given row, output
 * kept by the model of the module, difficulty by that model's margin; then the choice of those that lie farthest apart. */
#ifndef SYNTH_SIEVE_H
#define SYNTH_SIEVE_H
#include "core/synth/candidates.h"
#include "core/synth/folded.h"

#define SYNTH_NEAR 0.8        /* likeness from which a text is a near copy: that of the check of data (CHECK_NEAR) */

/* Difficulty by margin. Borders: the quartiles of the margins that the module's own rows have, as far as they are answered rightly, for a
 * model that has not seen them. */
enum level { LEVEL_EASY, LEVEL_MEDIUM, LEVEL_HARD, LEVEL_EXPERT, LEVELS };
extern const char *const level_names[LEVELS + 1]; /* NULL-terminated */
int level_of_name(const char *name);              /* -1: none of them */
struct borders {
    double quarter[3];        /* ascending */
    int64_t rows;             /* that they come from; 0: there were none, and margins are taken as they are: 0.25, 0.5, 0.75 */
};
enum level level_of_margin(const struct borders *b, double margin);

struct sieve {
    const struct hone_material *material;
    struct referee *referee;
    const int32_t *theirs;    /* [outputs] the referee's number */
    const int32_t *ours;      /* [referee's outputs] that of the material */
    struct borders borders;
    int wanted;               /* enum level, or -1 for all */
    double near_copy;
    struct folded given, seen; /* texts of the material, then of other rows that are not to be copied; of c->v[0..n) */
    struct folded_index index;
};

/* Sets v[from..n).fate, and what the referee says of those that came to it. seen gets their texts. */
int sieve_run(struct sieve *s, struct candidates *c, int64_t from, struct hone_err *err);

/* Of the candidates that passed, for each output k at most need[k]: again and again the one whose nearest text, among all given rows
 * and those chosen for the output before, is farthest (Gonzalez, 1985, "Clustering to minimize the maximum intercluster distance"); the first of
 * several; none that is a near copy of a chosen one. Distance is 1 - likeness. chosen[] (room for all of c) gets their numbers, by output; returns how
 * many, or HONE_ENOMEM without a sentence. */
int64_t sieve_choose(const struct sieve *s, struct candidates *c, const int64_t *need, int64_t *chosen);

#endif
