/* Has no name. */
#include "bad.h"

BAD_OPTIMIZER(descend);
static const struct hone_item *const items[] = { &bad.item, NULL };
HONE_EXPORT extern const struct hone_plugin hone_plugin_info;
const struct hone_plugin hone_plugin_info = {
    .magic = HONE_MAGIC, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof(struct hone_plugin), .min_minor = HONE_ABI_MINOR,
    .name = NULL, .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
