/* Builders for report trees (core/judge/report_tree.h). Private to core/api/report.c. */
#ifndef API_REPORT_BUILD_H
#define API_REPORT_BUILD_H
#include <cjson/cJSON.h>

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

#endif
