/* Whether synthetic rows help: training with and without them, on the same rows, from the same seeds, judged on rows that neither saw.
 * Called by the worker's task generate. */
#ifndef SYNTH_MEASURE_H
#define SYNTH_MEASURE_H
#include "core/synth/synth.h"

#define MEASURE_SEEDS 5

/* Adds "measure" to `out`: accuracies with and without, their difference with a 95 % interval (bootstrap over the test rows) and the p-value
 * of sign flips, and each seed's. With `test`, each seed trains on all rows, with what was found (`s`, `f`) and without, and is judged on
 * test's rows. Without, the rows are dealt into as many parts as there are seeds; each part judges a pair that was trained on the others, with
 * rows that were generated from those alone by the same order. */
int measure_put(cJSON *out, struct synth *s, const struct synth_order *o, const struct synth_found *f, const struct examples *test, struct hone_err *err);

#endif
