/* Has slots that are nowhere. */
#include "bad.h"

static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .n_slots = 2, .slot_size = sizeof(struct hone_slot) };
BAD_PLUGIN(NULL);
