/* Its items never end. */
#include "bad.h"

BAD_OPTIMIZER(descend);
#define TEN(x) x, x, x, x, x, x, x, x, x, x
static const struct hone_item *const items[] = { TEN(TEN(&bad.item)), TEN(TEN(&bad.item)), TEN(TEN(&bad.item)) };
HONE_EXPORT extern const struct hone_plugin hone_plugin_info;
const struct hone_plugin hone_plugin_info = {
    .magic = HONE_MAGIC, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof(struct hone_plugin), .min_minor = HONE_ABI_MINOR,
    .name = "bad", .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
