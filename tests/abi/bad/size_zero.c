/* Its descriptor has no size. */
#include "bad.h"

BAD_OPTIMIZER(descend);
static const struct hone_item *const items[] = { &bad.item, NULL };
HONE_EXPORT extern const struct hone_plugin hone_plugin_info;
const struct hone_plugin hone_plugin_info = {
    .magic = HONE_MAGIC, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = 0, .min_minor = HONE_ABI_MINOR,
    .name = "bad", .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
