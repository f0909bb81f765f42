/* The expression language of pipelines: conditions on results, and references to them in texts. docs/pipelines.md has its grammar. Values are
 * JSON; nothing is converted in silence: a comparison of a number with a text, a member that is not there, a division by zero are errors with
 * the place in the expression. It has no loops, no definitions and no side effects. Used by pipe_*.c and sweep.c. */
#ifndef API_EXPR_H
#define API_EXPR_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

struct expr_names {
    void *arg;
    /* The value of a name, borrowed while the expression is evaluated, or NULL with err (ERR_NOT_FOUND: it has no value at present, which
     * defined() tells; anything else is an error). NULL: only the grammar is checked. */
    const cJSON *(*value)(void *arg, const char *name, struct hone_err *err);
    /* NULL, or told of every name that the expression refers to; a negative code with err refuses it. */
    int (*seen)(void *arg, const char *name, struct hone_err *err);
};

/* Checks the grammar, functions and names (by names->seen). 0, or HONE_EINVAL: "column 7: ...". */
int expr_check(const char *text, const struct expr_names *names, struct hone_err *err);
/* The value (cJSON_Delete()), or NULL with err. What `and` and `or` do not need is not evaluated. */
cJSON *expr_eval(const char *text, const struct expr_names *names, struct hone_err *err);
/* The same for a condition: 1 or 0; HONE_EINVAL when it is neither true nor false. */
int expr_true(const char *text, const struct expr_names *names, struct hone_err *err);

/* A value with every text "${expression}" replaced by what it stands for, of whatever type, and every "... ${expression} ..." by a text in which
 * texts, numbers, true and false stand as they are; "$${" is "${". The value (cJSON_Delete()), or NULL with err. */
cJSON *expr_fill(const cJSON *value, const struct expr_names *names, struct hone_err *err);
/* expr_check() of all that expr_fill() would evaluate. */
int expr_check_fill(const cJSON *value, const struct expr_names *names, struct hone_err *err);
/* Whether a value has "${" anywhere, so that it is not known before. [any, pure] */
int expr_refers(const cJSON *value);

#endif
