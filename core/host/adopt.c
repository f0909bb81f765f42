/* See adopt.h. */
#include "core/host/adopt.h"

#include <stdlib.h>
#include <string.h>
#include "core/host/check.h"
#include "core/host/kind.h"

#define ALIGNED(n) (((size_t)(n) + 15) & ~(size_t)15)

static int check_versions(const struct hone_plugin *p, struct hone_err *err)
{
    const uint32_t first = (uint32_t)HONE_UNTIL(hone_plugin, fini);
    if (p->magic != HONE_MAGIC)
        return hone_fail(err, ERR_PLUGIN, "%s does not begin with HONE_MAGIC (found 0x%08x): it is not a Hone plugin, or "
                         "was built for a machine with another byte order", HONE_PLUGIN_SYMBOL, p->magic);
    if (p->abi_major != HONE_ABI_MAJOR)
        return hone_fail(err, ERR_PLUGIN, "built for plugin interface %u.%u, this hone offers %d.%d; rebuild it with this "
                         "hone's headers", p->abi_major, p->abi_minor, HONE_ABI_MAJOR, HONE_ABI_MINOR);
    if (p->min_minor > HONE_ABI_MINOR)
        return hone_fail(err, ERR_PLUGIN, "needs plugin interface %u.%u or later, this hone offers %d.%d; update hone, or "
                         "rebuild the plugin with -DHONE_MIN_MINOR=%d if it can do without", p->abi_major,
                         p->min_minor, HONE_ABI_MAJOR, HONE_ABI_MINOR, HONE_ABI_MINOR);
    if (p->struct_size < first || (p->struct_size != sizeof *p && p->abi_minor == HONE_ABI_MINOR))
        return hone_fail(err, ERR_PLUGIN, "struct hone_plugin has %u bytes, for interface %d.%d it has %zu; build it with "
                         "the unchanged headers of this hone", p->struct_size, HONE_ABI_MAJOR, HONE_ABI_MINOR,
                         sizeof *p);
    return p->pad0 ? hone_fail(err, ERR_PLUGIN, "pad0 of struct hone_plugin is not 0") : 0;
}

/* An older plugin's struct may be shorter than ours, a newer one's longer, one of our own version is neither. */
static int check_size(const struct hone_plugin *p, const struct hone_item *it, struct hone_err *err)
{
    const struct kind *k = kind_of(it->kind);
    uint32_t size = it->struct_size, ours = k->struct_size;
    int older = p->abi_minor < HONE_ABI_MINOR, newer = p->abi_minor > HONE_ABI_MINOR;
    if (size == ours || (older && size >= k->first_size && size < ours) || (newer && size > ours))
        return 0;
    return hone_fail(err, ERR_PLUGIN, "struct hone_%s has %u bytes, which is no size of it in interface %u.%u (in %d.%d, %u); build "
                     "it with unchanged headers", k->name, size, p->abi_major, p->abi_minor, HONE_ABI_MAJOR, HONE_ABI_MINOR, ours);
}

static size_t room_of(const struct hone_item *it)
{
    return item_usable(it) ? ALIGNED(kind_of(it->kind)->struct_size) : 0;
}

/* Fills the block: the descriptor, the list of items, the items. */
static void copy_items(const struct hone_plugin *p, uint32_t n, size_t head, struct hone_plugin *out)
{
    const struct hone_item **list = (const struct hone_item **)(void *)((char *)out + ALIGNED(sizeof *out));
    char *at = (char *)out + head;
    memcpy(out, p, p->struct_size < sizeof *out ? p->struct_size : sizeof *out);
    out->items = list;
    for (uint32_t i = 0; i < n; i++) {
        const struct hone_item *it = p->items[i];
        if (!item_usable(it)) {
            list[i] = it;
            continue;
        }
        struct hone_item *copy = (struct hone_item *)(void *)at;
        uint32_t ours = kind_of(it->kind)->struct_size;
        memcpy(copy, it, it->struct_size < ours ? it->struct_size : ours);
        copy->struct_size = ours;
        list[i] = copy;
        at += room_of(it);
    }
}

const struct hone_plugin *plugin_adopt(const struct hone_plugin *built, struct hone_err *err)
{
    uint32_t n = 0;
    int ret = check_versions(built, err);
    if (ret == 0 && (!built->items || !built->items[0]))
        ret = hone_fail(err, ERR_PLUGIN, "it offers no items");
    size_t items = 0;
    for (; ret == 0 && built->items[n]; n++) {
        if (n == PLUGIN_ITEMS)
            ret = hone_fail(err, ERR_PLUGIN, "items is not terminated by NULL");
        else if (item_usable(built->items[n]))
            ret = check_size(built, built->items[n], err);
        if (ret < 0)
            return NULL;
        items += room_of(built->items[n]);
    }
    if (ret < 0)
        return NULL;
    size_t head = ALIGNED(sizeof *built) + ALIGNED((n + 1) * sizeof *built->items);
    struct hone_plugin *out = calloc(1, head + items);
    if (!out) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    copy_items(built, n, head, out);
    return out;
}
