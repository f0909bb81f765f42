/* Writes into reserved words. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = { .struct_size = sizeof(struct hone_optimizer), .kind = HONE_OPTIMIZER, .name = "bad",
              .brief = "a bad plugin", .params = settings, .n_params = 1, .param_size = sizeof settings[0],
              .conf_size = sizeof(struct conf), .reserved = { 0, 1, 0 } },
    .update = descend,
};
BAD_PLUGIN(NULL);
