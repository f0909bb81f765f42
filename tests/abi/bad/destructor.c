/* Crashes when it is dropped, and is refused for another reason. */
#include "bad.h"
#include <signal.h>

__attribute__((destructor)) static void at_drop(void)
{
    raise(SIGSEGV);
}
BAD_OPTIMIZER(descend);
static const struct hone_item *const items[] = { &bad.item, NULL };
HONE_EXPORT extern const struct hone_plugin hone_plugin_info;
const struct hone_plugin hone_plugin_info = {
    .magic = 0x12345678u, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof(struct hone_plugin), .min_minor = HONE_ABI_MINOR,
    .name = "bad", .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
