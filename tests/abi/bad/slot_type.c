/* Keeps state of an unknown type. */
#include "bad.h"

static const struct hone_slot slots[] = { { .name = "m", .dtype = 99 } };
static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .slots = slots, .n_slots = 1, .slot_size = sizeof slots[0] };
BAD_PLUGIN(NULL);
