/* Optimizer "rprop": Riedmiller & Braun, 1993, "A direct adaptive method for faster backpropagation learning". For whole batches:
 * only the signs of gradients count. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, eta_minus, eta_plus, step_min, step_max;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "first step of every weight"),
    HONE_ROW(struct conf, eta_minus, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.5, 0, 1, "a step shrinks by this when the sign changes"),
    HONE_ROW(struct conf, eta_plus, HONE_REAL, HONE_P_OPEN_MIN, 1.2, 1, 10, "and grows by this while it stays"),
    HONE_ROW(struct conf, step_min, HONE_REAL, 0, 1e-6, 0, 1, "shortest step"),
    HONE_ROW(struct conf, step_max, HONE_REAL, 0, 50, 0, 1e6, "longest step"),
};

static const struct hone_slot slots[] = {
    { .name = "prev" },
    { .name = "step" },
};

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict prev, float *restrict size, float minus,
                           float plus, float low, float high)
{
    for (int64_t i = 0; i < n; i++) {
        float product = g[i] * prev[i], next = size[i] * (product > 0 ? plus : product < 0 ? minus : 1), gi = product < 0 ? 0 : g[i];
        next = next < low ? low : next;
        size[i] = next > high ? high : next;
        x[i] -= gi > 0 ? size[i] : gi < 0 ? -size[i] : 0;
        prev[i] = gi;
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float *size = s->state[1];
    for (int64_t i = 0; s->step == 1 && i < s->n; i++)
        size[i] = (float)c->lr;
    step(s->n, s->param, s->grad, s->state[0], size, (float)c->eta_minus, (float)c->eta_plus, (float)c->step_min, (float)c->step_max);
}

static const struct hone_optimizer rprop = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "rprop", "steps that follow the signs of gradients",
                      "Riedmiller & Braun, 1993. Settings and defaults as torch.optim.Rprop.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("rprop", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &rprop.item);
