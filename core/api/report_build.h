/* Reports: builders for report trees (core/judge/report_tree.h), the stamp by which a report is made again. Private to the files report*.c
 * of core/api. */
#ifndef API_REPORT_BUILD_H
#define API_REPORT_BUILD_H
#include <cjson/cJSON.h>
#include "core/api/priv.h"

/* {key, label, type, value}; value is taken; null: not known. */
cJSON *report_field(const char *key, const char *label, const char *type, cJSON *value);
/* Adds a section and returns its list of items. */
cJSON *report_section(cJSON *sections, const char *key, const char *title);
/* Adds an item {name: value}; takes value. */
void report_item(cJSON *items, const char *name, cJSON *value);
/* A table without rows: columns are "key|label|type" texts, NULL-terminated. */
cJSON *report_table(const char *key, const char *title, const char *const *columns);
/* Adds a row; the values are taken. */
void report_row(cJSON *table, cJSON *const *values, int n);
/* A copy of o's member, or null. */
cJSON *report_copy(const cJSON *o, const char *key);
/* A member as text: a string as it is, other values as JSON. */
cJSON *report_text(const cJSON *v);

/* report_judged.c: the sections of an evaluation (evaluation, confusion, calibration, errors, statistics, recommendations), and of a
 * comparison (summary, metrics, statistics, recommendations). */
void report_evaluation(cJSON *sections, const cJSON *evaluation);
void report_comparison(cJSON *sections, const cJSON *comparison);


/* ---- report_stamp.c ---- */

/* "hone-report/1 type=... job_id=... format=... evaluations=JOB:EVALUATION+...": of letters, digits and signs that no format loses; free(). */
char *report_stamp(const cJSON *in, const char *type, const cJSON *evaluations);
/* The request that a report was made by, from its text in any format, and {job: evaluation or null}; NULL when it has no stamp,
 * or memory ran out, of which json_lost() tells. Both are to be freed. */
cJSON *report_stamp_read(const char *text, cJSON **evaluations);

/* ---- report.c ---- */

/* What a report is made of, where it is not the newest in the books. Zero-initialise. */
struct report_source {
    const cJSON *evaluations; /* {job: evaluation or null}; NULL: the newest of each job */
    const cJSON *comparison;  /* what the comparison found; NULL: as it is kept, or made anew */
    cJSON *used;              /* {job: id of its evaluation or null}: filled, or given with `evaluations`; the caller frees it */
};
/* The tree that a request asks for, with its sections and stamp. NULL with err. */
cJSON *report_made(struct api *a, const cJSON *in, struct report_source *src, struct hone_err *err);
/* Formats it (taken): to in's `output`, or to descriptor fd. */
cJSON *report_written(struct api *a, const cJSON *in, cJSON *tree, int fd, struct hone_err *err);

/* ---- report_differences.c ---- */

/* What differs between the text of a report and what it should be, both of the format of that name: {where, found, expected}, at most 50. */
cJSON *report_differences(const char *format, const char *found, const char *expected);

#endif
