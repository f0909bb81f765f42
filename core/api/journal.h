/* Writes down what agents were asked and answered, before anybody is told the answer: one thread, which commits all that has queued up
 * as one transaction, so that thousands a second share the cost of making it durable. Called by serving.c. */
#ifndef API_JOURNAL_H
#define API_JOURNAL_H
#include "core/api/api.h"
#include "core/store/interaction.h"

struct journal;

/* The interactions of one call. Everything is the caller's and stays until `written` is told. */
struct journal_entry {
    struct interaction_row *rows;  /* their id and created_at are filled */
    size_t n;
    void (*written)(void *arg, int rc, const struct hone_err *err); /* durable (0), or none of them is kept; on the journal's thread */
    void *arg;
    struct journal_entry *next;    /* private */
};

/* NULL with err. Borrows a->state_dir; `a` itself may go. */
struct journal *journal_open(const struct api *a, struct hone_err *err);
/* Writes what has been added, then ends. NULL is fine. */
void journal_close(struct journal *j);
void journal_add(struct journal *j, struct journal_entry *e); /* [any] */

#endif
