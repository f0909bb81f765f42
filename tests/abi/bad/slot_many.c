/* Says that it has more slots than there are. */
#include "bad.h"

static const struct hone_slot slots[] = { { .name = "m" } };
static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .slots = slots, .n_slots = 0xffffffffu, .slot_size = sizeof slots[0] };
BAD_PLUGIN(NULL);
