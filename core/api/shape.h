/* What a JSON object must look like, as a table: from one table come the check of a request (all faults at once), the JSON Schema
 * of /openapi.json and the tables of docs/api.md. Not a general JSON Schema engine. Used by core/api/function.h. */
#ifndef API_SHAPE_H
#define API_SHAPE_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

enum shape_type { SHAPE_TEXT, SHAPE_INTEGER, SHAPE_NUMBER, SHAPE_BOOLEAN, SHAPE_OBJECT, SHAPE_LIST, SHAPE_ANY };

#define SHAPE_REQUIRED 1u
#define SHAPE_NULL 2u       /* may be null; in a request that is as if it were absent */
#define SHAPE_OPEN 4u       /* an object that may have any members beyond those of the table */
#define SHAPE_LOCAL 8u      /* names something on this machine: taken from its own command line alone, and not described to others */
#define SHAPE_CONFIG 16u    /* a training configuration: core/train/config.h has its keys, checks and texts */

#define SHAPE_TEXT_MAX 65536 /* bytes of a text without a limit of its own */
#define SHAPE_FAULTS 100     /* at most so many are told */

struct shape {
    const char *name;        /* NULL ends a table; "" in the single entry that says what a list holds */
    const char *also;        /* another spelling that is taken, or NULL */
    enum shape_type type;
    unsigned flags;
    double min, max;         /* of a number, the bytes of a text, the entries of a list; equal: no limit (INFINITY: none above) */
    const char *choices;     /* blank-separated words that a text may be, or NULL: any */
    const struct shape *of;  /* members of an object; what a list holds */
    const char *dflt;        /* what holds when it is absent, as JSON, or NULL: nothing */
    const char *doc;         /* one sentence */
};

/* Checks `value` against the members. Faults are appended to `faults` (an array of {path, message, fix}; path as
 * "training_data.examples[3].weight"). Members under another spelling are renamed and nulls that stand for "absent" are removed, so
 * that whoever reads it looks for one name only. `local`: members that are SHAPE_LOCAL are known.
 * 0, or HONE_EINVAL with err naming the first fault and how many there are. [any] */
int shape_check(const struct shape *members, cJSON *value, int local, cJSON *faults, struct hone_err *err);
/* The same for what we answer: nothing is renamed and members that the table lacks are faults. For tests. [any] */
int shape_matches(const struct shape *members, const cJSON *value, cJSON *faults, struct hone_err *err);
/* JSON Schema (2020-12, as OpenAPI 3.1 has it) of an object with these members. Free with cJSON_Delete(). [any] */
cJSON *shape_schema(const struct shape *members);

#endif
