/* Built for another major version. */
#include "bad.h"

BAD_OPTIMIZER(descend);
static const struct hone_item *const items[] = { &bad.item, NULL };
HONE_EXPORT extern const struct hone_plugin hone_plugin_info;
const struct hone_plugin hone_plugin_info = {
    .magic = HONE_MAGIC, .abi_major = 7, .abi_minor = 2, .struct_size = sizeof(struct hone_plugin), .min_minor = 2,
    .name = "bad", .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
