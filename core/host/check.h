/* Reads a plugin's descriptor and says what is wrong with it, before any of its code runs. Called by load.c. */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H
#include "core/base/err.h"
#include "hone/abi.h"

/* Names, settings tables and each item's own struct, of a descriptor that plugin_adopt() made. ERR_PLUGIN with a sentence
 * that begins with `path`. Items of unknown kinds pass: the host skips them. */
int plugin_check(const struct hone_plugin *p, const char *path, struct hone_err *err);

/* Whether the host can use items of this kind. [any, pure] */
int item_usable(const struct hone_item *item);

#endif
