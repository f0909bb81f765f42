/* What the test of kills knows from outside: what it asked for and what was acknowledged, on disk before the next step, and what the
 * books must therefore hold. Several clients write into it. */
#ifndef TESTS_LEDGER_H
#define TESTS_LEDGER_H
#include <pthread.h>
#include <stddef.h>

#define VARIANTS 3

struct ledger_job {
    char id[64], key[64];
    int variant;             /* of the configuration */
    int cancelled;           /* the cancel was acknowledged */
    char status[16];         /* as the end was seen, "" before */
};

struct ledger_interaction {
    char id[64];
    char feedback[16];       /* acknowledged, "" none */
};

struct ledger {
    pthread_mutex_t lock;
    int fd;                  /* the file: one line for each step */
    struct ledger_job *job;
    struct ledger_interaction *interaction;
    size_t jobs, job_cap, interactions, interaction_cap;
    char weights[VARIANTS][65]; /* of an uninterrupted run */
    unsigned passed, failed;
};

int ledger_open(struct ledger *l, const char *path);
void ledger_free(struct ledger *l);
/* Counts a check; a failed one is printed with the sentence. [any] */
int ledger_check(struct ledger *l, int good, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* What was acknowledged; the number of the entry. [any] */
size_t ledger_add_job(struct ledger *l, const char *id, const char *key, int variant);
size_t ledger_add_interaction(struct ledger *l, const char *id);
/* More that was acknowledged of an entry. [any] */
void ledger_cancelled(struct ledger *l, size_t job);
void ledger_ended(struct ledger *l, size_t job, const char *status);
void ledger_rated(struct ledger *l, size_t interaction, const char *feedback);

/* ledger_books.c: copies the database of a daemon that does not run into `copy` and holds it against the rules: integrity, references,
 * legal transitions that lead to each job's status. With `all` also against the whole ledger. */
/* Whether the first n acknowledged jobs are in the database of another state directory. */
void ledger_has_jobs(struct ledger *l, const char *state, size_t n);
void ledger_hold(struct ledger *l, const char *state, const char *copy, int all);

#endif
