/* Wants a gigabyte for each step. */
#include "bad.h"

static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .derived_size = 1u << 30 };
BAD_PLUGIN(NULL);
