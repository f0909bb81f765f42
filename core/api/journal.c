#include "core/api/journal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/crash.h"

struct journal {
    struct api api;
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t thread;
    struct journal_entry *head, **end;
    int closing;
};

/* All rows as one part of the transaction. On failure none of them is kept. */
static int add_together(struct store *s, struct journal_entry *list, struct hone_err *err)
{
    size_t n = 0, at = 0;
    for (struct journal_entry *e = list; e; e = e->next)
        n += e->n;
    struct interaction_row *rows = calloc(n + 1, sizeof *rows);
    if (!rows)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    for (struct journal_entry *e = list; e; at += e->n, e = e->next)
        memcpy(rows + at, e->rows, e->n * sizeof *rows);
    int rc = interaction_insert_all(s, rows, n, err);
    at = 0;
    for (struct journal_entry *e = list; e; at += e->n, e = e->next)
        memcpy(e->rows, rows + at, e->n * sizeof *rows); /* they have their ids now */
    free(rows);
    return rc;
}

/* Adds the rows of each entry that can be added; of the others the reason goes to errs. Returns a failure of them all. */
static int write_all(struct journal *j, struct journal_entry *list, struct hone_err *errs, struct hone_err *err)
{
    struct hone_err some;
    struct store *s = books_open(&j->api, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0 && add_together(s, list, &some) < 0) { /* as when an agent is gone by now: one by one */
        size_t i = 0;
        for (struct journal_entry *e = list; e; e = e->next, i++)
            (void)interaction_insert_all(s, e->rows, e->n, &errs[i]);
    }
    crash_at(CRASH_answers_before_commit);
    if (rc >= 0)
        rc = store_commit(s, err);
    crash_at(CRASH_answers_committed);
    books_close(&j->api, s);
    return rc;
}

static void write_down(struct journal *j, struct journal_entry *list)
{
    struct hone_err err = { 0 };
    size_t n = 0, i = 0;
    for (struct journal_entry *e = list; e; e = e->next)
        n++;
    struct hone_err *errs = calloc(n, sizeof *errs);
    int rc = errs ? write_all(j, list, errs, &err) : hone_fail(&err, HONE_ENOMEM, "memory ran out");
    if (rc < 0)
        err_prefix(&err, "the answer could not be recorded");
    for (struct journal_entry *e = list, *next; e; e = next, i++) {
        const struct hone_err *why = rc < 0 ? &err : &errs[i];
        next = e->next;
        e->written(e->arg, why->code, why);
    }
    free(errs);
}

static void *run(void *arg)
{
    struct journal *j = arg;
    pthread_mutex_lock(&j->lock);
    while (j->head || !j->closing) {
        struct journal_entry *list = j->head;
        if (!list) {
            pthread_cond_wait(&j->more, &j->lock);
            continue;
        }
        j->head = NULL;
        j->end = &j->head;
        pthread_mutex_unlock(&j->lock);
        write_down(j, list);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

struct journal *journal_open(const struct api *a, struct hone_err *err)
{
    struct journal *j = calloc(1, sizeof *j);
    if (!j) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    j->api = (struct api){ .state_dir = a->state_dir, .daemon = a->daemon };
    j->end = &j->head;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->more, NULL);
    int rc = pthread_create(&j->thread, NULL, run, j);
    if (rc == 0)
        return j;
    hone_fail(err, HONE_EIO, "no thread can be started for the record of interactions: %s", strerror(rc));
    pthread_cond_destroy(&j->more);
    pthread_mutex_destroy(&j->lock);
    free(j);
    return NULL;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->closing = 1;
    pthread_cond_signal(&j->more);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->thread, NULL);
    pthread_cond_destroy(&j->more);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

void journal_add(struct journal *j, struct journal_entry *e)
{
    e->next = NULL;
    pthread_mutex_lock(&j->lock);
    int first = !j->head;
    *j->end = e;
    j->end = &e->next;
    if (first)
        pthread_cond_signal(&j->more);
    pthread_mutex_unlock(&j->lock);
}
