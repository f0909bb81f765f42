/* The state database of one state directory: opening, closing, transactions. What is in it: agent.h, version.h, job.h,
 * history.h, checkpoint.h, evaluation.h, interaction.h, dataset.h, token.h, idempotency.h, event.h, webhook.h, outbox.h, usage.h; the tables are described in docs/state.md. Not a cache and not a queue.
 * In list filters, fields that are NULL or 0 do not filter. Row structs own their strings.
 * Called by core/api: a command line opens it for the time of a transaction, a daemon keeps it open behind a lock of its own.
 * One thread at a time; not kept over a fork. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include <stdint.h>
#include "core/base/err.h"

#define STORE_LOCK_WAIT_MS 10000
#define STORE_TENANT "default"   /* of the command line */
#define STORE_TENANT_MAX 63

struct store;

/* Creates the directory (0700) and the database where they are missing, takes the lock (waits STORE_LOCK_WAIT_MS for
 * the process that holds it), migrates an older schema. NULL with err filled:
 *   ERR_CONFLICT      another process keeps the database open; the sentence names it
 *   ERR_PRECONDITION  written by a newer version of the program, or the directory is another user's or everybody may write it
 *   ERR_CORRUPT       the file is not this program's database, or it is damaged
 *   HONE_EIO          the directory cannot be used, or the disk is full
 * On failure nothing is open and an existing database is as it was. */
struct store *store_open(const char *state_dir, struct hone_err *err);
/* As above, but NULL with ERR_NOT_FOUND when there is no database yet, and nothing is created. */
struct store *store_open_existing(const char *state_dir, struct hone_err *err);
/* The lock that store_open() takes, alone: nobody else opens the store until the descriptor is closed. The directory is made where it is
 * missing. A negative code as store_open() has them. */
int store_lock(const char *state_dir, struct hone_err *err);
/* The schema of the database in *have, which is not migrated; with `try` migrates it and undoes that, so that what would fail is told.
 * *want: the schema of this program. ERR_NOT_FOUND without a database, and what store_open() has. */
int store_schema(const char *state_dir, int try, int *have, int *want, struct hone_err *err);
/* Rolls back an open transaction and lets go of the lock. NULL is fine. */
void store_close(struct store *s);
/* The directory as it was given. Borrowed. */
const char *store_dir(const struct store *s);

/* Whose rows are seen from now on, and whose new ones are: of agents, jobs, datasets and what hangs on them. NULL: everybody's are
 * seen, as by those who run jobs; new ones are then of "default". At most STORE_TENANT_MAX bytes. */
void store_act_as(struct store *s, const char *tenant);
/* The tenant, NULL for everybody. Borrowed. */
const char *store_tenant(const struct store *s);

/* One transaction. What is committed is durable. An accessor outside a transaction is its own one. Within a transaction another
 * begin and its commit count as parts of it: only the outer commit keeps anything, and a rollback ends all. */
int store_begin(struct store *s, struct hone_err *err);
/* On failure nothing of the transaction was kept and it is over. */
int store_commit(struct store *s, struct hone_err *err);
void store_rollback(struct store *s); /* nothing to do without a transaction */
/* The same for a part that can be undone alone when it stands within another transaction: store_part_end() keeps it when rc >= 0 and returns rc
 * or why it could not be kept; else it undoes the part, leaves err and returns rc. */
int store_part_begin(struct store *s, struct hone_err *err);
int store_part_end(struct store *s, int rc, struct hone_err *err);

/* Raised whenever a row of agents or versions changes in this process, before the change can be read: who keeps something of them
 * notes it before reading and compares. [any] */
uint64_t store_agent_changes(void);
/* How many rows have been changed since the store was opened: the same number means that nothing was. */
int64_t store_changes(const struct store *s);
/* How many events were added since it was opened, undone ones counted: the same number means that there is none to read. */
int64_t store_events(const struct store *s);
/* The same of deliveries that became due. */
int64_t store_deliveries(const struct store *s);

/* Whether a write has failed since the last store_probe() that went well, as on a full disk. */
int store_failing(const struct store *s);
/* Writes something that changes nothing: 0 when writing works, else the fault. */
int store_probe(struct store *s, struct hone_err *err);
/* Whether a sync of the database has failed. From then on every use of the store fails with that sentence; the process should end and
 * start again, since what the system says of later syncs means nothing. */
int store_lost(const struct store *s);

/* 0 when SQLite's own checks of the whole file pass; else ERR_CORRUPT with the first fault. Takes time. */
int store_check(struct store *s, struct hone_err *err);

#endif
