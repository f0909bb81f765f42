/* Which configurations a sweep tries: a space of settings, points in it by grid, at random or by TPE, and which trials ASHA lets go on. Pure: a
 * point is a function of the space, the seed, the trial's number and the results of earlier trials; nothing here knows jobs, time or threads.
 * Formulas and papers: docs/formulas.md. Used by sweep.c. */
#ifndef API_SEARCH_H
#define API_SEARCH_H
#include <stdint.h>
#include <cjson/cJSON.h>

#define SEARCH_DIMS 16
#define SEARCH_RUNGS 16

enum search_kind { SEARCH_REAL, SEARCH_INTEGER, SEARCH_CHOICE };

struct search_dim {
    const char *key;           /* training key: "learningRate", "optimizerOptions.beta1" */
    enum search_kind kind;
    double low, high;          /* REAL, INTEGER */
    int log;                   /* 1: even on a logarithmic scale */
    int steps;                 /* of a grid; CHOICE: the number of choices */
    const cJSON *choices;      /* CHOICE: a list */
};

struct search_space {
    struct search_dim dim[SEARCH_DIMS];
    int n;
};

/* A point has one number a dimension: a place in [0, 1], or of a CHOICE the number of the choice. */
struct search_seen {
    double x[SEARCH_DIMS];
    double score;              /* higher is better; NaN: the trial failed, which counts as the worst */
};

/* What a place of a dimension stands for, with 4 significant digits (cJSON_Delete()). */
cJSON *search_value(const struct search_dim *d, double x);
/* The number of points of the grid, at most `limit` (then the grid has more). */
int64_t search_grid_size(const struct search_space *s, int64_t limit);
/* Point i of the grid; the first dimension varies slowest. */
void search_grid(const struct search_space *s, int64_t i, double x[SEARCH_DIMS]);
void search_random(const struct search_space *s, uint64_t seed, int64_t trial, double x[SEARCH_DIMS]);
/* Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio & Kegl, 2011, "Algorithms for hyper-parameter optimization"), dimensions apart. With
 * fewer than `startup` results as search_random(). Points whose results are not known yet, such as those of the same batch, count as failed: it keeps
 * away from them (the constant liar of Ginsbourger, Le Riche & Carraro, 2010). 0, or HONE_ENOMEM and x says nothing. */
int search_tpe(const struct search_space *s, uint64_t seed, int64_t trial, const struct search_seen *seen, int n, int startup, double x[SEARCH_DIMS]);

/* Asynchronous successive halving (Li, Jamieson, Rostamizadeh et al., 2020, "A system for massively parallel hyperparameter tuning"). */
struct search_asha {
    int reduction;             /* eta: one in so many goes on */
    int rungs;                 /* 1: nothing is stopped early */
    int epochs[SEARCH_RUNGS];  /* of each rung, rising */
};
/* Rungs of min, min * reduction, ... epochs, the last one `max`. */
void search_asha_make(struct search_asha *a, int min, int max, int reduction);
struct search_rung {
    int trial, rung;
    double score;              /* NaN: failed, which never goes on */
    int promoted;              /* goes on already */
};
/* The result that is to go on to the next rung, or -1: of the highest rung with one among its best floor(n / reduction), the best; of equal scores
 * the lower trial. */
int search_promote(const struct search_asha *a, const struct search_rung *done, int n);

#endif
