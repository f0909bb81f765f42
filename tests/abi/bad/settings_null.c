/* Has settings that are nowhere. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = { .kind = HONE_OPTIMIZER, .struct_size = sizeof(struct hone_optimizer), .name = "bad", .brief = "a bad plugin", .n_params = 3,
              .param_size = sizeof(struct hone_param), .conf_size = sizeof(struct conf) },
    .update = descend,
};
BAD_PLUGIN(NULL);
