/* The tables and how older databases become newer ones. Private to core/store. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H
#include "core/store/db.h"

#define SCHEMA_APPLICATION 0x484f4e45 /* "HONE" */

/* steps[i] is SQL that makes version i + 1 out of version i. */
extern const char *const schema_steps[];
extern const int schema_version;

/* Brings an open database to version n by the steps that it lacks, all in one transaction. ERR_PRECONDITION when it is
 * newer, ERR_CORRUPT when it is another program's or a step leaves broken references.
 * The database is then as it was. */
int schema_migrate(struct store *s, const char *const *steps, int n, struct hone_err *err);
/* The same, undone at the end: 0 when it would go well. *have: the version that it begins with. */
int schema_try(struct store *s, const char *const *steps, int n, int *have, struct hone_err *err);

#endif
