/* What agents were asked and answered, and what people said of it: the ground for adapting an agent and for learning from choices
 * that were made by chance. Rows are added by invokeAgent and `hone ask --explore`; feedback comes later and once more may replace it. */
#ifndef STORE_INTERACTION_H
#define STORE_INTERACTION_H
#include <stddef.h>
#include "core/store/store.h"

struct interaction_row {
    char *id;              /* intr_... */
    char *agent_id;
    char *version_id;      /* who answered; the version may be gone by now */
    char *input;
    char *output;          /* NULL when the agent abstained */
    double confidence;     /* NaN: none */
    char *alternatives;    /* JSON list [{output, confidence}] or NULL */
    int64_t abstained;     /* 0 or 1 */
    double propensity;     /* probability with which this output was chosen, 0 < p <= 1; NaN: not known */
    char *explored_by;     /* name of the rule that chose by chance; NULL: the best was taken */
    double latency_ms;     /* NaN: not measured */
    int64_t created_at;    /* ms since 1970 */
    char *feedback;        /* "correct", "partial", "incorrect"; NULL: none yet */
    double rating;         /* 0 to 1; NaN: none */
    char *expected_output; /* the right answer, where somebody told it; NULL: not told */
    int64_t feedback_at;   /* 0: none yet */
};

struct interaction_filter {
    const char *agent_id;  /* must be given */
    const char *version_id;
    int64_t since, until;  /* created_at from `since` on and before `until`; 0: open */
    int only_rated;        /* with feedback of any kind */
    const char *after;     /* id of the last row of the page before */
    int64_t limit;         /* 0: all */
};

struct interaction_list {
    struct interaction_row *v;
    size_t n;
};

/* What somebody says of an interaction; NULL and NaN leave what is there. */
struct interaction_feedback {
    const char *feedback;
    double rating;
    const char *expected_output;
};

/* Adds a row; an id that is NULL is made and created_at is set where it is 0, in *row. ERR_NOT_FOUND without the agent. */
int interaction_insert(struct store *s, struct interaction_row *row, struct hone_err *err);
/* The same for n rows, all or none. */
int interaction_insert_all(struct store *s, struct interaction_row *rows, size_t n, struct hone_err *err);
/* ERR_NOT_FOUND; *row is zeroed then. */
int interaction_get(struct store *s, const char *id, struct interaction_row *row, struct hone_err *err);
/* Stores feedback and the time of it. HONE_EINVAL for a word or a number that is none; ERR_NOT_FOUND. */
int interaction_rate(struct store *s, const char *id, const struct interaction_feedback *f, struct hone_err *err);
/* Newest first. On failure *list is empty. */
int interaction_list(struct store *s, const struct interaction_filter *f, struct interaction_list *list, struct hone_err *err);
/* Oldest first, at most `limit`: what follows the row that has `since` for its time and `after` for its id, up to `until` (not included); with `after` NULL all from `since` on. */
int interaction_next(struct store *s, const char *agent_id, int64_t since, const char *after, int64_t until, int64_t limit, struct interaction_list *list, struct hone_err *err);
/* How many there are of the agent in [since, until), and how many of them have feedback; `rated` may be NULL. */
int interaction_count(struct store *s, const char *agent_id, int64_t since, int64_t until, int64_t *all, int64_t *rated,
                      struct hone_err *err);
/* What a version would have done with this threshold since `since`, whatever threshold its callers named: by the confidence of each row. Answers drawn by chance do not count. */
struct interaction_tally {
    int64_t asked, refused;
    int64_t rated;         /* answers, not refused, of which somebody said how good they were */
    double success;        /* sum over those, each from 0 to 1: the word, else the rating, else whether it is the expected output */
};
int interaction_tally(struct store *s, const char *agent_id, const char *version_id, int64_t since, double threshold, struct interaction_tally *t, struct hone_err *err);
/* Removes rows older than `before`; returns how many, or a negative code. */
int64_t interaction_prune(struct store *s, int64_t before, struct hone_err *err);
void interaction_free(struct interaction_row *row);
void interaction_list_free(struct interaction_list *list);

#endif
