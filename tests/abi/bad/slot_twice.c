/* Declares a slot twice. */
#include "bad.h"

static const struct hone_slot slots[] = { { .name = "m" }, { .name = "m" } };
static const struct hone_optimizer bad = {
    .item = BAD_HEAD(settings), .slots = slots, .n_slots = 2, .slot_size = sizeof slots[0], .update = descend,
};
BAD_PLUGIN(NULL);
