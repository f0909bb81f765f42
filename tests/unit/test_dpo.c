/* Paradigm "dpo": losses, preferences and gradients against PyTorch's (answers_reference.py) and against differences of the loss; what margins
 * beyond all floats do; what it plans. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>
#include "tests/unit/answers_reference.h"
#include "tests/unit/suites.h"

#define HONE_STATIC_NAME dpo_in_test
#include "plugins/paradigms/dpo.c"

enum { ROWS = 14, WIDTH = 11, ANSWERS = 6 };

static const int64_t starts[ANSWERS + 1] = { 100, 103, 105, 106, 110, 112, 114 }; /* of a piece: they count from the first */
static float scores[ROWS * WIDTH], kept[ROWS * WIDTH], weight[ROWS], d_scores[ROWS * WIDTH];
static const float *const reference[] = { kept };
static int32_t target[ROWS];
static uint8_t feedback[ROWS];

static float made(int i, int t)
{
    return (float)((i * 7919 + t * 104729) % 1009 - 504) / 260;
}

static struct hone_rows rows_of(void)
{
    static const float weights[] = { 1, 0.5f, 2 };
    for (int i = 0; i < ROWS; i++) {
        int answer = 0;
        while (starts[answer + 1] - starts[0] <= i)
            answer++;
        target[i] = i == 4 ? -1 : (i * 5 + 2) % WIDTH;
        weight[i] = weights[answer / 2];
        feedback[i] = answer % 2 ? HONE_INCORRECT : answer == 2 ? HONE_PARTIAL : HONE_CORRECT;
        for (int k = 0; k < WIDTH; k++) {
            scores[i * WIDTH + k] = made(i * WIDTH + k, 1);
            kept[i * WIDTH + k] = made(i * WIDTH + k, 2);
        }
    }
    return (struct hone_rows){ .struct_size = sizeof(struct hone_rows), .flags = HONE_ROWS_TRAIN, .n = ROWS, .width = WIDTH, .scores = scores, .target = target,
                               .weight = weight, .feedback = feedback, .reference = reference, .answers = ANSWERS, .each = 2, .answer_start = starts };
}

static struct hone_loss loss_of(const struct conf *c, const struct hone_rows *r, float *d)
{
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(loss(c, r, &sum, d, &err), 0);
    return sum;
}

static void torch(void)
{
    struct hone_rows r = rows_of();
    for (int smooth = 0; smooth < 2; smooth++) {
        struct conf c = { .beta = smooth ? 1.5 : 0.3, .flipped = smooth ? 0.1 : 0 };
        const double *want = smooth ? pairs_smooth_grad : pairs_plain_grad;
        struct hone_loss got = loss_of(&c, &r, d_scores), again = loss_of(&c, &r, NULL);
        double worst = 0;
        CU_ASSERT_DOUBLE_EQUAL(got.loss, smooth ? pairs_smooth_loss : pairs_plain_loss, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(got.score, smooth ? pairs_smooth_preferred : pairs_plain_preferred, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(got.weight, 3.25, 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(got.scored, 3.25, 1e-9);
        CU_ASSERT(memcmp(&got, &again, sizeof got) == 0);
        for (int i = 0; i < ROWS * WIDTH; i++)
            worst = fmax(worst, fabs((double)d_scores[i] - want[i]));
        CU_ASSERT(worst < 1e-5);
    }
}

static void differences(void)
{
    struct hone_rows r = rows_of();
    struct conf c = { .beta = 0.7, .flipped = 0.2 };
    double worst = 0;
    loss_of(&c, &r, d_scores);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        float here = scores[i];
        scores[i] = here + 1e-2f;
        double above = loss_of(&c, &r, NULL).loss;
        scores[i] = here - 1e-2f;
        worst = fmax(worst, fabs((above - loss_of(&c, &r, NULL).loss) / 2e-2 - (double)d_scores[i]));
        scores[i] = here;
    }
    CU_ASSERT(worst < 2e-3);
}

static void extremes(void)
{
    struct hone_rows r = rows_of();
    struct conf c = { .beta = 100 };
    for (int way = 0; way < 2; way++) {
        scores[target[0]] = way ? 3000 : -3000; /* of the first chosen answer */
        struct hone_loss got = loss_of(&c, &r, d_scores);
        CU_ASSERT(isfinite(got.loss));
        for (int i = 0; i < ROWS * WIDTH; i++)
            CU_ASSERT(isfinite(d_scores[i]));
        CU_ASSERT(way ? d_scores[target[0]] > -1e-6f : got.loss > 1e5);
    }
    for (int i = 0; i < ROWS; i++)
        weight[i] = 0; /* the row's gradient is what it was not, and no pair counts */
    d_scores[5] = 7;
    struct hone_loss none = loss_of(&c, &r, d_scores);
    CU_ASSERT(none.weight == 0 && none.loss == 0 && d_scores[5] == 0);
}

static void plans(void)
{
    struct hone_plan p = { .struct_size = sizeof p, .phases = 1 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(plan(NULL, 3, &p, &err), 0);
    CU_ASSERT_EQUAL(p.flags, HONE_PLAN_BASE | HONE_PLAN_PAIRS);
    CU_ASSERT(p.references == 1 && p.reference[0].source == HONE_REF_START && p.draws == 0);
}

int test_dpo(void)
{
    CU_pSuite suite = CU_add_suite("dpo", NULL, NULL);
    return suite && CU_add_test(suite, "losses and gradients are PyTorch's", torch) && CU_add_test(suite, "gradients are differences", differences)
           && CU_add_test(suite, "margins beyond floats, weights of 0", extremes) && CU_add_test(suite, "what it plans", plans) ? 0 : -1;
}
