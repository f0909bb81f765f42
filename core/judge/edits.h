/* Edits of an input that keep its meaning, and what an agent answers then; how long single answers take. These are the columns
 * "edited" and "latency_ms" of hone/metric.h, made only when a metric asks for them. Called by the task evaluate and by tests. */
#ifndef JUDGE_EDITS_H
#define JUDGE_EDITS_H
#include "core/base/buf.h"
#include "core/judge/metrics.h"

enum edit { EDIT_UPPER, EDIT_LOWER, EDIT_BLANKS, EDIT_BARE, EDIT_POINT, EDIT_SLIP, EDITS };

/* Puts the edited text into out (cleared first): ASCII letters in upper or lower case; blanks doubled and put around; . , ! ? ; : taken
 * away; a '.' put behind, or taken away where one stands; two neighbouring letters of one word of at least five ASCII letters swapped,
 * never its first. Which ones is a function of (seed, row). 1 when it differs from the text, 0 when the edit changes nothing, -1
 * without memory. */
int edit_text(enum edit edit, const struct hone_string *text, uint64_t seed, int64_t row, struct buf *out);
/* Fills rows->edited, rows->edits (allocated, free()) and rows->latency_ms as far as metrics of the set need them. `beat` (may be
 * NULL) is called now and then. On failure nothing is left allocated. */
int edits_measure(struct metric_rows *rows, const struct metric_set *s, struct predictor *agent, uint64_t seed, void (*beat)(void *), void *beat_arg,
                  struct hone_err *err);

#endif
