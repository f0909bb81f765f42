/* Its item has another size. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = { .struct_size = 64, .kind = HONE_OPTIMIZER, .name = "bad", .brief = "a bad plugin", .params = settings,
              .n_params = 1, .param_size = sizeof settings[0], .conf_size = sizeof(struct conf) },
    .update = descend,
};
BAD_PLUGIN(NULL);
