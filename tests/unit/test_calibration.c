/* Temperature, calibration error and threshold against SciPy's; rows dealt out to folds; the loss of paradigm few_shot against finite
 * differences. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/data/split.h"
#include "core/train/calibration.h"
#include "plugins/paradigms/cross_entropy.h"
#include "tests/unit/calibration_reference.h"
#include "tests/unit/suites.h"

enum { ROWS = 40, WIDTH = 4 };

static void find(const float *scores, const int32_t *targets, double target, struct calibration *c)
{
    struct hone_err err = { 0 };
    float score[ROWS * WIDTH];
    int64_t start[ROWS + 1];
    int32_t right[ROWS];
    memcpy(score, scores, sizeof score);
    memcpy(right, targets, sizeof right);
    for (int64_t i = 0; i <= ROWS; i++)
        start[i] = i * WIDTH;
    const struct held_rows h = { .n = ROWS, .start = start, .target = right, .score = score };
    CU_ASSERT_EQUAL(calibration_find(&h, target, c, &err), 0);
}

static void compare(const float *scores, const int32_t *targets, const double *want)
{
    struct calibration c;
    find(scores, targets, 0, &c);
    CU_ASSERT_DOUBLE_EQUAL(c.temperature, want[0], 1e-4 * want[0]);
    CU_ASSERT_DOUBLE_EQUAL(c.ece_before, want[1], 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(c.ece_after, want[2], 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(c.threshold, want[3], 1e-4);
    CU_ASSERT_EQUAL(c.rows, ROWS);
    for (int i = 0; i < 2; i++) {
        find(scores, targets, i ? 0.8 : 0.7, &c);
        CU_ASSERT_TRUE(c.reached);
        CU_ASSERT_DOUBLE_EQUAL(c.threshold, want[4 + 3 * i], 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(c.precision, want[5 + 3 * i], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(c.coverage, want[6 + 3 * i], 1e-9);
    }
}

static void as_scipy(void)
{
    compare(blunt_scores, blunt_targets, blunt_found);
    compare(sharp_scores, sharp_targets, sharp_found);
}

static void edges(void)
{
    struct calibration c;
    struct hone_err err = { 0 };
    int32_t targets[ROWS];
    for (int i = 0; i < ROWS; i++)
        targets[i] = -1;
    find(blunt_scores, targets, 0.9, &c); /* nothing has a right answer */
    CU_ASSERT_EQUAL(c.rows, 0);
    CU_ASSERT_EQUAL(c.temperature, 1);
    CU_ASSERT_EQUAL(c.threshold, 0);
    for (int i = 0; i < ROWS; i++) /* every answer is wrong: no precision can be reached */
        for (targets[i] = 0; blunt_scores[i * WIDTH + targets[i]] >= blunt_scores[i * WIDTH + (targets[i] + 1) % WIDTH];)
            targets[i]++;
    find(blunt_scores, targets, 0.9, &c);
    CU_ASSERT_FALSE(c.reached);
    CU_ASSERT_EQUAL(c.threshold, 0);
    find(blunt_scores, blunt_targets, 0, &c);
    cJSON *json = calibration_json(&c);
    struct calibration again;
    CU_ASSERT_EQUAL(calibration_read(json, &again, &err), 0);
    CU_ASSERT_EQUAL(again.temperature, c.temperature);
    CU_ASSERT_EQUAL(again.threshold, c.threshold);
    cJSON_ReplaceItemInObject(json, "temperature", cJSON_CreateNumber(0));
    CU_ASSERT_EQUAL(calibration_read(json, &again, &err), HONE_EINVAL);
    cJSON_Delete(json);
    CU_ASSERT_EQUAL(calibration_read(NULL, &again, &err), 0);
    CU_ASSERT_EQUAL(again.temperature, 1);
}

/* Every row is held out by one fold and trains in the others; a single input of an output always trains, equal inputs stay together. */
static void folds(void)
{
    enum { N = 25, FOLDS = 3 };
    struct hone_err err = { 0 };
    struct hone_string input[N], name[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
    int32_t output[N];
    char text[N][24];
    int held[N] = { 0 };
    struct examples e = { .n = N, .input = input, .output = output };
    e.outputs.n = 3;
    e.outputs.name = name;
    for (int i = 0; i < N; i++) {
        output[i] = i == 24 ? 2 : i % 2;
        snprintf(text[i], sizeof text[i], "row %d", i == 3 ? 1 : i); /* rows 1 and 3 have one input */
        input[i] = (struct hone_string){ text[i], (int64_t)strlen(text[i]) };
    }
    for (int64_t f = 0; f < FOLDS; f++) {
        int64_t *train, *val, n_train, n_val;
        CU_ASSERT_EQUAL_FATAL(split_fold(&e, 0, FOLDS, f, 7, &train, &n_train, &val, &n_val, &err), 0);
        CU_ASSERT_EQUAL(n_train + n_val, N);
        CU_ASSERT(n_val >= 7 && n_val <= 9);
        int together = 0;
        for (int64_t i = 0; i < n_val; i++) {
            held[val[i]]++;
            together += val[i] == 1 || val[i] == 3;
        }
        CU_ASSERT(together == 0 || together == 2);
        free(train);
        free(val);
    }
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(held[i], i != 24);
}

/* d(loss)/d(score) of right, partial and wrong answers by central differences. */
static void gradient(void)
{
    const struct cross_entropy c = { .label_smoothing = 0.1, .partial_weight = 0.5, .incorrect_weight = 0.8 };
    float score[3 * WIDTH] = { 0.3f, -1.2f, 0.8f, 0.1f, 1.5f, 0.2f, -0.4f, 0.9f, -0.6f, 0.7f, 0.4f, 0.2f }, d[3 * WIDTH];
    int32_t target[3] = { 2, 1, 1 };
    float weight[3] = { 1, 2, 0.5f };
    uint8_t feedback[3] = { HONE_CORRECT, HONE_PARTIAL, HONE_INCORRECT };
    struct hone_rows rows = { .struct_size = sizeof rows, .n = 3, .width = WIDTH, .scores = score, .target = target, .weight = weight,
                              .feedback = feedback };
    struct hone_loss sum = { 0 }, up = { 0 }, down = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(cross_entropy_loss(&c, &rows, &sum, d, &err), 0);
    for (int i = 0; i < 3 * WIDTH; i++) {
        float *s = &score[i], was = *s, h = 0.01f;
        *s = was + h;
        cross_entropy_loss(&c, &rows, &up, NULL, &err);
        *s = was - h;
        cross_entropy_loss(&c, &rows, &down, NULL, &err);
        *s = was;
        CU_ASSERT_DOUBLE_EQUAL((double)d[i], (up.loss - down.loss) / (2 * (double)h), 2e-4);
    }
}

int test_calibration(void)
{
    CU_pSuite s = CU_add_suite("calibration", NULL, NULL);
    if (!s || !CU_add_test(s, "as SciPy finds it", as_scipy) || !CU_add_test(s, "nothing right, nothing known, read back", edges) ||
        !CU_add_test(s, "folds", folds) || !CU_add_test(s, "gradient of the loss", gradient))
        return -1;
    return 0;
}
