/* Strengths, weaknesses and recommendations, each from a measured fact that it names. No sentence without a number
 * behind it. The rules and thresholds stand in docs/evaluation.md. Called by evaluate.c. */
#ifndef JUDGE_ADVICE_H
#define JUDGE_ADVICE_H
#include "core/judge/evaluate.h"

/* Adds "strengths" and "weaknesses" (lists of sentences) and "recommendations" (objects with priority, category,
 * recommendation, evidence, expected_impact, computed_from, impact_points), the most urgent first. HONE_ENOMEM. */
int advice_put(cJSON *result, const struct findings *f, struct hone_err *err);

#endif
