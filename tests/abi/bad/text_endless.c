/* Its name goes on to the end of the memory. */
#include "bad.h"
#include <string.h>
#include <sys/mman.h>

BAD_OPTIMIZER(descend);
static const struct hone_item *const items[] = { &bad.item, NULL };
HONE_EXPORT extern struct hone_plugin hone_plugin_info;
struct hone_plugin hone_plugin_info = {
    .magic = HONE_MAGIC, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof(struct hone_plugin), .min_minor = HONE_ABI_MINOR,
    .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
};
__attribute__((constructor)) static void at_load(void)
{
    char *p = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 'a', 4096);
    mprotect(p + 4096, 4096, PROT_NONE);
    hone_plugin_info.name = p;
}
