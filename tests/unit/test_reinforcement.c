/* Paradigm "reinforcement": gradients against differences of the loss for every algorithm and setting, losses and learned means against
 * numbers worked out here another way, those of written answers against PyTorch's (answers_reference.py), draws that depend on seed, epoch and
 * example alone, and refusals. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/base/rng.h"
#include "tests/unit/answers_reference.h"
#include "tests/unit/suites.h"

#define HONE_STATIC_NAME reinforcement_in_test
#include "plugins/paradigms/reinforcement.c"

enum { ROWS = 24, WIDTH = 7 };

static float scores[ROWS * WIDTH], kept[3][ROWS * WIDTH], reward[ROWS], propensity[ROWS], weight[ROWS], d_scores[ROWS * WIDTH];
static int32_t target[ROWS];
static uint8_t feedback[ROWS];
static int64_t example[ROWS];
static double state[] = { 20, 8, 9, 5, 4.5, 6, 17 };

static struct hone_rows rows_of(const float *reference[3])
{
    for (int i = 0; i < ROWS; i++) {
        target[i] = (int32_t)rng_below(7, 90, (uint64_t)i, WIDTH);
        feedback[i] = (uint8_t)(i % 3);
        weight[i] = 0.5f + 0.25f * (float)(i % 4);
        reward[i] = i % 4 == 3 ? NAN : (float)rng_unit(7, 91, (uint64_t)i);
        propensity[i] = (float)(0.1 + 0.8 * rng_unit(7, 92, (uint64_t)i));
        example[i] = 1000 + i;
        for (int k = 0; k < WIDTH; k++) {
            scores[i * WIDTH + k] = (float)(1.5 * rng_normal(7, 93, (uint64_t)(i * WIDTH + k)));
            for (int j = 0; j < 3; j++)
                kept[j][i * WIDTH + k] = (float)rng_normal(7, 94 + (uint32_t)j, (uint64_t)(i * WIDTH + k));
        }
    }
    for (int j = 0; j < 3; j++)
        reference[j] = kept[j];
    return (struct hone_rows){ .struct_size = sizeof(struct hone_rows), .flags = HONE_ROWS_TRAIN, .n = ROWS, .width = WIDTH, .scores = scores,
                               .target = target, .weight = weight, .feedback = feedback, .reward = reward, .propensity = propensity,
                               .example = example, .epoch = 1, .step = 5, .seed = 3, .state = state, .reference = reference, .phase = 1 };
}

static struct conf defaults(void)
{
    return (struct conf){ .algorithm = DM, .baseline = MEAN, .baseline_decay = 0.9, .clip = 0.2, .rollout_epochs = 1, .weight_clip = 4,
                          .label_smoothing = 0.1, .epsilon = 0.2, .gamma = 20 };
}

static double loss_of(const struct conf *c, const struct hone_rows *r, float *d)
{
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(loss(c, r, &sum, d, &err), 0);
    return sum.loss;
}

static double worst_slope(const struct conf *c, const struct hone_rows *r)
{
    double worst = 0;
    loss_of(c, r, d_scores);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        float here = scores[i];
        scores[i] = here + 1e-2f;
        double above = loss_of(c, r, NULL);
        scores[i] = here - 1e-2f;
        double below = loss_of(c, r, NULL);
        scores[i] = here;
        worst = fmax(worst, fabs((above - below) / 2e-2 - (double)d_scores[i]));
    }
    return worst;
}

static void gradients(void)
{
    const float *reference[3];
    struct hone_rows r = rows_of(reference);
    int tried = 0;
    for (int algorithm = REINFORCE; algorithm <= MTR; algorithm++)
        for (int variant = 0; variant < 12; variant++) {
            struct conf c = defaults();
            c.algorithm = algorithm;
            c.reward_model = variant % 3;
            c.objective = variant % 2;
            c.label_smoothing = variant % 2 ? 0.2 : 0;
            c.weight_clip = variant % 4 ? 4 : 1e9;
            c.entropy_weight = algorithm == DM || algorithm == MTR ? 0 : 0.1 * (variant % 3);
            c.kl_weight = algorithm == DM || algorithm == MTR ? 0 : 0.3 * (variant % 2);
            c.baseline = variant % 2 ? MEAN : NONE;
            c.clip = variant % 2 ? 0.2 : 0.9;
            c.rewards = variant >= 6 && algorithm > PPO ? LABELS : AUTO;
            c.explore = c.rewards == LABELS ? EPSILON_GREEDY : POLICY; /* a propensity is a number, not a function of the scores */
            r.phase = variant % 2;
            double worst = worst_slope(&c, &r);
            if (!(worst < 4e-3))
                printf("\n%s, variant %d: a slope is off by %g\n", algorithms[algorithm], variant, worst);
            CU_ASSERT(worst < 4e-3);
            tried++;
        }
    CU_ASSERT_EQUAL(tried, 84);
}

/* REINFORCE with a line over the certainty q: the advantage found by solving the normal equations of weighted least squares. */
static void learned_baseline(void)
{
    const float *reference[3];
    struct hone_rows r = rows_of(reference);
    struct conf c = defaults();
    c.algorithm = REINFORCE;
    c.baseline = LINEAR_IN_CERTAINTY;
    loss_of(&c, &r, d_scores);
    double n = state[0], sy = state[1], sx = state[2], sxx = state[3], sxy = state[4];
    double det = n * sxx - sx * sx, slope = (n * sxy - sx * sy) / det, cut = (sxx * sy - sx * sxy) / det;
    for (int i = 0; i < ROWS; i++) {
        double e[WIDTH], sum = 0, q = 0, at = 0, unit = (double)(hone_draw(3, (uint64_t)1 << 40 | (uint64_t)example[i]) >> 11) * 0x1p-53;
        int action = WIDTH;
        for (int k = 0; k < WIDTH; k++)
            sum += e[k] = exp((double)scores[i * WIDTH + k]);
        for (int k = 0; k < WIDTH; k++) {
            q += e[k] / sum * e[k] / sum;
            at += e[k] / sum;
            action = unit < at && action == WIDTH ? k : action;
        }
        double said = reward[i] == reward[i] ? (double)reward[i] : feedback[i] ? 0.5 : 1;
        double a = (action == target[i] ? said : 0) - (cut + slope * q);
        if (feedback[i] == HONE_INCORRECT)
            a = 0; /* a label that is wrong judges nothing */
        for (int k = 0; k < WIDTH; k++)
            CU_ASSERT_DOUBLE_EQUAL((double)d_scores[i * WIDTH + k], (double)weight[i] * a * (e[k] / sum - (k == action)), 1e-5);
    }
}

static void means(void)
{
    const float *reference[3];
    struct hone_rows r = rows_of(reference);
    struct conf c = defaults();
    struct hone_err err = { 0 };
    double s[7];
    c.algorithm = SNIPS;
    memcpy(s, state, sizeof s);
    CU_ASSERT_EQUAL(observe(&c, &r, s, &err), 0);
    double value = 0.9 * state[5], ratio = 0.9 * state[6], total = 0.9 * state[0], sum = 0;
    for (int i = 0; i < ROWS; i++) {
        double said = reward[i] == reward[i] ? (double)reward[i] : feedback[i] == 0 ? 1 : feedback[i] == 1 ? 0.5 : 0;
        sum = 0;
        for (int k = 0; k < WIDTH; k++)
            sum += exp((double)scores[i * WIDTH + k]);
        double w = fmin(1 / (double)propensity[i], 4) * exp((double)scores[i * WIDTH + target[i]]) / sum * (double)weight[i];
        value += w * said;
        ratio += w;
        total += (double)weight[i];
    }
    CU_ASSERT_DOUBLE_EQUAL(s[0], total, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[5], value, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(s[6], ratio, 1e-5);
}

/* Validation of a log: sums over the rows whose action is the best one (score), and over the policy (loss). */
static void off_policy_validation(void)
{
    const float *reference[3];
    struct hone_rows r = rows_of(reference);
    struct hone_err err = { 0 };
    double ips = 0, snips = 0, soft = 0, soft_ratio = 0, weights = 0;
    for (int i = 0; i < ROWS; i++) {
        double said = reward[i] == reward[i] ? (double)reward[i] : feedback[i] == 0 ? 1 : feedback[i] == 1 ? 0.5 : 0, sum = 0;
        int best = 0;
        for (int k = 0; k < WIDTH; k++) {
            sum += exp((double)scores[i * WIDTH + k]);
            best = scores[i * WIDTH + k] > scores[i * WIDTH + best] ? k : best;
        }
        double w = (double)weight[i], q = exp((double)scores[i * WIDTH + target[i]]) / sum / (double)propensity[i];
        ips += best == target[i] ? w * said / (double)propensity[i] : 0;
        snips += best == target[i] ? w / (double)propensity[i] : 0;
        soft += w * q * said;
        soft_ratio += w * q;
        weights += w;
    }
    CU_ASSERT(snips > 0);
    r.flags = 0;
    for (int algorithm = IPS; algorithm <= SNIPS; algorithm++) {
        struct conf c = defaults();
        struct hone_loss sum = { 0 };
        c.algorithm = algorithm;
        CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), 0);
        CU_ASSERT_DOUBLE_EQUAL(sum.score, ips, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(sum.scored, algorithm == IPS ? weights : snips, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(sum.loss, -soft, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL(sum.weight, algorithm == IPS ? weights : soft_ratio, 1e-4);
    }
}

static void refusals(void)
{
    const float *reference[3];
    struct hone_rows r = rows_of(reference);
    struct conf c = defaults();
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    struct hone_plan p = { .phases = 1 };
    c.algorithm = IPS;
    propensity[5] = NAN;
    CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "metadata.propensity"));
    r.propensity = NULL;
    CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), HONE_EINVAL);
    c.algorithm = DM; /* needs none */
    CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), 0);
    reward[2] = 3;
    CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "linear takes any"));
    c.reward_model = LINEAR;
    CU_ASSERT_EQUAL(loss(&c, &r, &sum, NULL, &err), 0);
    c.kl_weight = 1;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
    c = defaults();
    c.algorithm = PPO;
    c.rewards = LOG;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
    c = defaults();
    c.algorithm = DR;
    CU_ASSERT_EQUAL(plan(&c, 1, &p, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(plan(&c, 10, &p, &err), 0);
    CU_ASSERT(p.phases == 2 && p.phase[0].epochs == 5 && p.flags == HONE_PLAN_LOGGED);
}

/* The rules of exploring keep their promises. */
static void exploring(void)
{
    const float value[] = { 0.1f, 0.7f, 0.2f, 0 };
    float p[4];
    hone_explore_epsilon(value, 4, 0.2, p);
    CU_ASSERT_DOUBLE_EQUAL(p[1], 0.85, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(p[3], 0.05, 1e-6);
    hone_explore_softmax(value, 4, 0.5, p);
    CU_ASSERT_DOUBLE_EQUAL(p[1], 0.49 / 0.54, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(p[0], 0.01 / 0.54, 1e-5);
    CU_ASSERT_EQUAL(p[3], 0);
    hone_explore_squarecb(value, 4, 10, p);
    CU_ASSERT_DOUBLE_EQUAL(p[0], 0.1, 1e-6);       /* 1 / (4 + 10 * 0.6) */
    CU_ASSERT_DOUBLE_EQUAL(p[2], 1.0 / 9, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(p[3], 1.0 / 11, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(p[1], 1 - 0.1 - 1.0 / 9 - 1.0 / 11, 1e-6);
    int64_t drawn[4] = { 0 };
    for (uint64_t i = 0; i < 100000; i++)
        drawn[hone_choose(p, 4, rng_unit(1, 77, i))]++;
    for (int k = 0; k < 4; k++)
        CU_ASSERT_DOUBLE_EQUAL((double)drawn[k] / 1e5, (double)p[k], 0.006); /* four deviations */
}

/* balance: an action that has earned much steps back for one of nearly its estimate, and what is earned is counted by action. */
static void balance(void)
{
    const float *reference[3];
    double earned[7 + WIDTH] = { 0 };
    struct hone_rows r = rows_of(reference);
    struct hone_err err = { 0 };
    struct conf c = defaults();
    struct act x = { .scores = scores, .n = WIDTH };
    float room[WIDTH];
    c.rewards = LABELS;
    c.explore = EPSILON_GREEDY;
    c.epsilon = 0;
    c.reward_model = INDEPENDENT;
    c.balance = 0.5;
    CU_ASSERT_EQUAL(check(&c, &err), 0);
    CU_ASSERT_EQUAL(state_more(&c, WIDTH), WIDTH);
    r.state = earned;
    for (int k = 0; k < WIDTH; k++)
        scores[k] = k == 2 ? 1.0f : k == 4 ? 0.6f : 0.0f;
    simulated(&c, &r, 0, &x, room);
    CU_ASSERT_EQUAL(x.action, 2);
    earned[S_ACTIONS + 2] = 1.2; /* 0.5 ln 2.2 = 0.394 */
    simulated(&c, &r, 0, &x, room);
    CU_ASSERT_EQUAL(x.action, 2);
    earned[S_ACTIONS + 2] = 1.3; /* 0.5 ln 2.3 = 0.416 */
    simulated(&c, &r, 0, &x, room);
    CU_ASSERT_EQUAL(x.action, 4);
    double expected[WIDTH];
    memcpy(expected, earned + S_ACTIONS, sizeof expected);
    for (int i = 1; i < ROWS; i++) {
        scores[i * WIDTH + target[i]] = 9;
        if (feedback[i] != HONE_INCORRECT)
            expected[target[i]] += reward[i] == reward[i] ? (double)reward[i] : feedback[i] ? 0.5 : 1;
    }
    target[0] = 0; /* row 0 takes action 4 */
    CU_ASSERT_EQUAL(observe(&c, &r, earned, &err), 0);
    for (int k = 0; k < WIDTH; k++)
        CU_ASSERT_DOUBLE_EQUAL(earned[S_ACTIONS + k], expected[k], 1e-12);
    c.explore = POLICY;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
}

/* Three answers to each of two inputs. */
enum { A_ROWS = 11, A_WIDTH = 11, A_ANSWERS = 6 };
static const int64_t a_start[A_ANSWERS + 1] = { 40, 42, 43, 46, 47, 49, 51 };
static const float a_reward[A_ANSWERS] = { 0.25f, 1, 0.5f, 0, 0.125f, 0.75f };
static float a_scores[A_ROWS * A_WIDTH], a_kept[A_ROWS * A_WIDTH], a_d[A_ROWS * A_WIDTH], a_weight[A_ROWS], a_row_reward[A_ROWS];
static uint8_t a_feedback[A_ROWS];
static int32_t a_target[A_ROWS];

static struct hone_rows answers_of(const float **start)
{
    for (int i = 0; i < A_ROWS; i++) {
        int answer = 0;
        while (a_start[answer + 1] - a_start[0] <= i)
            answer++;
        a_target[i] = (i * 5 + 2) % A_WIDTH;
        a_weight[i] = answer < 3 ? 1 : 0.5f;
        a_feedback[i] = HONE_CORRECT;
        a_row_reward[i] = a_reward[answer];
        for (int k = i * A_WIDTH; k < (i + 1) * A_WIDTH; k++) {
            a_scores[k] = (float)((k * 7919 + 3 * 104729) % 1009 - 504) / 260;
            a_kept[k] = (float)((k * 7919 + 4 * 104729) % 1009 - 504) / 260;
        }
    }
    *start = a_kept;
    return (struct hone_rows){ .struct_size = sizeof(struct hone_rows), .flags = HONE_ROWS_TRAIN, .n = A_ROWS, .width = A_WIDTH, .scores = a_scores,
                               .target = a_target, .weight = a_weight, .feedback = a_feedback, .reward = a_row_reward, .state = state, .reference = start,
                               .answers = A_ANSWERS, .each = 3, .answer_start = a_start };
}

static void written_answers(void)
{
    const float *start;
    struct hone_rows r = answers_of(&start);
    struct hone_err err = { 0 };
    struct conf c = defaults();
    struct hone_loss got = { 0 }, valid = { 0 };
    double worst = 0, s[7] = { 0 };
    c.algorithm = REINFORCE;
    c.baseline = OTHERS;
    c.answers = 3;
    c.kl_weight = 0.2;
    c.entropy_weight = 0.05;
    CU_ASSERT_EQUAL(check(&c, &err), 0);
    CU_ASSERT_EQUAL(loss(&c, &r, &got, a_d, &err), 0);
    CU_ASSERT_DOUBLE_EQUAL(got.loss, drawn_loss, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(got.weight, 4.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(got.score / got.scored, (1.75 + 0.5 * 0.875) / 4.5, 1e-9);
    for (int i = 0; i < A_ROWS * A_WIDTH; i++)
        worst = fmax(worst, fabs((double)a_d[i] - drawn_grad[i]));
    CU_ASSERT(worst < 1e-6);
    r.flags = 0; /* validation: what the likeliest answers earn */
    CU_ASSERT_EQUAL(loss(&c, &r, &valid, NULL, &err), 0);
    CU_ASSERT_DOUBLE_EQUAL(valid.loss / valid.weight, -(1.75 + 0.5 * 0.875) / 4.5, 1e-9);
    CU_ASSERT_EQUAL(observe(&c, &r, s, &err), 0); /* the certainty is that of an answer's first token */
    CU_ASSERT_DOUBLE_EQUAL(s[0], 4.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[1], 1.75 + 0.5 * 0.875, 1e-9);
    double q = 0;
    for (int a = 0; a < A_ANSWERS; a++) {
        const float *v = a_scores + (a_start[a] - a_start[0]) * A_WIDTH;
        double sum = 0, squares = 0;
        for (int k = 0; k < A_WIDTH; k++)
            sum += exp((double)v[k]);
        for (int k = 0; k < A_WIDTH; k++)
            squares += exp((double)v[k]) / sum * exp((double)v[k]) / sum;
        q += squares * (a < 3 ? 1 : 0.5);
    }
    CU_ASSERT_DOUBLE_EQUAL(s[2], q, 1e-5);
}

/* Each baseline, and examples that teach nothing, as differences show. */
static void written_baselines(void)
{
    const float *start;
    for (int b = NONE; b <= OTHERS; b++) {
        struct hone_rows r = answers_of(&start);
        struct hone_err err = { 0 };
        struct conf c = defaults();
        double worst = 0;
        c.algorithm = REINFORCE;
        c.baseline = b == LINEAR_IN_CERTAINTY ? MEAN : b; /* a baseline is a number, not a function of the scores */
        c.answers = 3;
        c.kl_weight = 0.3;
        for (int i = 0; i < 6; i++)
            a_feedback[i] = b == NONE ? HONE_INCORRECT : HONE_CORRECT;
        struct hone_loss got = { 0 };
        CU_ASSERT_EQUAL(loss(&c, &r, &got, a_d, &err), 0);
        CU_ASSERT_DOUBLE_EQUAL(got.weight, b == NONE ? 1.5 : 4.5, 1e-9);
        for (int i = 0; i < A_ROWS * A_WIDTH; i++) {
            float here = a_scores[i];
            double side[2];
            for (int k = 0; k < 2; k++) {
                struct hone_loss l = { 0 };
                a_scores[i] = here + (k ? -1e-2f : 1e-2f);
                CU_ASSERT_EQUAL(loss(&c, &r, &l, NULL, &err), 0);
                side[k] = l.loss;
            }
            a_scores[i] = here;
            worst = fmax(worst, fabs((side[0] - side[1]) / 2e-2 - (double)a_d[i]));
        }
        CU_ASSERT(worst < 2e-3);
    }
}

/* Which settings go with models that write. */
static void written_plans(void)
{
    static const struct {
        int algorithm, rewards, writes, draws; /* draws -1: refused */
    } tried[] = { { REINFORCE, AUTO, 1, 4 }, { REINFORCE, AUTO, 0, 0 }, { REINFORCE, ANSWERS, 0, 4 }, { REINFORCE, LABELS, 1, -1 }, { PPO, AUTO, 1, -1 },
                  { IPS, AUTO, 1, -1 }, { DR, AUTO, 1, -1 }, { DM, AUTO, 1, 0 } };
    for (size_t i = 0; i < HONE_COUNT(tried); i++) {
        struct conf c = defaults();
        struct hone_err err = { 0 };
        struct hone_plan p = { .struct_size = sizeof p, .phases = 1, .writes = (uint32_t)tried[i].writes };
        c.algorithm = tried[i].algorithm;
        c.rewards = tried[i].rewards;
        c.answers = 4;
        c.answer_tokens = 9;
        c.reward = "exact_match";
        int ret = plan(&c, 5, &p, &err);
        CU_ASSERT_EQUAL(ret, tried[i].draws < 0 ? HONE_EINVAL : 0);
        if (ret == 0) {
            CU_ASSERT_EQUAL(p.draws, tried[i].draws);
            CU_ASSERT(p.draw_tokens == 9 && strcmp(p.draw_reward, "exact_match") == 0);
        }
    }
    struct conf c = defaults();
    struct hone_err err = { 0 };
    c.algorithm = REINFORCE;
    c.baseline = OTHERS;
    c.answers = 1;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
    c.answers = 2;
    CU_ASSERT_EQUAL(check(&c, &err), 0);
    c.algorithm = SNIPS;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
    c.baseline = MEAN;
    c.rewards = ANSWERS;
    CU_ASSERT_EQUAL(check(&c, &err), HONE_EINVAL);
}

int test_reinforcement(void)
{
    CU_pSuite s = CU_add_suite("reinforcement", NULL, NULL);
    if (!s || !CU_add_test(s, "gradients of every algorithm", gradients) || !CU_add_test(s, "learned baseline", learned_baseline) ||
        !CU_add_test(s, "learned means", means) || !CU_add_test(s, "off-policy validation", off_policy_validation) ||
        !CU_add_test(s, "refusals", refusals) || !CU_add_test(s, "exploring", exploring) || !CU_add_test(s, "balance", balance) ||
        !CU_add_test(s, "written answers", written_answers) || !CU_add_test(s, "baselines of written answers", written_baselines) ||
        !CU_add_test(s, "plans for models that write", written_plans))
        return -1;
    return 0;
}
