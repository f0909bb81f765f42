/* Paradigm "reinforcement": learns from the rewards of actions that were taken, by a simulated user that labelled examples
 * answer for, from a log, or by a metric of answers that the model writes. The formulas of a row are in policy.h, those of the estimators
 * with their papers in docs/formulas.md. */
#include <stdlib.h>
#include "plugins/paradigms/policy.h"

enum algorithm { REINFORCE, PPO, IPS, SNIPS, DM, DR, MTR };
enum source { AUTO, LOG, LABELS, ANSWERS };
enum rule { POLICY, EPSILON_GREEDY, SQUARECB };
enum baseline { NONE, MEAN, LINEAR_IN_CERTAINTY, OTHERS };

struct conf {
    int64_t algorithm, rewards, explore, baseline, reward_model, objective, rollout_epochs, rollout_steps, reward_epochs, answers, answer_tokens;
    double label_smoothing, epsilon, gamma, balance, entropy_weight, kl_weight, clip, weight_clip, baseline_decay;
    const char *reward;
};

static const char *const algorithms[] = { "reinforce", "ppo", "ips", "snips", "dm", "dr", "mtr", NULL };
static const char *const sources[] = { "auto", "log", "labels", "answers", NULL };
static const char *const rules[] = { "policy", "epsilon_greedy", "squarecb", NULL };
static const char *const baselines[] = { "none", "mean", "linear", "others", NULL };
static const char *const reward_models[] = { "exclusive", "independent", "linear", NULL };
static const char *const objectives[] = { "value", "log", NULL };

static const struct hone_param params[] = {
    HONE_ROW_CHOICE(struct conf, algorithm, 0, DM, algorithms, "how rewards become a loss; dm learns from feedback alone, ips, snips, dr and mtr need propensities"),
    HONE_ROW_CHOICE(struct conf, rewards, 0, AUTO, sources,
                    "log: expected_output was done and rewarded; labels: it is right, and a simulated user rewards it; answers: the model writes answers, which a "
                    "metric compares with it; auto: labels for reinforce and ppo, of models that write answers"),
    HONE_ROW_CHOICE(struct conf, explore, 0, POLICY, rules, "how actions are drawn where rewards come from labels"),
    HONE_ROW(struct conf, epsilon, HONE_REAL, 0, 0.05, 0, 1, "share of even draws of epsilon_greedy"),
    HONE_ROW(struct conf, gamma, HONE_REAL, 0, 1000, 0, 1e9, "greed of squarecb"),
    HONE_ROW(struct conf, balance, HONE_REAL, 0, 0, 0, 100,
             "of epsilon_greedy and squarecb: how far an action that has earned much steps back for others: its score falls by this times ln(1 + its rewards)"),
    HONE_ROW_CHOICE(struct conf, baseline, 0, LINEAR_IN_CERTAINTY, baselines,
                    "what reinforce and ppo compare rewards with: nothing, their mean, a line learned over the policy's certainty, or the mean of the other "
                    "answers written to the same input"),
    HONE_ROW(struct conf, baseline_decay, HONE_REAL, HONE_P_OPEN_MAX, 0.98, 0, 1, "what is left of learned means after a step"),
    HONE_ROW(struct conf, entropy_weight, HONE_REAL, 0, 0, 0, 10, "weight of the policy's entropy as a bonus"),
    HONE_ROW(struct conf, kl_weight, HONE_REAL, 0, 0, 0, 1000, "weight of the KL divergence from the weights that training started from"),
    HONE_ROW(struct conf, clip, HONE_REAL, HONE_P_OPEN_MIN, 0.2, 0, 10, "how far ppo's ratio may go from 1"),
    HONE_ROW(struct conf, rollout_epochs, HONE_INT, 0, 1, 1, 10000, "epochs for which ppo keeps the policy that acts and its actions"),
    HONE_ROW(struct conf, rollout_steps, HONE_INT, 0, 0, 0, 1e9, "instead: steps after which ppo's acting policy is the present one again; 0: by epochs"),
    HONE_ROW(struct conf, weight_clip, HONE_REAL, HONE_P_OPEN_MIN, 100, 0, 1e9, "greatest importance weight 1 / propensity"),
    HONE_ROW_CHOICE(struct conf, objective, 0, 0, objectives, "of ips and snips: the policy's value, or its bound by logarithms"),
    HONE_ROW_CHOICE(struct conf, reward_model, 0, EXCLUSIVE, reward_models,
                    "of dm, mtr and dr: exclusive: one action is right; independent: each for itself; linear: rewards of any size"),
    HONE_ROW(struct conf, label_smoothing, HONE_REAL, HONE_P_OPEN_MAX, 0.1, 0, 1,
             "of reward_model exclusive: share of a right action's reward spread over all"),
    HONE_ROW(struct conf, reward_epochs, HONE_INT, 0, 0, 0, 10000, "epochs of dr that learn the model of rewards; 0: half"),
    HONE_ROW_STR(struct conf, reward, 0, "chrf", "metric that rewards a written answer by the expected one"),
    HONE_ROW(struct conf, answers, HONE_INT, 0, 4, 1, HONE_DRAWS, "answers that are written to each input in a step"),
    HONE_ROW(struct conf, answer_tokens, HONE_INT, 0, 0, 0, 1e6, "most tokens of such an answer; 0: as many as the context allows"),
};

/* ANSWERS by auto is decided by plan(), which knows the model; loss() and observe() see it by the answers. */
static enum source source_of(const struct conf *c)
{
    return c->rewards != AUTO ? (enum source)c->rewards : c->algorithm <= PPO ? LABELS : LOG;
}

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    if (c->algorithm <= PPO && source_of(c) == LOG)
        return hone_fail(err, HONE_EINVAL, "algorithm %s learns from its own actions and rewards from labels; for a log take ips, snips, dm, dr "
                         "or mtr", algorithms[c->algorithm]);
    if (c->balance > 0 && (c->explore == POLICY || source_of(c) == LOG))
        return hone_fail(err, HONE_EINVAL, "balance is %g; it goes with explore epsilon_greedy or squarecb and rewards from labels", c->balance);
    if (c->rewards == ANSWERS && c->algorithm != REINFORCE)
        return hone_fail(err, HONE_EINVAL, "rewards is answers and algorithm %s; written answers are learned from by reinforce", algorithms[c->algorithm]);
    if (c->baseline == OTHERS && (c->answers < 2 || c->algorithm != REINFORCE || c->rewards == LABELS))
        return hone_fail(err, HONE_EINVAL, "baseline is others, which is for algorithm reinforce with at least 2 answers written to an input (answers is %lld)",
                         (long long)c->answers);
    if (c->algorithm <= PPO && c->explore != POLICY)
        return hone_fail(err, HONE_EINVAL, "explore is %s; algorithm %s draws from its policy", rules[c->explore], algorithms[c->algorithm]);
    if ((c->algorithm == DM || c->algorithm == MTR) && (c->kl_weight > 0 || c->entropy_weight > 0))
        return hone_fail(err, HONE_EINVAL, "algorithm %s learns rewards, not a policy: kl_weight and entropy_weight must be 0",
                         algorithms[c->algorithm]);
    return 0;
}

/* Places of the references, -1 for none. */
static void places(const struct conf *c, int *old, int *hat, int *base)
{
    int n = 0;
    *old = c->algorithm == PPO ? n++ : -1;
    *hat = c->algorithm == DR ? n++ : -1;
    *base = c->kl_weight > 0 ? n++ : -1;
}

static int plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    static const char *const names[] = { "reward", "reward", "reward_ips", "reward_snips", "reward_snips", "reward_dr", "reward_snips" };
    const struct conf *c = conf;
    int old, hat, base, answers = c->rewards == ANSWERS || (p->writes && c->rewards == AUTO && c->algorithm == REINFORCE);
    if (p->writes && !answers && c->algorithm != DM)
        return hone_fail(err, HONE_EINVAL, "algorithm %s is for models that choose among outputs; one that writes learns by reinforce, from answers that it "
                         "writes, or by dm, from a log", algorithms[c->algorithm]);
    if (c->baseline == OTHERS && !answers)
        return hone_fail(err, HONE_EINVAL, "baseline is others, which is for models that write answers");
    places(c, &old, &hat, &base);
    p->draws = answers ? c->answers : 0;
    p->draw_tokens = c->answer_tokens;
    p->draw_reward = c->reward;
    p->score_name = source_of(c) == LABELS ? "reward" : names[c->algorithm];
    p->flags = source_of(c) == LOG ? HONE_PLAN_LOGGED : 0;
    p->references = (uint32_t)((old >= 0) + (hat >= 0) + (base >= 0));
    if (old >= 0)
        p->reference[old] = c->rollout_steps ? (struct hone_reference){ .source = HONE_REF_STEPS, .at = c->rollout_steps }
                                             : (struct hone_reference){ .source = HONE_REF_EPOCHS, .at = c->rollout_epochs };
    if (base >= 0)
        p->reference[base] = (struct hone_reference){ .source = HONE_REF_START };
    if (hat >= 0) {
        p->reference[hat] = (struct hone_reference){ .source = HONE_REF_PHASE, .at = 0 };
        p->phases = 2;
        p->phase[0].epochs = c->reward_epochs ? c->reward_epochs : epochs / 2;
        p->phase[1] = (struct hone_phase){ .flags = HONE_PHASE_RESTART };
        if (epochs < 2 || p->phase[0].epochs >= epochs)
            return hone_fail(err, HONE_EINVAL, "algorithm dr needs epochs for its model of rewards (reward_epochs) and others for the policy; "
                             "epochs is %lld", (long long)epochs);
    }
    return 0;
}

/* ---- what was done, and what came of it ---- */

static double reward_of(const struct hone_rows *r, int64_t i)
{
    static const double said[] = { 1, 0.5, 0 };
    float given = r->reward ? r->reward[i] : NAN;
    return given == given ? (double)given : said[r->feedback[i]];
}

static int logged(const struct conf *c, const struct hone_rows *r, int64_t i, struct act *x, struct hone_err *err)
{
    int weighted = c->algorithm != DM;
    x->action = r->target[i];
    x->reward = reward_of(r, i);
    x->propensity = r->propensity ? (double)r->propensity[i] : NAN;
    if (weighted && !(x->propensity > 0 && x->propensity <= 1))
        return hone_fail(err, HONE_EINVAL, "training row %lld: its metadata.propensity is %s; algorithm %s needs the probability, above 0 and at most 1, "
                         "with which each logged answer was chosen (dm does without)", (long long)r->example[i] + 1,
                         x->propensity == x->propensity ? "out of range" : "missing", algorithms[c->algorithm]);
    if (c->reward_model != LINEAR && c->algorithm >= DM && !(x->reward >= 0 && x->reward <= 1))
        return hone_fail(err, HONE_EINVAL, "training row %lld: its reward is %g; reward_model %s needs rewards from 0 to 1 (linear takes any)",
                         (long long)r->example[i] + 1, x->reward, reward_models[c->reward_model]);
    return 0;
}

/* Sums over rows, decayed by step: weight, reward, certainty q = sum pi_k^2, q^2, q reward; ratio x reward, ratio. Then, with balance, what each
 * action has earned, undecayed. */
static const char *const state_names[] = { "weight", "reward", "certainty", "certainty_squared", "certainty_reward", "value", "ratio", NULL };
enum { S_WEIGHT, S_REWARD, S_Q, S_QQ, S_QR, S_VALUE, S_RATIO, S_ACTIONS };

/* A simulated user: draws an action; the label says what it is worth. `room` takes the probabilities. */
static void simulated(const struct conf *c, const struct hone_rows *r, int64_t i, struct act *x, float *room)
{
    const float *p = x->old ? x->old : x->pi;
    int64_t window = c->algorithm == PPO && !c->rollout_steps ? r->epoch / c->rollout_epochs : r->epoch;
    if (c->explore != POLICY) {
        for (int64_t k = 0; k < x->n; k++)
            room[k] = c->balance > 0 ? x->scores[k] - (float)c->balance * hone_logf(1 + (float)r->state[S_ACTIONS + k]) : x->scores[k];
        to_rewards((enum reward_model)c->reward_model, room, x->n, room);
        if (c->explore == EPSILON_GREEDY)
            hone_explore_epsilon(room, x->n, c->epsilon, room);
        else
            hone_explore_squarecb(room, x->n, c->gamma, room);
        p = room;
    }
    uint64_t bits = hone_draw(r->seed, (uint64_t)window << 40 | (uint64_t)r->example[i]);
    x->action = hone_choose(p, x->n, (double)(bits >> 11) * 0x1p-53);
    x->propensity = (double)p[x->action];
    x->reward = x->action == r->target[i] ? reward_of(r, i) : 0;
}

/* Policies of row i by all weights that are known. */
static void policies(const struct conf *c, const struct hone_rows *r, int64_t i, struct act *x, float *room)
{
    int old, hat, base;
    places(c, &old, &hat, &base);
    x->n = r->width;
    x->scores = r->scores + i * x->n;
    x->weight = (double)r->weight[i];
    x->pi = room;
    x->log_sum = to_policy(x->scores, x->n, x->pi);
    x->old = old >= 0 && r->reference[old] ? room + x->n : NULL;
    x->hat = hat >= 0 && r->reference[hat] ? room + 2 * x->n : NULL;
    x->base = base >= 0 && r->reference[base] ? room + 3 * x->n : NULL;
    if (x->old)
        to_policy(r->reference[old] + i * x->n, x->n, x->old);
    if (x->hat)
        to_rewards((enum reward_model)c->reward_model, r->reference[hat] + i * x->n, x->n, x->hat);
    if (x->base) {
        const float *s = r->reference[base] + i * x->n;
        float log_sum = to_policy(s, x->n, x->base);
        for (int64_t k = 0; k < x->n; k++)
            x->base[k] = s[k] - log_sum;
    }
}

/* Rows without a known action or right answer, or without weight, teach nothing. */
static int left_out(const struct conf *c, const struct hone_rows *r, int64_t i)
{
    return r->target[i] < 0 || !(r->weight[i] > 0) || (source_of(c) == LABELS && r->feedback[i] == HONE_INCORRECT);
}

#define ROOM 5 /* arrays of one row */
#define STACK 1024

static float *room_for(int64_t width, float *stack, struct hone_err *err)
{
    float *room = width > STACK ? malloc((size_t)(width * ROOM) * sizeof *room) : stack;
    if (!room)
        hone_fail(err, HONE_ENOMEM, "memory ran out for %lld scores", (long long)width);
    return room;
}

/* ---- learned means ---- */

static double certainty(const struct act *x)
{
    double q = 0;
    for (int64_t k = 0; k < x->n; k++)
        q += (double)x->pi[k] * (double)x->pi[k];
    return q;
}

static double baseline(const struct conf *c, const double *s, const struct act *x)
{
    if (c->baseline == NONE || c->baseline == OTHERS || !(s[S_WEIGHT] > 0))
        return 0;
    double r = s[S_REWARD] / s[S_WEIGHT], q = s[S_Q] / s[S_WEIGHT], spread = s[S_QQ] / s[S_WEIGHT] - q * q;
    if (c->baseline == MEAN || !(spread > 1e-8))
        return r;
    return r + (s[S_QR] / s[S_WEIGHT] - q * r) / spread * (certainty(x) - q);
}

static double importance(const struct conf *c, const struct act *x)
{
    return 1 / x->propensity < c->weight_clip ? 1 / x->propensity : c->weight_clip;
}

static int64_t state_more(const void *conf, int64_t width)
{
    return ((const struct conf *)conf)->balance > 0 ? width : 0;
}

/* What an action adds to the learned means. */
static void add_to_means(double *s, const struct act *x, double q)
{
    s[S_WEIGHT] += x->weight;
    s[S_REWARD] += x->weight * x->reward;
    s[S_Q] += x->weight * q;
    s[S_QQ] += x->weight * q * q;
    s[S_QR] += x->weight * q * x->reward;
}

/* ---- written answers ---- */

/* Rows *from .. *to of answer a; 0 when it teaches nothing. Similarity to an answer that is marked incorrect is no merit. */
static int answer_rows(const struct hone_rows *r, int64_t a, int64_t *from, int64_t *to)
{
    *from = r->answer_start[a] - r->answer_start[0];
    *to = r->answer_start[a + 1] - r->answer_start[0];
    return *from < *to && r->weight[*from] > 0 && r->feedback[*from] != HONE_INCORRECT;
}

/* What answer a is compared with. The certainty is that of its first token, which no draw has made. */
static double others_or_baseline(const struct conf *c, const struct hone_rows *r, int64_t a, float *room)
{
    int64_t first = a / r->each * r->each, from, to;
    double sum = 0;
    struct act x;
    for (int64_t k = first; k < first + r->each && c->baseline == OTHERS; k++) {
        answer_rows(r, k, &from, &to);
        sum += k == a ? 0 : (double)r->reward[from];
    }
    if (c->baseline == OTHERS)
        return sum / (double)(r->each - 1);
    answer_rows(r, a, &from, &to);
    policies(c, r, from, &x, room);
    return baseline(c, r->state, &x);
}

/* Of whole answers the loss is that of their tokens: -(r - b) sum of ln pi. */
static void answers_loss(const struct conf *c, const struct hone_rows *r, struct hone_loss *out, float *d_scores, float *room)
{
    if (d_scores)
        memset(d_scores, 0, (size_t)(r->n * r->width) * sizeof *d_scores);
    for (int64_t a = 0; a < r->answers; a++) {
        int64_t from, to;
        if (!answer_rows(r, a, &from, &to))
            continue;
        double weight = (double)r->weight[from], reward = (double)r->reward[from], advantage;
        out->weight += weight;
        out->score += weight * reward;
        out->scored += weight;
        if (!(r->flags & HONE_ROWS_TRAIN)) {
            out->loss -= weight * reward;
            continue;
        }
        advantage = reward - others_or_baseline(c, r, a, room);
        for (int64_t i = from; i < to; i++) {
            struct act x = { 0 };
            float *d = d_scores ? d_scores + i * r->width : NULL;
            policies(c, r, i, &x, room);
            x.action = r->target[i];
            out->loss += log_policy(&x, advantage, x.weight, d);
            if (c->entropy_weight > 0 || c->kl_weight > 0)
                out->loss += regularize(&x, c->entropy_weight, c->kl_weight, x.weight, room + 4 * x.n, d);
        }
    }
}

static void observe_answers(const struct conf *c, const struct hone_rows *r, double *s, float *room)
{
    for (int64_t a = 0; a < r->answers; a++) {
        int64_t from, to;
        struct act x = { 0 };
        if (!answer_rows(r, a, &from, &to))
            continue;
        policies(c, r, from, &x, room);
        x.reward = (double)r->reward[from];
        add_to_means(s, &x, certainty(&x));
    }
}

static int observe(const void *conf, const struct hone_rows *r, double *s, struct hone_err *err)
{
    const struct conf *c = conf;
    float stack[STACK * ROOM], *room;
    if (c->algorithm > PPO && c->algorithm != SNIPS && !(c->balance > 0))
        return 0;
    if (!(room = room_for(r->width, stack, err)))
        return err->code;
    int ret = 0;
    for (int k = 0; k < S_ACTIONS; k++)
        s[k] *= c->baseline_decay;
    if (r->answers)
        observe_answers(c, r, s, room);
    for (int64_t i = 0; i < r->n && ret >= 0 && !r->answers; i++) {
        struct act x;
        if (left_out(c, r, i))
            continue;
        policies(c, r, i, &x, room);
        if (source_of(c) == LABELS)
            simulated(c, r, i, &x, room + 4 * x.n);
        else
            ret = logged(c, r, i, &x, err);
        double q = certainty(&x), ratio = ret < 0 ? 0 : importance(c, &x) * (double)x.pi[x.action];
        if (ret >= 0 && c->balance > 0)
            s[S_ACTIONS + x.action] += x.reward;
        add_to_means(s, &x, q);
        s[S_VALUE] += x.weight * ratio * x.reward;
        s[S_RATIO] += x.weight * ratio;
    }
    if (room != stack)
        free(room);
    return ret;
}

/* ---- losses ---- */

/* The loss of a row that is learned from; d is zeroed. `u` is spare room. */
static double learn(const struct conf *c, const struct hone_rows *r, const struct act *x, struct hone_loss *out, float *u, float *d)
{
    const double *s = r->state;
    double w = importance(c, x), b, loss = 0;
    int regressing = c->algorithm == DM || c->algorithm == MTR || (c->algorithm == DR && r->phase == 0);
    if (regressing) {
        double weight = x->weight * (c->algorithm == MTR ? w : 1);
        out->weight += weight;
        return regress((enum reward_model)c->reward_model, x, c->label_smoothing, weight, d);
    }
    out->weight += x->weight;
    switch ((enum algorithm)c->algorithm) {
    case REINFORCE:
        loss = log_policy(x, x->reward - baseline(c, s, x), x->weight, d);
        break;
    case PPO:
        loss = clipped(x, x->reward - baseline(c, s, x), c->clip, x->weight, d);
        break;
    case IPS:
    case SNIPS:
        b = c->algorithm == SNIPS && s[S_RATIO] > 0 ? s[S_VALUE] / s[S_RATIO] : 0;
        loss = c->objective && x->reward > b ? log_policy(x, w * (x->reward - b), x->weight, d)
                                             : policy_value(x, w * (x->reward - b), x->weight, d);
        break;
    default:
        loss = doubly_robust(x, w, x->weight, u, d);
    }
    if (c->entropy_weight > 0 || c->kl_weight > 0)
        loss += regularize(x, c->entropy_weight, c->kl_weight, x->weight, u, d);
    return loss;
}

/* Estimates of what policies would earn, for the row of a log: `soft` of the policy, `best` of its best action; both to be divided by
 * their shares. A model of rewards makes them doubly robust. */
static void estimate(const struct conf *c, const struct act *x, double *soft, double *soft_share, double *best, double *best_share)
{
    int64_t top = hone_best(x->scores, x->n);
    double ratio = (double)x->pi[x->action] / x->propensity, hit = top == x->action ? 1 / x->propensity : 0;
    if (c->algorithm == DR) {
        double value = 0, off = x->reward - (double)x->hat[x->action];
        for (int64_t k = 0; k < x->n; k++)
            value += (double)x->pi[k] * (double)x->hat[k];
        *soft = value + ratio * off;
        *best = (double)x->hat[top] + hit * off;
        *soft_share = *best_share = 1;
        return;
    }
    *soft = ratio * x->reward;
    *best = hit * x->reward;
    *soft_share = c->algorithm == IPS ? 1 : ratio;
    *best_share = c->algorithm == IPS ? 1 : hit;
}

/* A validation row, and the score of any row of a log. */
static double judge(const struct conf *c, const struct hone_rows *r, int64_t i, struct act *x, struct hone_loss *out, float *room)
{
    int regressing = c->algorithm == DM || c->algorithm == MTR || (c->algorithm == DR && r->phase == 0);
    int training = (r->flags & HONE_ROWS_TRAIN) != 0;
    double soft = 0, soft_share = 0, best = 0, best_share = 0;
    if (source_of(c) == LABELS) { /* all rewards are known */
        double value = (double)x->pi[r->target[i]] * reward_of(r, i);
        out->score += x->weight * (training ? x->reward : value);
        out->scored += x->weight;
        out->weight += training ? 0 : x->weight;
        return -x->weight * value;
    }
    if (c->algorithm == DR && !x->hat) {
        x->hat = room;
        to_rewards((enum reward_model)c->reward_model, x->scores, x->n, x->hat);
    }
    if (x->propensity > 0 && x->propensity <= 1)
        estimate(c, x, &soft, &soft_share, &best, &best_share);
    out->score += x->weight * best;
    out->scored += x->weight * best_share;
    if (training)
        return 0;
    double w = regressing ? (c->algorithm == MTR ? importance(c, x) : 1) : soft_share;
    out->weight += x->weight * w;
    return regressing ? regress((enum reward_model)c->reward_model, x, c->label_smoothing, x->weight * w, NULL) : -x->weight * soft;
}

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    const struct conf *c = conf;
    float stack[STACK * ROOM], *room = room_for(r->width, stack, err);
    int ret = room ? 0 : HONE_ENOMEM;
    if (room && r->answers)
        answers_loss(c, r, out, d_scores, room);
    for (int64_t i = 0; i < r->n && ret >= 0 && !r->answers; i++) {
        struct act x = { 0 };
        float *d = d_scores ? d_scores + i * r->width : NULL, *spare = room + 4 * r->width;
        if (d)
            memset(d, 0, (size_t)r->width * sizeof *d);
        if (left_out(c, r, i))
            continue;
        policies(c, r, i, &x, room);
        if (source_of(c) == LOG)
            ret = logged(c, r, i, &x, err);
        else
            simulated(c, r, i, &x, spare);
        if (ret < 0)
            break;
        if (r->flags & HONE_ROWS_TRAIN) {
            out->loss += learn(c, r, &x, out, spare, d);
            judge(c, r, i, &x, out, spare);
        } else {
            out->loss += judge(c, r, i, &x, out, spare);
        }
    }
    if (room != stack)
        free(room);
    return ret;
}

static const struct hone_paradigm reinforcement = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "reinforcement", "learns from the rewards of actions",
                      "The agent's answer is an action, metadata.reward or feedback its reward, metadata.propensity the probability with which a logged "
                      "answer was chosen. On-policy: reinforce and ppo against a simulated user, or reinforce of answers that the model writes, rewarded by a metric. "
                      "From logs: ips, snips, dm, dr, mtr; their validation loss and score are off-policy estimates, and there is no accuracy.",
                      params, struct conf, 0, check),
    .state_names = state_names, .loss = loss, .observe = observe, .plan = plan, .state_more = state_more,
};

HONE_DEFINE_PLUGIN("reinforcement", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &reinforcement.item);
