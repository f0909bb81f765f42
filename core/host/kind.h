/* What the host knows of each kind of item: its name, the size of its struct, its flags and how its struct is checked.
 * Called by check.c and the registry. */
#ifndef HOST_KIND_H
#define HOST_KIND_H
#include "core/host/registry.h"

struct kind {
    const char *name;
    uint32_t struct_size;
    uint32_t first_size;  /* what the struct had in the first version of the interface with this kind: no plugin has less */
    uint32_t flags;       /* all that an item of the kind may set */
    int (*check)(const struct hone_item *item, struct hone_err *err);
};

/* NULL for a number that no kind has. */
const struct kind *kind_of(uint32_t kind);

#endif
