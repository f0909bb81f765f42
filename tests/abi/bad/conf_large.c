/* Wants four gigabytes for its settings. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = { .kind = HONE_OPTIMIZER, .struct_size = sizeof(struct hone_optimizer), .name = "bad", .brief = "a bad plugin", .params = settings, .n_params = 1,
              .param_size = sizeof(struct hone_param), .conf_size = 0xffffffffu },
    .update = descend,
};
BAD_PLUGIN(NULL);
