/* Optimizer "yogi": Zaheer et al., 2018, "Adaptive methods for nonconvex optimization". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, initial_accumulator_value;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 0.001, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, initial_accumulator_value, HONE_REAL, HONE_P_STATE, 1e-6, 0, 1e6, "first value of both means"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
};

struct derived {
    float b1, a1, a2, first, second, eps, lr;
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    (void)err;
    *(struct derived *)p->derived = (struct derived){
        (float)c->beta1, (float)(1 - c->beta1), (float)(1 - c->beta2), (float)(1 / (1 - pow(c->beta1, (double)p->step))),
        (float)(1 / (1 - pow(c->beta2, (double)p->step))), (float)c->eps, (float)c->lr
    };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float square = g[i] * g[i], sign = v[i] > square ? 1.0f : v[i] < square ? -1.0f : 0.0f;
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        v[i] -= d.a2 * sign * square;
        x[i] -= d.lr * (m[i] * d.first) / (sqrtf(v[i] * d.second) + d.eps);
    }
}

static void update(const struct hone_span *s)
{
    float *m = s->state[0], *v = s->state[1], first = (float)((const struct conf *)s->conf)->initial_accumulator_value;
    for (int64_t i = 0; s->step == 1 && i < s->n; i++)
        m[i] = v[i] = first;
    step(s->n, s->param, s->grad, m, v, *(const struct derived *)s->derived);
}

static const struct hone_optimizer yogi = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "yogi", "Adam whose squares change slowly",
                      "Zaheer et al., 2018. Settings and defaults as optax.yogi.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("yogi", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &yogi.item);
