/* Optimizer "sophia": Liu et al., 2023, "Sophia: a scalable stochastic second-order optimizer for language model pre-training", with
 * Hutchinson's estimate of the Hessian's diagonal; the product of the Hessian with random signs is a difference of gradients. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay, gamma, clip_threshold, distance;
    int64_t update_interval, seed;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.965, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.99, 0, 1, "decay of the mean of the Hessian's diagonal"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-8, 0, 1, "least denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0.0001, 0, 1, "share of a weight that is taken off, times the learning rate"),
    HONE_ROW(struct conf, gamma, HONE_REAL, HONE_P_OPEN_MIN, 0.01, 0, 100, "factor of the diagonal"),
    HONE_ROW(struct conf, clip_threshold, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 1000, "bound of an element of the direction"),
    HONE_ROW(struct conf, update_interval, HONE_INT, 0, 10, 1, 100000, "steps between estimates"),
    HONE_ROW(struct conf, distance, HONE_REAL, HONE_P_OPEN_MIN, 0.001, 0, 1, "how far apart the gradients of a difference are"),
    HONE_ROW(struct conf, seed, HONE_INT, 0, 0, 0, 1000000000, "of the random signs"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "h" },
    { .name = "before", .flags = HONE_SLOT_TRANSIENT },
    { .name = "kept", .flags = HONE_SLOT_TRANSIENT },
};

enum { M, H, BEFORE, KEPT };

/* 1 or -1, by seed, step and place alone (the finaliser of SplitMix64, Steele et al., 2014). */
static float sign(const struct hone_span *s, int64_t i)
{
    uint64_t z = (uint64_t)((const struct conf *)s->conf)->seed * 0x9e3779b97f4a7c15u + (uint64_t)s->step * 0xd1b54a32d192ed03u
                 + (uint64_t)(s->at + i);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) & 1 ? 1.0f : -1.0f;
}

static void move(const struct hone_span *s)
{
    const float distance = (float)((const struct conf *)s->conf)->distance;
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] += distance * sign(s, i);
}

/* The step with gradient g and the diagonal so far. */
static void advance(const struct hone_span *s, const float *g)
{
    const struct conf *c = s->conf;
    float *m = s->state[M];
    const float *h = s->state[H];
    double correct = 1 / (1 - pow(c->beta1, (double)s->step));
    for (int64_t i = 0; i < s->n; i++) {
        m[i] = (float)(c->beta1 * (double)m[i] + (1 - c->beta1) * (double)g[i]);
        double u = (double)m[i] * correct / fmax(c->gamma * (double)h[i], c->eps);
        u = fmin(fmax(u, -c->clip_threshold), c->clip_threshold);
        s->param[i] -= (float)(c->lr * (u + c->weight_decay * (double)s->param[i]));
    }
}

static void step(const struct hone_span *s)
{
    advance(s, s->grad);
}

/* The parameters were moved: grad is that of the moved point, "before" that of the point in "kept". The new diagonal serves from the
 * next step on. */
static void step_and_estimate(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float *h = s->state[H];
    const float *before = s->state[BEFORE], *kept = s->state[KEPT];
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = kept[i];
    advance(s, before);
    for (int64_t i = 0; i < s->n; i++) {
        double product = ((double)s->grad[i] - (double)before[i]) / c->distance;
        h[i] = (float)(c->beta2 * (double)h[i] + (1 - c->beta2) * (double)sign(s, i) * product);
    }
}

static int minimize(struct hone_closure *c, struct hone_err *err)
{
    const struct conf *conf = c->conf;
    double loss;
    int ret = c->eval(c, &loss, err);
    if (ret < 0)
        return ret;
    if ((c->step - 1) % conf->update_interval != 0) {
        c->each(c, step, NULL);
        return 0;
    }
    c->copy(c, HONE_V_PARAM, HONE_V_SLOT(KEPT));
    c->copy(c, HONE_V_GRAD, HONE_V_SLOT(BEFORE));
    c->each(c, move, NULL);
    ret = c->eval(c, &loss, err);
    if (ret >= 0)
        c->each(c, step_and_estimate, NULL);
    else
        c->copy(c, HONE_V_SLOT(KEPT), HONE_V_PARAM);
    return ret;
}

static const struct hone_optimizer sophia = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "sophia", "clipped steps by the Hessian's diagonal",
                      "Liu et al., 2023. Settings and defaults as optax.contrib.sophia.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .minimize = minimize,
};

HONE_DEFINE_PLUGIN("sophia", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &sophia.item);
