/* What is told of synthetic examples: each with its criteria and where it came from, how different they are, what they cover, and what became of the
 * others. Formulas: docs/formulas.md. Called by the worker's task generate. */
#ifndef SYNTH_SCENARIOS_H
#define SYNTH_SCENARIOS_H
#include "core/synth/synth.h"

/* Adds scenarios, generated, requested, shortfall, filters, generators, diversity_score, diversity, coverage_analysis, difficulty_borders to
 * `out`. HONE_ENOMEM. */
int scenarios_put(cJSON *out, const struct synth *s, const struct synth_order *o, const struct synth_found *f, struct hone_err *err);

#endif
