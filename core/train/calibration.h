/* How sure a trained agent may call itself, and below which confidence it refuses to answer: found on rows that did not train it,
 * kept in the weights file, applied by the predictor. Formulas and sources: docs/formulas.md. Knows scores only, so it goes with
 * any model and paradigm. Called by the loop, the worker's folds and the predictor. */
#ifndef TRAIN_CALIBRATION_H
#define TRAIN_CALIBRATION_H
#include <math.h>
#include <cjson/cJSON.h>
#include "core/train/run.h"

/* Scores of held-out rows, each with the width of the agent that gave them. Zero-initialise; free with held_free(). */
struct held_rows {
    int64_t n, cap, used, room;
    int64_t *start;              /* [n + 1] into score */
    int32_t *target;             /* [n] -1: the agent has no right answer to this row */
    float *score;
};
void held_free(struct held_rows *h);
/* Adds the validation rows of a run with their scores by `weights` (NULL: the present ones), at most CALIBRATION_ROWS of them, evenly
 * chosen. unknown: rows whose output the agent does not know are wanted. On failure h is still to be freed. [main] */
int held_add(struct held_rows *h, struct run *r, float *const *weights, int unknown, struct hone_err *err);
/* The same of a model that writes: rows are tokens of validation answers, at most CALIBRATION_ROWS, of answers evenly chosen. */
int held_add_tokens(struct held_rows *h, struct run *r, float *const *weights, struct hone_err *err);
#define CALIBRATION_ROWS 10000
#define CALIBRATION_REFUSED 0.01 /* share of the right answers that may be refused for what belongs to no output */

/* Fills *c from the rows; c->rows stays 0 when none of them has a right answer. */
int calibration_find(const struct held_rows *h, double target_precision, struct calibration *c, struct hone_err *err);
/* From rows that are tokens: a temperature, no threshold, since an answer is more than a token. */
int calibration_find_tokens(const struct held_rows *h, struct calibration *c, struct hone_err *err);
/* {temperature, threshold, ...}, or null when nothing was found. Free with cJSON_Delete(). */
cJSON *calibration_json(const struct calibration *c);
/* The opposite. Absent (NULL) is temperature 1 and threshold 0. HONE_EINVAL for what is none. */
int calibration_read(const cJSON *json, struct calibration *c, struct hone_err *err);

/* The first of the highest scores, and its share of the sum of e^(score / temperature). [pure] */
static inline int64_t calibration_top(const float *s, int64_t width, double temperature, double *share)
{
    int64_t top = 0;
    double sum = 0;
    float beta = (float)(1 / temperature);
    for (int64_t k = 1; k < width; k++)
        if (s[k] > s[top])
            top = k;
    for (int64_t k = 0; k < width; k++)
        sum += (double)expf((s[k] - s[top]) * beta);
    *share = (double)(float)(1 / sum);
    return top;
}

#endif
