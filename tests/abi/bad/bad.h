/* The sound parts that the bad plugins are made of: a plain gradient descent with one setting. Each bad plugin replaces
 * what its first comment says, and nothing else. */
#ifndef BAD_H
#define BAD_H
#include "hone/optimizer.h"

struct conf {
    double lr;
};

static const struct hone_param settings[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE, 0.1, 0, 10, "step size"),
};

#if defined(__GNUC__)
__attribute__((unused))
#endif
static void descend(const struct hone_span *s)
{
    const struct conf *c = (const struct conf *)s->conf;
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] -= (float)c->lr * s->grad[i];
}

#define BAD_HEAD(table) \
    HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "bad", "a bad plugin", NULL, table, struct conf, 0, NULL)
#define BAD_OPTIMIZER(update_) \
    static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .slot_size = sizeof(struct hone_slot), .update = update_ }
#define BAD_PLUGIN(init_) HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", init_, NULL, &bad.item)

#endif
