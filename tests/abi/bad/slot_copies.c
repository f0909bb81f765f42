/* Wants four thousand million copies of its state. */
#include "bad.h"

static const struct hone_slot slots[] = { { .name = "m", .count = 4000000000u } };
static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .slots = slots, .n_slots = 1, .slot_size = sizeof slots[0] };
BAD_PLUGIN(NULL);
