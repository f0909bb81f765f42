/* Makes a plugin's descriptor one of this host's interface version: what was built with the shorter structs of an older minor
 * version gets zeros for what it lacks, what is newer loses what this host does not know. Reads no text and calls nothing of
 * the plugin. Called by load.c, before check.c. */
#ifndef HOST_ADOPT_H
#define HOST_ADOPT_H
#include "core/base/err.h"
#include "hone/abi.h"

#define PLUGIN_ITEMS 256u /* the most that a plugin may offer */

/* Bytes of a struct up to the end of a field. */
#define HONE_UNTIL(T, last) (offsetof(struct T, last) + sizeof(((struct T *)0)->last))

/* A descriptor whose items have the sizes of this host, for free(); it points into the plugin, which stays mapped. NULL with
 * ERR_PLUGIN when magic, versions or sizes do not fit, or HONE_ENOMEM. */
const struct hone_plugin *plugin_adopt(const struct hone_plugin *built, struct hone_err *err);

#endif
