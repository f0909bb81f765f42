/* A report tree (JSON) to the record stream of hone/report.h. The tree is checked whole before the first record, so that a
 * formatter sees records in their order and of their types only. Computes nothing. Called by the task report.
 *
 * tree     {type, title, fields: [field], sections: [section]}
 * section  {key, title, items: [item]}
 * item     {values: [field]} | {text} | {table: {key, title, columns: [column], rows: [[value]]}}
 *          | {series: {key, title, x: [number], y: [number or null]}} | {section: section}
 * field    {key, label, type, value}; column {key, label, type}; type is real, integer, boolean or text; null stands for
 *          "not known". Sections nest to a depth of 6. */
#ifndef JUDGE_REPORT_TREE_H
#define JUDGE_REPORT_TREE_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "hone/report.h"

/* HONE_EINVAL with the JSON path of the first fault: "report/sections/0/items/2/table: ...". */
int report_tree_check(const cJSON *tree, struct hone_err *err);
/* Checks and feeds `record` with `self`. Returns the first negative code, the formatter's or the check's. */
int report_tree_feed(const cJSON *tree, int (*record)(void *self, const struct hone_record *, struct hone_err *), void *self,
                     struct hone_err *err);
/* Opens the formatter, feeds the tree and closes it, also after a failure. */
int report_tree_write(const cJSON *tree, const struct hone_report *formatter, const void *conf, const struct hone_host *host,
                      struct hone_sink *sink, struct hone_err *err);

#endif
