/* Paradigm "supervised": what feedback means. Gradients against differences of the loss, losses against their definitions, and answers marked
 * incorrect, which push away from their output and towards no other more than the model leans already. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include "core/base/rng.h"
#include "tests/unit/suites.h"

#define HONE_STATIC_NAME supervised_in_test
#include "plugins/paradigms/supervised.c"

enum { ROWS = 18, WIDTH = 6 };

static float scores[ROWS * WIDTH], weight[ROWS], d_scores[ROWS * WIDTH];
static int32_t target[ROWS];
static uint8_t feedback[ROWS];

static struct hone_rows rows_of(double wide)
{
    for (int i = 0; i < ROWS; i++) {
        target[i] = i == 7 ? -1 : i % WIDTH;
        feedback[i] = (uint8_t)(i % 3);
        weight[i] = i == 4 ? 0 : 0.5f + 0.25f * (float)(i % 4);
        for (int k = 0; k < WIDTH; k++)
            scores[i * WIDTH + k] = (float)(wide * rng_normal(3, 70, (uint64_t)(i * WIDTH + k)));
    }
    return (struct hone_rows){ .struct_size = sizeof(struct hone_rows), .flags = HONE_ROWS_TRAIN, .n = ROWS, .width = WIDTH, .scores = scores,
                               .target = target, .weight = weight, .feedback = feedback };
}

static struct hone_loss loss_of(const struct cross_entropy *c, const struct hone_rows *r, float *d)
{
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(loss(c, r, &sum, d, &err), 0);
    return sum;
}

static void gradients(void)
{
    for (int variant = 0; variant < 8; variant++) {
        struct hone_rows r = rows_of(1.5);
        struct cross_entropy c = { .label_smoothing = variant % 2 ? 0.1 : 0, .partial_weight = 0.5, .incorrect_weight = variant & 2 ? 3 : 1, .partial = variant / 4 };
        double worst = 0;
        loss_of(&c, &r, d_scores);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            float here = scores[i];
            scores[i] = here + 1e-2f;
            double above = loss_of(&c, &r, NULL).loss;
            scores[i] = here - 1e-2f;
            double below = loss_of(&c, &r, NULL).loss;
            scores[i] = here;
            worst = fmax(worst, fabs((above - below) / 2e-2 - (double)d_scores[i]));
        }
        CU_ASSERT(worst < 2e-3);
    }
}

/* The definitions, row by row, in double. */
static void definitions(void)
{
    for (int soft = 0; soft < 2; soft++) {
        struct hone_rows r = rows_of(2);
        struct cross_entropy c = { .label_smoothing = 0.1, .partial_weight = 0.5, .incorrect_weight = 2, .partial = soft };
        double sum = 0, weights = 0;
        for (int i = 0; i < ROWS; i++) {
            double total = 0, row = 0, w = (double)weight[i], share = 0.9;
            if (target[i] < 0)
                continue;
            for (int k = 0; k < WIDTH; k++)
                total += exp((double)scores[i * WIDTH + k]);
            if (feedback[i] == HONE_PARTIAL && soft)
                share = 0.45;
            else if (feedback[i] != HONE_CORRECT)
                w *= feedback[i] == HONE_PARTIAL ? 0.5 : 2;
            for (int k = 0; k < WIDTH; k++) {
                double p = exp((double)scores[i * WIDTH + k]) / total, q = (1 - share) / WIDTH + (k == target[i] ? share : 0);
                if (feedback[i] == HONE_INCORRECT)
                    row -= k == target[i] ? log(1 - p) : 0;
                else
                    row -= q * log(p);
            }
            sum += w * row;
            weights += w;
        }
        struct hone_loss got = loss_of(&c, &r, NULL);
        CU_ASSERT_DOUBLE_EQUAL(got.loss, sum, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(got.weight, weights, 1e-6);
    }
}

/* However sure the model is: a step down the gradient lowers the wrong answer's score and raises each other in proportion to what it has. */
static void wrong_answers(void)
{
    for (double wide = 0.01; wide < 50; wide *= 4) {
        struct hone_rows r = rows_of(wide);
        struct cross_entropy c = { .label_smoothing = 0.1, .partial_weight = 0.5, .incorrect_weight = 1 };
        loss_of(&c, &r, d_scores);
        for (int i = 0; i < ROWS; i++) {
            const float *d = d_scores + i * WIDTH;
            double sum = 0;
            for (int k = 0; k < WIDTH; k++)
                sum += (double)d[k];
            if (feedback[i] != HONE_INCORRECT || target[i] < 0)
                continue;
            CU_ASSERT(d[target[i]] >= 0);
            CU_ASSERT_DOUBLE_EQUAL(sum, 0, 1e-5);
            for (int k = 0; k < WIDTH; k++)
                CU_ASSERT(k == target[i] || (d[k] <= 0 && isfinite(d[k])));
        }
    }
}

int test_supervised(void)
{
    CU_pSuite s = CU_add_suite("supervised", NULL, NULL);
    if (!s || !CU_add_test(s, "gradients", gradients) || !CU_add_test(s, "definitions", definitions) || !CU_add_test(s, "wrong answers", wrong_answers))
        return -1;
    return 0;
}
