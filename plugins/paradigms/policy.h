/* What a row of scores is to a bandit: a policy, an action with its reward, a model of rewards; and the gradients of their losses.
 * Included by reinforcement.c; not a plugin. pi_k is the softmax of the scores, a the action, r its reward. */
#ifndef PARADIGMS_POLICY_H
#define PARADIGMS_POLICY_H
#include <math.h>
#include <string.h>
#include "hone/explore.h"
#include "hone/paradigm.h"
#include "plugins/paradigms/softmax.h"

enum reward_model { EXCLUSIVE, INDEPENDENT, LINEAR };

/* A row at work; the arrays are [n]. */
struct act {
    int64_t n, action;
    double reward, propensity, weight;
    const float *scores;
    float log_sum;    /* ln pi_k = scores[k] - log_sum */
    float *pi;        /* the policy */
    float *hat;       /* estimated rewards, where a phase before has learned them */
    float *old;       /* the policy that acted, where it is another */
    float *base;      /* ln of the policy that is not to be left, where there is one */
};

/* pi = softmax(scores); returns ln of the sum of exponentials. */
static float to_policy(const float *scores, int64_t n, float *pi)
{
    float sum, total, top = exponentials(scores, n, pi, &sum, &total);
    scale_shift(pi, n, 1 / sum, 0);
    return top + hone_logf(sum);
}

static float sigmoid(float s)
{
    return s >= 0 ? 1 / (1 + hone_expf(-s)) : hone_expf(s) / (1 + hone_expf(s));
}

/* Rewards that a model of rewards expects of each action. */
static void to_rewards(enum reward_model m, const float *scores, int64_t n, float *hat)
{
    if (m == EXCLUSIVE) {
        to_policy(scores, n, hat);
        return;
    }
    for (int64_t k = 0; k < n; k++)
        hat[k] = m == INDEPENDENT ? sigmoid(scores[k]) : scores[k];
}

/* ln(1 + e^s) */
static double softplus(float s)
{
    float a = s > 0 ? s : -s;
    return (s > 0 ? (double)s : 0) + (double)hone_logf(1 + hone_expf(-a));
}

/* -r sum_k q_k ln pi_k - (1 - r) ln(1 - pi_a) with q = (1 - e) one-hot(a) + e / n: at most one action is right. */
static double regress_exclusive(const struct act *x, double e, double weight, float *d)
{
    int64_t a = x->action, n = x->n;
    double r = x->reward, others = 0, total = 0;
    for (int64_t k = 0; k < n; k++) {
        others += k == a ? 0 : (double)x->pi[k];
        total += (double)x->scores[k];
    }
    double pa = (double)x->pi[a], rest = others > 1e-30 ? others : 1e-30, even = e / (double)n;
    double loss = r * ((double)x->log_sum - (1 - e) * (double)x->scores[a] - even * total);
    if (r < 1)
        loss -= (1 - r) * (double)hone_logf((float)rest);
    for (int64_t k = 0; d && k < n; k++) {
        double right = (double)x->pi[k] - even - (k == a ? 1 - e : 0), wrong = k == a ? pa : -pa * (double)x->pi[k] / rest;
        d[k] = (float)(weight * (r * right + (1 - r) * wrong));
    }
    return weight * loss;
}

/* Loss of the reward that the scores expect of the action, and its gradient times `weight` (d may be NULL). exclusive: as above, with
 * label smoothing e; independent: cross-entropy with the logistic function of the action's own score; linear: (s_a - r)^2 / 2. */
static double regress(enum reward_model m, const struct act *x, double e, double weight, float *d)
{
    int64_t a = x->action;
    double r = x->reward;
    float s = x->scores[a];
    if (m == EXCLUSIVE)
        return regress_exclusive(x, e, weight, d);
    if (d)
        memset(d, 0, (size_t)x->n * sizeof *d);
    if (m == LINEAR) {
        if (d)
            d[a] = (float)(weight * ((double)s - r));
        return weight * 0.5 * ((double)s - r) * ((double)s - r);
    }
    if (d)
        d[a] = (float)(weight * ((double)sigmoid(s) - r));
    return weight * (softplus(s) - r * (double)s);
}

/* d[k] += weight pi_k (u_k - sum_j pi_j u_j): from the derivatives u by pi to those by the scores. */
static void through_softmax(const struct act *x, const float *u, double weight, float *d)
{
    double mean = 0;
    for (int64_t k = 0; k < x->n; k++)
        mean += (double)x->pi[k] * (double)u[k];
    for (int64_t k = 0; k < x->n; k++)
        d[k] += (float)(weight * (double)x->pi[k] * ((double)u[k] - mean));
}

/* -advantage ln pi_a; its gradient is added to d. */
static double log_policy(const struct act *x, double advantage, double weight, float *d)
{
    for (int64_t k = 0; d && k < x->n; k++)
        d[k] += (float)(weight * advantage * ((double)x->pi[k] - (k == x->action)));
    return -weight * advantage * (double)(x->scores[x->action] - x->log_sum);
}

/* -factor pi_a; its gradient is added to d. */
static double policy_value(const struct act *x, double factor, double weight, float *d)
{
    double pa = (double)x->pi[x->action];
    for (int64_t k = 0; d && k < x->n; k++)
        d[k] += (float)(weight * factor * pa * ((double)x->pi[k] - (k == x->action)));
    return -weight * factor * pa;
}

/* -min(q A, clip(q, 1 - c, 1 + c) A), q = pi_a / old_a: PPO's clipped surrogate. */
static double clipped(const struct act *x, double advantage, double clip, double weight, float *d)
{
    double before = x->propensity, q = (double)x->pi[x->action] / before, bound = advantage > 0 ? 1 + clip : 1 - clip;
    if (advantage > 0 ? q > bound : q < bound)
        return -weight * bound * advantage;
    return policy_value(x, advantage / before, weight, d);
}

/* beta sum_k pi_k ln pi_k + kappa sum_k pi_k (ln pi_k - ln base_k): entropy bonus and the KL divergence from another policy. `u` is
 * spare room for n floats. */
static double regularize(const struct act *x, double beta, double kappa, double weight, float *u, float *d)
{
    double loss = 0;
    for (int64_t k = 0; k < x->n; k++) {
        double ln = (double)(x->scores[k] - x->log_sum), far = x->base ? ln - (double)x->base[k] : 0;
        loss += (double)x->pi[k] * (beta * ln + kappa * far);
        u[k] = (float)(beta * (ln + 1) + kappa * (far + (x->base ? 1 : 0)));
    }
    if (d)
        through_softmax(x, u, weight, d);
    return weight * loss;
}

/* -(sum_k pi_k hat_k + ratio pi_a (r - hat_a)): minus the doubly robust value of the policy. */
static double doubly_robust(const struct act *x, double ratio, double weight, float *u, float *d)
{
    double value = 0, off = ratio * (x->reward - (double)x->hat[x->action]);
    for (int64_t k = 0; k < x->n; k++) {
        value += (double)x->pi[k] * (double)x->hat[k];
        u[k] = -x->hat[k];
    }
    u[x->action] -= (float)off;
    if (d)
        through_softmax(x, u, weight, d);
    return -weight * (value + off * (double)x->pi[x->action]);
}

#endif
