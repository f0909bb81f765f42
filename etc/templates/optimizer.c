/* Optimizer "@NAME@": say what it is and where it comes from. This one is gradient descent with a memory of past gradients. */
#include "hone/optimizer.h"

struct conf {
    double lr, keep;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, keep, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the memory that a step keeps"),
};

/* One float for each weight, 0 at first. The host allocates, divides among threads, saves and restores it. */
static const struct hone_slot slots[] = { { .name = "memory" } };

/* Some consecutive weights; the gradient is the mean over the batch. */
static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float lr = (float)c->lr, keep = (float)c->keep, *memory = s->state[0];
    for (int64_t i = 0; i < s->n; i++) {
        memory[i] = keep * memory[i] + (1 - keep) * s->grad[i];
        s->param[i] -= lr * memory[i];
    }
}

/* The 0 behind `struct conf` are flags: HONE_OPT_SPARSE, when rows without a gradient may be left as they are, is many times faster for
 * text. Powers and the like of a step are computed once in prepare(), norms of tensors in sum(): see hone/optimizer.h. */
static const struct hone_optimizer @NAME@ = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "@NAME@", "one line for lists", "Longer text, with the source.", params,
                      struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1, .update = update,
};

HONE_DEFINE_PLUGIN("@NAME@", "0.1", "Apache-2.0", "", NULL, NULL, &@NAME@.item);
